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
        """Float64 holding exact integers: below 2^53 a float quotient floors to the integer
        quotient.

        Where every pod's scoring requests are its true ones, a node that the pod fits has
        something left, so nothing needs clamping at 0.
        """
        nodes, asked = view.nodes, query.requests
        shares = nodes.spare100_f[:, rows] - np.array(
            [[100.0 * asked.nonzero_cpu], [100.0 * asked.nonzero_memory]]
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
        spare, whole, asked = view.nodes.spare100_at, view.nodes.whole_at, query.requests
        cpu = int((spare[0][row] - 100 * asked.nonzero_cpu) // whole[0][row])
        memory = int((spare[1][row] - 100 * asked.nonzero_memory) // whole[1][row])
        return ((cpu if cpu > 0 else 0) + (memory if memory > 0 else 0)) // 2
