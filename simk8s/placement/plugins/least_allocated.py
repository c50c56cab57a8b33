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
        """Float64 holding exact integers: below 2^53 a float quotient floors to the integer
        quotient.

        Where every pod's scoring requests are its true ones, a node that the pod fits has
        something left, so nothing needs clamping at 0.
        """
        nodes, asked = view.nodes, query.requests
        if not self._plain or nodes.lacking:
            return super().score(query, view, rows)
        shares = nodes.spare100_f[:, rows] - np.array(
            [[100.0 * asked.asked_cpu], [100.0 * asked.asked_memory]]
        )
        shares /= nodes.whole_f[:, rows]
        np.floor(shares, out=shares)
        if nodes.defaulted_pods or nodes.overcommitted or asked.defaulted:
            np.maximum(shares, 0.0, out=shares)
        total: NDArray[np.float64] = shares[0]
        total += shares[1]
        total *= 0.5
        return np.floor(total, out=total)

    def score_one(self, query: Query, view: View, row: int) -> int:
        """The scalar form of `score`."""
        if not self._plain or view.nodes.lacking:
            return super().score_one(query, view, row)
        spare, whole, asked = view.nodes.spare100_f, view.nodes.whole_f, query.requests
        cpu = int((spare.item(0, row) - 100 * asked.asked_cpu) // whole.item(0, row))
        memory = int((spare.item(1, row) - 100 * asked.asked_memory) // whole.item(1, row))
        return (max(cpu, 0) + max(memory, 0)) // 2
