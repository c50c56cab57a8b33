"""worst_fit: prefer the node with the most left after this pod.

The mirror image of best_fit, on the same scale: the sum over cpu, memory and GPU of the free
share of the largest node's allocatable.
"""

from __future__ import annotations

from typing import Any, ClassVar

from numpy.typing import NDArray

from simk8s.placement.base import Query, Rows
from simk8s.placement.plugins.best_fit import SCALE, BestFit
from simk8s.placement.view import View

_RESOURCES = 3


class WorstFit(BestFit):
    """`Σ_r free_r·10^6 / max_n allocatable_r` after placing the pod."""

    name: ClassVar[str] = "WorstFit"

    def score(self, query: Query, view: View, rows: Rows) -> NDArray[Any]:
        """Float64 holding exact integers."""
        return _RESOURCES * SCALE - super().score(query, view, rows)
