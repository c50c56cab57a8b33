"""best_fit: prefer the node with the least left after this pod.

What is left is the sum over cpu, memory and GPU of the free share of the largest node's
allocatable, so that big and small nodes are measured on one scale. Mirrors: BestFit as used in
the FGD paper (USENIX ATC 2023), in spirit; the paper's
exact score is best_fit_percent.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import Query, Rows, Scope, ScorePlugin
from simk8s.placement.view import View
from simk8s.state.resources import CPU, GPU, MEMORY

SCALE = 1_000_000
"""Scores are integers in millionths, so that ties are real ties."""


class BestFit(ScorePlugin):
    """`Σ_r 10^6 − free_r·10^6 / max_n allocatable_r` after placing the pod."""

    name: ClassVar[str] = "BestFit"
    scope: ClassVar[Scope] = Scope.NODE

    def key(self, query: Query, view: View) -> Hashable | None:
        """The request vector, by its number."""
        return query.requests.id

    def score(self, query: Query, view: View, rows: Rows) -> NDArray[Any]:
        """Float64 holding exact integers."""
        nodes = view.nodes
        total = np.zeros(len(nodes.exists[rows]))
        for resource in (CPU, MEMORY, GPU):
            largest = float(nodes.allocatable[resource].max(initial=0))
            if largest:
                left = nodes.free[resource][rows] - float(query.requests.values[resource])
                total += SCALE - np.floor(np.maximum(left, 0.0) * SCALE / largest)
        return total
