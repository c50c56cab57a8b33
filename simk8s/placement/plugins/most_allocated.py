"""MostAllocated: prefer nodes that this pod fills most.

Mirrors: NodeResourcesFit's MostAllocated scoring of kube-scheduler v1.36 over any weighted
resources (cpu and memory, weight 1 each, by default).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import Query, Rows
from simk8s.placement.plugins._allocation import Allocation, Ints, Params
from simk8s.placement.view import View

__all__ = ["MostAllocated", "Params"]


class MostAllocated(Allocation):
    """`Σ w_r·(min(requested, allocatable)·100 // allocatable) // Σ w_r`."""

    def rate(self, requested: Ints, allocatable: Ints) -> Ints:
        """What is used, in percent."""
        return np.minimum(requested, allocatable) * 100 // allocatable

    def score(self, query: Query, view: View, rows: Rows) -> NDArray[Any]:
        """Float64 holding exact integers."""
        nodes, asked = view.nodes, query.requests
        if not self.plain or nodes.lacking:
            return super().score(query, view, rows)
        total, spare100 = np.zeros(len(nodes.exists[rows])), nodes.spare100(rows)
        for line, amount in ((0, asked.asked_cpu), (1, asked.asked_memory)):
            whole = nodes.whole_f[line][rows]
            used100 = 100.0 * whole - spare100[line] + 100.0 * amount
            total += np.floor(np.minimum(used100, 100.0 * whole) / whole)
        return np.floor(total * 0.5)
