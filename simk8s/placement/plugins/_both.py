"""LeastAllocated and BalancedAllocation together: the sum of both scores of many nodes in one pass.

Law: equals `LeastAllocated.score + BalancedAllocation.score`, bit for bit: the same operations in
the same order, less what is in between. Says nothing (None) where either of them would not take
its fast way.

How: numpy takes longer to be asked than to compute 500 nodes, so what can be asked about together
lies together. Of one window of nodes there are `[3, N]` floats (cpu, balance, memory), which
become whole numbers in one step, and `[4, N]` integers whose two halves are added in one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import Query, ScorePlugin
from simk8s.placement.plugins.balanced_allocation import ONE, SHIFT, BalancedAllocation
from simk8s.placement.plugins.least_allocated import LeastAllocated
from simk8s.placement.view import HALF, Overlay, View
from simk8s.state.nodes import NodeTable
from simk8s.state.resources import CPU, MEMORY

_FACTORS = np.array([[-200.0], [100.0], [-200.0]])
"""Of half the cpu, of the balance, of half the memory."""
WINDOWS = 32
"""Places of windows in the node table whose lines are kept at hand."""
Lines = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int32]]


class Both:
    """Of one framework; keeps the arrays that it computes in."""

    def __init__(self, least: LeastAllocated, balanced: BalancedAllocation) -> None:
        self._least = least
        self._balanced = balanced
        self._more = np.zeros((2, 1))
        self._tables: tuple[Any, ...] = ()
        self._lines: dict[tuple[int, int], Lines] = {}
        self._open(0)

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

    def _open(self, count: int) -> None:
        """Room for a window of so many nodes."""
        self._room = count
        self._floats = np.empty((3, count))
        self._halves, self._balance = self._floats[0::2], self._floats[1]
        self._cpu, self._memory = self._floats[0], self._floats[2]
        whole = np.empty((4, count), np.int32)
        self._whole, self._without = whole[:3], whole[3]
        self._first, self._second = whole[:2], whole[2:]
        self._line, self._other = whole[0], whole[1]

    def score(self, query: Query, view: View, rows: slice) -> NDArray[Any] | None:
        """The sum of both scores of some rows."""
        nodes, least = view.nodes, self._least
        if nodes.lacking or isinstance(view, Overlay) or not least.true(query, view):
            return None
        used, twice, without = self._window(view, nodes, rows)
        if self._room != used.shape[1]:
            self._open(used.shape[1])
        values, more, halves, balance = query.requests.values, self._more, self._halves, self._balance
        cpu, memory = values[CPU], values[MEMORY]
        more[0, 0], more[1, 0] = cpu, memory
        np.add(used, more, halves)
        np.divide(halves, twice, halves)
        if not nodes.roomy(cpu, memory):
            np.minimum(halves, HALF, out=halves)
        np.subtract(self._cpu, self._memory, balance)
        np.abs(balance, balance)
        np.subtract(ONE, balance, balance)
        np.multiply(self._floats, _FACTORS, self._floats)
        np.add(halves, least.top(nodes), halves)
        self._whole[...] = self._floats
        self._without[...] = without
        np.add(self._first, self._second, self._first)
        np.right_shift(self._first, SHIFT, self._first)
        total: NDArray[Any] = np.add(self._line, self._other)
        return total

    def _window(self, view: View, nodes: NodeTable, rows: slice) -> Lines:
        """What is requested there, twice what there is, 150 − the balance without the pod."""
        headroom = self._balanced.kept(view)
        tables = (nodes.used_f, nodes.twice_f, headroom)
        known = self._tables
        if not known or any(mine is not new for mine, new in zip(known, tables, strict=True)):
            self._tables = tables
            self._lines.clear()
        place = (rows.start, rows.stop)
        lines = self._lines.get(place)
        if lines is None:
            if len(self._lines) == WINDOWS:
                self._lines.clear()
            lines = (nodes.used_f[:, rows], nodes.twice_f[:, rows], headroom[rows])
            self._lines[place] = lines
        return lines

    def score_one(self, query: Query, view: View, row: int) -> int:
        """The scalar form, for the real view or another: what the two say by themselves."""
        nodes, asked = view.nodes, query.requests
        if nodes.lacking:
            least = self._least.score_one(query, view, row)
            return least + self._balanced.score_one(query, view, row)
        all_cpu, all_memory = nodes.whole_at[0][row], nodes.whole_at[1][row]
        left = int((nodes.spare100_at[0][row] - 100 * asked.asked_cpu) // all_cpu)
        least = left if left > 0 else 0
        left = int((nodes.spare100_at[1][row] - 100 * asked.asked_memory) // all_memory)
        if left > 0:
            least += left
        cpu, memory = nodes.used_at[0][row], nodes.used_at[1][row]
        gap = _gap(cpu / all_cpu, memory / all_memory)
        without = int((1.0 - gap) * 100.0)
        values = asked.values
        gap = _gap((cpu + values[CPU]) / all_cpu, (memory + values[MEMORY]) / all_memory)
        return least // 2 + 50 + int((50 + int((1.0 - gap) * 100.0) - without) / 2)


def _gap(cpu: float, memory: float) -> float:
    """Half the gap between two shares, neither of them above 1."""
    return abs((cpu if cpu < 1.0 else 1.0) - (memory if memory < 1.0 else 1.0)) / 2.0
