"""LeastAllocated: prefer nodes with the most left after this pod.

Mirrors: NodeResourcesFit's LeastAllocated scoring of kube-scheduler v1.36 over any weighted
resources (cpu and memory, weight 1 each, by default), with the 100m / 200 MiB defaults for
containers that request nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import Query, Rows
from simk8s.placement.plugins._allocation import Allocation, Ints, Params
from simk8s.placement.view import View
from simk8s.state.nodes import NodeTable
from simk8s.state.resources import MEMORY

__all__ = ["LeastAllocated", "Params"]

LARGEST = float(1 << 43)
"""Up to 8 TiB of memory a node, half a step is more than the error."""
DOWN, ONE = np.array(-200.0), np.array(1, np.int32)
"""Arrays: numpy takes longer to look at a Python number than at 500 nodes."""


class LeastAllocated(Allocation):
    """`Σ w_r·((allocatable − requested)·100 // allocatable) // Σ w_r`; 0 where over."""

    def __init__(self, params: Params | None = None) -> None:
        super().__init__(params)
        self._largest = 0.0
        """What `_top` was computed for."""
        self._top: NDArray[np.float64] = np.array(0.0)

    def rate(self, requested: Ints, allocatable: Ints) -> Ints:
        """What is left, in percent."""
        rated: Ints = np.maximum(allocatable - requested, 0) * 100 // allocatable
        return rated

    def score(self, query: Query, view: View, rows: Rows) -> NDArray[Any]:
        """Exact integers, from floats.

        A score is `trunc(100 − 200·h)`, h half the share that is requested with the pod. That
        float is off by less than 4e-14 and its true value a multiple of 1 / allocatable; half the
        smallest such step more, and an integer stays one while nothing else reaches the next.
        """
        nodes, asked = view.nodes, query.requests
        if not self.plain or nodes.lacking:
            return super().score(query, view, rows)
        if not self.true(query, view):
            return self._charged(query, view, rows)
        left = view.halves(asked.asked_cpu, asked.asked_memory, rows) * DOWN
        np.add(left, self.top(nodes), left)
        return _mean(left)

    def top(self, nodes: NodeTable) -> NDArray[np.float64]:
        """100, and half the smallest step between two shares."""
        if nodes.largest != self._largest:
            self._largest, self._top = nodes.largest, np.array(100.0 + 0.5 / nodes.largest)
        return self._top

    def true(self, query: Query, view: View) -> bool:
        """Whether scoring counts what is truly requested, by this pod and all others."""
        nodes, asked = view.nodes, query.requests
        if nodes.defaulted_pods or nodes.largest > LARGEST:
            return False
        return (asked.asked_cpu, asked.asked_memory) == asked.values[: MEMORY + 1]

    def _charged(self, query: Query, view: View, rows: Rows) -> NDArray[Any]:
        """From the scoring requests: below 2^53 a float quotient floors to the integer one."""
        nodes, asked = view.nodes, query.requests
        left = nodes.spare100(rows)
        left[0] -= 100.0 * asked.asked_cpu
        left[1] -= 100.0 * asked.asked_memory
        left /= nodes.whole_f[:, rows]
        np.maximum(left, 0.0, out=left)
        return _mean(left)

    def score_one(self, query: Query, view: View, row: int) -> int:
        """The scalar form of `score`."""
        if not self.plain or view.nodes.lacking:
            return super().score_one(query, view, row)
        nodes, asked = view.nodes, query.requests
        free, beyond, whole = nodes.free_at, nodes.beyond_at, nodes.whole_at
        cpu = int((free[0][row] - beyond[0][row] - asked.asked_cpu) * 100.0 // whole[0][row])
        memory = int((free[1][row] - beyond[1][row] - asked.asked_memory) * 100.0 // whole[1][row])
        return ((cpu if cpu > 0 else 0) + (memory if memory > 0 else 0)) // 2


def _mean(percent: NDArray[np.float64]) -> NDArray[np.int32]:
    whole = percent.astype(np.int32)
    total: NDArray[np.int32] = whole[0]
    np.add(total, whole[1], total)
    np.right_shift(total, ONE, total)
    return total
