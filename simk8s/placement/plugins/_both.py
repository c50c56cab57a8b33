"""LeastAllocated and BalancedAllocation together: the sum of both scores of many nodes in one pass.

Law: equals `LeastAllocated.score + BalancedAllocation.score`, bit for bit: the same operations in
the same order, less what is in between. Says nothing (None) where either of them would not take
its fast way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import Query, ScorePlugin
from simk8s.placement.plugins.balanced_allocation import HUNDRED, ONE, SHIFT, BalancedAllocation
from simk8s.placement.plugins.least_allocated import DOWN, LeastAllocated
from simk8s.placement.view import HALF, Overlay, View
from simk8s.state.nodes import Floats
from simk8s.state.resources import MEMORY


class Both:
    """Of one framework; keeps the arrays that it computes in."""

    def __init__(self, least: LeastAllocated, balanced: BalancedAllocation) -> None:
        self._least = least
        self._balanced = balanced
        self._more = np.zeros((2, 1))
        self._halves: Floats = np.empty((2, 0))
        self._spread: NDArray[np.float64] = np.empty(0)

    @classmethod
    def of(cls, scores: Sequence[tuple[ScorePlugin, int]]) -> Both | None:
        """If these are the two, unweighted and over cpu and memory alike."""
        found = {type(plugin): plugin for plugin, weight in scores if weight == 1}
        least, balanced = found.get(LeastAllocated), found.get(BalancedAllocation)
        if len(scores) != 2 or len(found) != 2:
            return None
        if not isinstance(least, LeastAllocated) or not isinstance(balanced, BalancedAllocation):
            return None
        return cls(least, balanced) if least.plain and balanced.plain else None

    def score(self, query: Query, view: View, rows: slice) -> NDArray[Any] | None:
        """The sum of both scores of some rows."""
        nodes, least = view.nodes, self._least
        if nodes.lacking or isinstance(view, Overlay) or not least.true(query, view):
            return None
        cpu, memory = query.requests.values[: MEMORY + 1]
        used, halves, spread, more = nodes.used_f[:, rows], self._halves, self._spread, self._more
        if halves.shape != used.shape:
            halves = self._halves = np.empty_like(used)
            spread = self._spread = np.empty(used.shape[1])
        more[0, 0], more[1, 0] = cpu, memory
        np.add(used, more, halves)
        np.divide(halves, nodes.twice_f[:, rows], halves)
        if not nodes.roomy(cpu, memory):
            np.minimum(halves, HALF, out=halves)
        np.subtract(halves[0], halves[1], spread)
        np.abs(spread, spread)
        np.subtract(ONE, spread, spread)
        np.multiply(spread, HUNDRED, spread)
        balance = spread.astype(np.int32)
        np.add(balance, self._balanced.headroom(view, rows), balance)
        np.right_shift(balance, SHIFT, balance)
        np.multiply(halves, DOWN, halves)
        np.add(halves, least.top(nodes), halves)
        left = halves.astype(np.int32)
        total: NDArray[Any] = left[0]
        np.add(total, left[1], total)
        np.right_shift(total, SHIFT, total)
        np.add(total, balance, total)
        return total
