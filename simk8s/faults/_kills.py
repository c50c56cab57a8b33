"""Faults that kill containers: at which instants, of which pods, how many."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from simk8s.faults._of_cluster import ClusterFaults
from simk8s.faults._when import Names, When
from simk8s.faults.base import Context, KillContainers
from simk8s.scenario.distributions import wrong
from simk8s.scenario.types import Count, Model


class PodSelect(Model):
    """Which pods can be hit: those that match everything that is said."""

    namespaces: Names = Field(default_factory=list)
    labels: dict[str, str] = Field(default_factory=dict)


class KillsWhen(When):
    """When containers die."""

    select: PodSelect = PodSelect()
    # Pods at a time, or a share of all that match.
    count: Annotated[Count, Field(gt=0)] = 1
    share: Annotated[float, Field(gt=0, le=1)] | None = None

    @model_validator(mode="after")
    def _instants(self) -> KillsWhen:
        if self.mtbf is not None or self.trace is not None or self.duration is not None:
            raise wrong("a kill is an instant: write at or every")
        return self


class Kills(ClusterFaults):
    """Kills by a schedule."""

    target = "containers"

    def __init__(self, params: KillsWhen, code: int, reason: str) -> None:
        # The share is of pods; the schedule's own would be of nodes.
        super().__init__(params.model_copy(update={"share": 1.0}))
        select = params.select
        self._share = params.share or 0.0
        self._count = params.count
        self._namespaces = tuple(select.namespaces)
        self._labels = tuple(sorted(select.labels.items()))
        self._code, self._reason = code, reason
        self._seed: int | None = None
        words = [*self._namespaces, *(f"{key}={value}" for key, value in self._labels)]
        self.target = ", ".join(words) or "any pod"

    def effect(self, context: Context, number: int) -> KillContainers:
        """What the n-th kill does."""
        if number == 0 or self._seed is None:
            self._seed = int(context.generator.spawn(1)[0].integers(1 << 62))
        return KillContainers(
            self._code,
            self._reason,
            self._count,
            self._share,
            self._namespaces,
            self._labels,
            self._seed + number,
        )
