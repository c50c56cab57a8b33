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

REPAIRS = 64
"""Up to so many dirty rows are repaired one by one, more in one vector pass."""


class BalancedAllocation(ScorePlugin):
    """Score by the change of balance that the pod brings."""

    name: ClassVar[str] = "NodeResourcesBalancedAllocation"
    volatile: ClassVar[bool] = True

    def __init__(self) -> None:
        self._kept: Floats = np.empty(0)
        self._position = 0
        self._nodes: NodeTable | None = None

    def key(self, query: Query) -> Hashable | None:
        """True cpu and memory requests; a pod with neither is skipped."""
        cpu, memory = query.requests.values[CPU], query.requests.values[MEMORY]
        return (cpu, memory) if cpu or memory else None

    def score(self, query: Query, view: View, rows: Rows) -> NDArray[Any]:
        """Float64 holding exact integers, computed in the order of the original."""
        nodes, values = view.nodes, query.requests.values
        shares = nodes.used_f[:, rows] + np.array([[float(values[CPU])], [float(values[MEMORY])]])
        shares /= nodes.twice_f[:, rows]
        if nodes.overcommitted:
            np.minimum(shares, 0.5, out=shares)
        change = _balance(shares)
        change += self._fifty_less(view, rows)
        change *= 0.5
        np.trunc(change, out=change)
        change += 50.0
        return change

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

    def _fifty_less(self, view: View, rows: Rows) -> Floats:
        """50 − balance without the pod; for all nodes of the real view it is kept and repaired."""
        nodes = view.nodes
        if isinstance(view, Overlay) or not isinstance(rows, slice):
            return _fifty_less(nodes.used_f[:, rows], nodes.twice_f[:, rows])
        end = nodes.dirty_base + len(nodes.dirty)
        fresh = end - self._position
        if len(self._kept) != nodes.n or self._nodes is not nodes or fresh > REPAIRS:
            self._kept = _fifty_less(nodes.used_f, nodes.twice_f)
            self._nodes = nodes
        elif fresh:
            used, whole = nodes.used_at, nodes.whole_at
            for row in dict.fromkeys(nodes.dirty[-fresh:]):
                cpu, memory = used[0][row] / whole[0][row], used[1][row] / whole[1][row]
                self._kept[row] = 50 - _balance_one(cpu, memory)
        self._position = end
        return self._kept[rows]


def _fifty_less(used: Floats, twice: Floats) -> Floats:
    less: Floats = np.subtract(50.0, _balance(np.minimum(used / twice, 0.5)))
    return less


def _balance(halves: Floats) -> Floats:
    """trunc((1 − |f_cpu − f_mem| / 2)·100) from the halved fractions (halving is exact)."""
    spread = halves[0]
    spread -= halves[1]
    np.abs(spread, out=spread)
    np.subtract(1.0, spread, out=spread)
    spread *= 100.0
    truncated: Floats = np.trunc(spread, out=spread)
    return truncated


def _balance_one(cpu: float, memory: float) -> int:
    cpu, memory = cpu if cpu < 1.0 else 1.0, memory if memory < 1.0 else 1.0
    return int((1.0 - abs(cpu - memory) / 2.0) * 100.0)
