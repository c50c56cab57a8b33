"""What the NodeResourcesFit scoring strategies share: weighted resources, requested amounts.

cpu and memory count with their scoring defaults (100m / 200 MiB per container that names none);
an extended resource that the pod does not ask for, and any resource that a node does not have, is
left out of that node's mean.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from simk8s.placement.base import Query, Rows, Scope, ScorePlugin
from simk8s.placement.view import View
from simk8s.state.resources import CPU, GPU, MEMORY, PODS, ResourceIndex

Ints = NDArray[np.int64]


class Resource(BaseModel):
    """One resource and what it counts for."""

    model_config = ConfigDict(extra="forbid")
    name: str
    weight: int = 1


class Params(BaseModel):
    """The resources of a scoring strategy."""

    model_config = ConfigDict(extra="forbid")
    resources: list[Resource] = Field(
        default_factory=lambda: [Resource(name="cpu"), Resource(name="memory")]
    )


class Allocation(ScorePlugin):
    """Base: a weighted mean of one score per resource."""

    name: ClassVar[str] = "NodeResourcesFit"
    scope: ClassVar[Scope] = Scope.NODE

    def __init__(self, params: Params | None = None) -> None:
        params = params or Params()
        self._weights = {r.name: r.weight for r in params.resources}
        self.plain = self._weights == {"cpu": 1, "memory": 1}

    def key(self, query: Query, view: View) -> Hashable | None:
        """The scoring requests; the whole vector where other resources count."""
        asked = query.requests
        if self.plain:
            return (asked.asked_cpu, asked.asked_memory)
        return (asked.id,)

    def wakes(self, query: Query, view: View) -> bool:
        """Every pod is scored."""
        return True

    def parts(self, query: Query, view: View, rows: Rows) -> list[tuple[int, Ints, Ints]]:
        """(weight, requested with the pod, allocatable) of each resource that counts."""
        nodes, found = view.nodes, []
        for name, weight in self._weights.items():
            row = resource_row(nodes.resources, name)
            if row is None or row >= len(nodes.free):
                continue
            allocatable = nodes.allocatable[row][rows]
            if row in (CPU, MEMORY):
                asked = (query.requests.asked_cpu, query.requests.asked_memory)[row]
                free = nodes.free[row][rows] - nodes.beyond[row][rows]
                requested = allocatable - free + asked
            else:
                asked = query.requests.values[row] if row < len(query.requests.values) else 0
                if not asked and row >= PODS:
                    continue
                requested = allocatable - nodes.free[row][rows] + asked
            found.append((weight, requested, allocatable))
        return found

    @abstractmethod
    def rate(self, requested: Ints, allocatable: Ints) -> Ints:
        """0..100 for one resource; nodes with nothing of it are left out afterwards."""

    def score(self, query: Query, view: View, rows: Rows) -> NDArray[Any]:
        """Weighted mean in integers."""
        count = len(view.nodes.exists[rows])
        total, weights = np.zeros(count, np.int64), np.zeros(count, np.int64)
        for weight, requested, allocatable in self.parts(query, view, rows):
            there = allocatable > 0
            total[there] += weight * self.rate(requested[there], allocatable[there])
            weights[there] += weight
        return total // np.maximum(weights, 1)


def resource_row(resources: ResourceIndex, name: str) -> int | None:
    """The row of a resource that is known to the cluster."""
    if name in resources.gpu_names:
        return GPU
    return resources.names.index(name) if name in resources.names else None
