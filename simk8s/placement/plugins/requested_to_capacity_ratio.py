"""RequestedToCapacityRatio: a broken line through (utilisation, score) says what is preferred.

Mirrors: NodeResourcesFit's RequestedToCapacityRatio scoring of kube-scheduler v1.36: shape scores
0..10 times 10, integer interpolation towards zero; resources that score 0 are left out of the
mean, which is rounded half away from zero.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from simk8s.placement.base import Query, Rows
from simk8s.placement.plugins import _allocation
from simk8s.placement.plugins._allocation import Ints
from simk8s.placement.view import View


class Point(BaseModel):
    """One point of the line."""

    model_config = ConfigDict(extra="forbid")
    utilization: int
    score: int


class Params(_allocation.Params):
    """Resources and the line."""

    shape: list[Point]


class RequestedToCapacityRatio(_allocation.Allocation):
    """The line's value at the utilisation that the pod brings about."""

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        shape = [(p.utilization, p.score * 10) for p in params.shape]
        self._line = np.array([_value(shape, use) for use in range(101)], np.int64)

    def rate(self, requested: Ints, allocatable: Ints) -> Ints:
        """The line's value; 100 % where more is requested than there is."""
        use = np.where(requested > allocatable, 100, requested * 100 // allocatable)
        rated: Ints = self._line[use]
        return rated

    def score(self, query: Query, view: View, rows: Rows) -> NDArray[Any]:
        """Mean over the resources that score more than 0."""
        count = len(view.nodes.exists[rows])
        total, weights = np.zeros(count, np.int64), np.zeros(count, np.int64)
        for weight, requested, allocatable in self.parts(query, view, rows):
            there = allocatable > 0
            rated = np.zeros(count, np.int64)
            rated[there] = self.rate(requested[there], allocatable[there])
            total += weight * rated
            weights += weight * (rated > 0)
        weights = np.maximum(weights, 1)
        return (2 * total + weights) // (2 * weights)


def _value(shape: list[tuple[int, int]], use: int) -> int:
    for number, (utilization, score) in enumerate(shape):
        if use <= utilization:
            if not number:
                return score
            before, low = shape[number - 1]
            return low + int((score - low) * (use - before) / (utilization - before))
    return shape[-1][1]
