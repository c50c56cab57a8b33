"""NodeResourcesBalancedAllocation: prefer nodes whose cpu and memory shares this pod brings
together.

The node's balance without the pod changes only when the node does, so it is kept and repaired
with it.

Mirrors: kube-scheduler v1.36 plugins/noderesources/balanced_allocation: 50 + (50 + with −
without) / 2, each part trunc((1 − |f_cpu − f_mem| / 2)·100) of the true requests; skipped for
best-effort pods.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import Query, Rows, ScorePlugin
from simk8s.placement.view import Overlay, View
from simk8s.state.nodes import Floats, NodeTable
from simk8s.state.resources import CPU, MEMORY

Ints = NDArray[np.int32]

REPAIRS = 64
"""Up to so many dirty rows are repaired one by one, more in one vector pass."""


class BalancedAllocation(ScorePlugin):
    """Score by the change of balance that the pod brings."""

    name: ClassVar[str] = "NodeResourcesBalancedAllocation"
    volatile: ClassVar[bool] = True

    def __init__(self) -> None:
        self._kept: Ints = np.empty(0, np.int32)
        self._position = 0
        self._nodes: NodeTable | None = None

    def key(self, query: Query) -> Hashable | None:
        """True cpu and memory requests; a pod with neither is skipped."""
        cpu, memory = query.requests.values[CPU], query.requests.values[MEMORY]
        return (cpu, memory) if cpu or memory else None

    def score(self, query: Query, view: View, rows: Rows) -> NDArray[Any]:
        """Exact integers, computed in the order of the original.

        Both balances are 50 to 100, so the halved difference is not negative and a shift
        truncates it.
        """
        nodes, values = view.nodes, query.requests.values
        used = nodes.used_f[:, rows]
        shares = np.empty_like(used)
        np.add(used[0], float(values[CPU]), out=shares[0])
        np.add(used[1], float(values[MEMORY]), out=shares[1])
        shares /= nodes.twice_f[:, rows]
        if not nodes.roomy(values[CPU], values[MEMORY]):
            np.minimum(shares, 0.5, out=shares)
        score = _balance(shares)
        score += self._headroom(view, rows)
        score >>= 1
        return score

    def score_one(self, query: Query, view: View, row: int) -> int:
        """The scalar form of `score`."""
        used, whole, values = view.nodes.used_at, view.nodes.whole_at, query.requests.values
        cpu, memory = used[0][row], used[1][row]
        all_cpu, all_memory = whole[0][row], whole[1][row]
        without = _balance_one(cpu / all_cpu, memory / all_memory)
        with_pod = _balance_one(
            (cpu + values[CPU]) / all_cpu, (memory + values[MEMORY]) / all_memory
        )
        return 50 + int((50 + with_pod - without) / 2)

    def _headroom(self, view: View, rows: Rows) -> Ints:
        """150 − balance without the pod; for all nodes of the real view it is kept and repaired."""
        nodes = view.nodes
        if isinstance(view, Overlay) or not isinstance(rows, slice):
            return _headroom(nodes.used_f[:, rows], nodes.twice_f[:, rows])
        end = nodes.dirty_base + len(nodes.dirty)
        fresh = end - self._position
        if len(self._kept) != nodes.n or self._nodes is not nodes or fresh > REPAIRS:
            self._kept = _headroom(nodes.used_f, nodes.twice_f)
            self._nodes = nodes
        elif fresh:
            used, whole = nodes.used_at, nodes.whole_at
            for row in dict.fromkeys(nodes.dirty[-fresh:]):
                cpu, memory = used[0][row] / whole[0][row], used[1][row] / whole[1][row]
                self._kept[row] = 150 - _balance_one(cpu, memory)
        self._position = end
        return self._kept[rows]


def _headroom(used: Floats, twice: Floats) -> Ints:
    headroom: Ints = 150 - _balance(np.minimum(used / twice, 0.5))
    return headroom


def _balance(halves: Floats) -> Ints:
    """trunc((1 − |f_cpu − f_mem| / 2)·100) from the halved fractions (halving is exact)."""
    spread = halves[0]
    spread -= halves[1]
    np.abs(spread, out=spread)
    np.subtract(1.0, spread, out=spread)
    spread *= 100.0
    balance: Ints = spread.astype(np.int32)
    return balance


def _balance_one(cpu: float, memory: float) -> int:
    cpu, memory = cpu if cpu < 1.0 else 1.0, memory if memory < 1.0 else 1.0
    return int((1.0 - abs(cpu - memory) / 2.0) * 100.0)
