"""MostAllocated: prefer nodes that this pod fills most.

Mirrors: NodeResourcesFit's MostAllocated scoring of kube-scheduler v1.36 over cpu and memory,
weight 1 each.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import Query, Rows, ScorePlugin
from simk8s.placement.view import View


class MostAllocated(ScorePlugin):
    """`Σ_r min(requested, allocatable)·100 // allocatable // 2`, r in cpu, memory."""

    name: ClassVar[str] = "NodeResourcesFit"
    volatile: ClassVar[bool] = True

    def key(self, query: Query) -> Hashable | None:
        """The scoring requests."""
        return (query.requests.nonzero_cpu, query.requests.nonzero_memory)

    def score(self, query: Query, view: View, rows: Rows) -> NDArray[Any]:
        """Float64 holding exact integers."""
        nodes, asked = view.nodes, query.requests
        total = np.zeros(len(nodes.exists[rows]))
        for line, amount in ((0, asked.nonzero_cpu), (1, asked.nonzero_memory)):
            whole = nodes.whole_f[line][rows]
            used100 = 100.0 * whole - nodes.spare100_f[line][rows] + 100.0 * amount
            total += np.floor(np.minimum(used100, 100.0 * whole) / whole)
        return np.floor(total * 0.5)
