"""What the scores of the FGD paper's simulator share that look at CPU and GPU alone: each by what
the largest node has of it, both for half.

Law: in the original's order of operations, whose last bits it shares (halves are exact).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import Query, Rows, ScorePlugin
from simk8s.placement.view import View
from simk8s.state.resources import CPU, GPU


class CpuAndGpu(ScorePlugin):
    """Base: int(100 · (1 − Σ half)) over CPU and GPU; a resource that no node has adds nothing."""

    def key(self, query: Query, view: View) -> Hashable | None:
        """CPU and GPU milli."""
        return query.requests.values[CPU], query.requests.values[GPU]

    def wakes(self, query: Query, view: View) -> bool:
        """Every pod is scored."""
        return True

    @abstractmethod
    def half(self, free: NDArray[Any], asked: int, most: float) -> NDArray[np.float64]:
        """What one resource takes from the score, 0..½; `most` is what the largest node has."""

    def score(self, query: Query, view: View, rows: Rows) -> NDArray[Any]:
        """0..100."""
        nodes, asked = view.nodes, query.requests.values
        taken = np.zeros(len(nodes.exists[rows]))
        for resource in (CPU, GPU):
            most = float(nodes.allocatable[resource].max(initial=0))
            if most:
                taken = taken + self.half(nodes.free[resource][rows], asked[resource], most)
        return np.asarray((100.0 * (1.0 - taken)).astype(np.int64))
