"""LeastAllocated: prefer nodes with the most left after this pod.

Mirrors: NodeResourcesFit's LeastAllocated scoring of kube-scheduler v1.36 over cpu and memory,
weight 1 each, with the 100m / 200 MiB defaults for containers that request nothing. Departs: a
node without cpu or without memory scores 0 on it instead of leaving it out of the mean.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import Query, Rows, ScorePlugin
from simk8s.placement.view import View


class LeastAllocated(ScorePlugin):
    """`Σ_r (allocatable − requested)·100 // allocatable  // 2`, r in cpu, memory; 0 where over."""

    name: ClassVar[str] = "NodeResourcesFit"
    volatile: ClassVar[bool] = True

    def key(self, query: Query) -> Hashable | None:
        """The scoring requests."""
        return (query.requests.nonzero_cpu, query.requests.nonzero_memory)

    def score(self, query: Query, view: View, rows: Rows) -> NDArray[Any]:
        """Exact integers: below 2^53 a float quotient floors to the integer quotient, and a cast
        truncates what is clamped at 0.

        Nothing needs clamping where scoring counts true requests and no node ever had less free
        than this pod asks for.
        """
        nodes, asked = view.nodes, query.requests
        spare = nodes.spare100_f[:, rows]
        left = np.empty_like(spare)
        np.subtract(spare[0], 100.0 * asked.nonzero_cpu, out=left[0])
        np.subtract(spare[1], 100.0 * asked.nonzero_memory, out=left[1])
        left /= nodes.whole_f[:, rows]
        if nodes.defaulted_pods or not nodes.roomy(asked.nonzero_cpu, asked.nonzero_memory):
            np.maximum(left, 0.0, out=left)
        percent = left.astype(np.int32)
        total: NDArray[np.int32] = percent[0]
        total += percent[1]
        total >>= 1
        return total

    def score_one(self, query: Query, view: View, row: int) -> int:
        """The scalar form of `score`."""
        spare, whole, asked = view.nodes.spare100_at, view.nodes.whole_at, query.requests
        cpu = int((spare[0][row] - 100 * asked.nonzero_cpu) // whole[0][row])
        memory = int((spare[1][row] - 100 * asked.nonzero_memory) // whole[1][row])
        return ((cpu if cpu > 0 else 0) + (memory if memory > 0 else 0)) // 2
