"""Crashes of a leader: until another one has its lease, nobody does the work."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from simk8s.faults._of_cluster import ClusterFaults
from simk8s.faults._when import When
from simk8s.faults.base import Context, Takeover
from simk8s.scenario.distributions import DurationDistribution, wrong


class TakeoverWhen(When):
    """When a leader crashes."""

    # Until another leads: the lease of 15 s has to expire, and is looked at every 2 s.
    takeover: DurationDistribution = Field(
        default={"uniform": {"min": "15s", "max": "17s"}}, validate_default=True
    )

    @model_validator(mode="after")
    def _by_lease(self) -> TakeoverWhen:
        if self.duration is not None or self.mttr is not None:
            raise wrong("how long nobody leads is `takeover`")
        return self


class Takeovers(ClusterFaults):
    """Crashes of one component."""

    def __init__(self, params: TakeoverWhen) -> None:
        update: dict[str, Any] = {"mttr": params.takeover}
        if params.mtbf is None:
            update = {"duration": params.takeover}
        super().__init__(params.model_copy(update=update))

    def effect(self, context: Context, number: int) -> Takeover:
        """The same each time."""
        return Takeover(self.target)
