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

__all__ = ["LeastAllocated", "Params"]


class LeastAllocated(Allocation):
    """`Σ w_r·((allocatable − requested)·100 // allocatable) // Σ w_r`; 0 where over."""

    def rate(self, requested: Ints, allocatable: Ints) -> Ints:
        """What is left, in percent."""
        rated: Ints = np.maximum(allocatable - requested, 0) * 100 // allocatable
        return rated

    def score(self, query: Query, view: View, rows: Rows) -> NDArray[Any]:
        """Exact integers: below 2^53 a float quotient floors to the integer quotient, and a cast
        truncates what is clamped at 0.

        Nothing needs clamping where scoring counts true requests and no node ever had less free
        than this pod asks for.
        """
        nodes, asked = view.nodes, query.requests
        if not self._plain or nodes.lacking:
            return super().score(query, view, rows)
        spare = nodes.spare100_f[:, rows]
        left = np.empty_like(spare)
        np.subtract(spare[0], 100.0 * asked.asked_cpu, out=left[0])
        np.subtract(spare[1], 100.0 * asked.asked_memory, out=left[1])
        left /= nodes.whole_f[:, rows]
        if (
            nodes.defaulted_pods
            or asked.defaulted
            or not nodes.roomy(asked.asked_cpu, asked.asked_memory)
        ):
            np.maximum(left, 0.0, out=left)
        percent = left.astype(np.int32)
        total: NDArray[np.int32] = percent[0]
        total += percent[1]
        total >>= 1
        return total

    def score_one(self, query: Query, view: View, row: int) -> int:
        """The scalar form of `score`."""
        if not self._plain or view.nodes.lacking:
            return super().score_one(query, view, row)
        spare, whole, asked = view.nodes.spare100_at, view.nodes.whole_at, query.requests
        cpu = int((spare[0][row] - 100 * asked.asked_cpu) // whole[0][row])
        memory = int((spare[1][row] - 100 * asked.asked_memory) // whole[1][row])
        return ((cpu if cpu > 0 else 0) + (memory if memory > 0 else 0)) // 2
