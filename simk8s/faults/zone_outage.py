"""All nodes of a zone are down at once, for a given time.

Law: hits the nodes that are in the zone when the simulation starts; draws nothing.

Mirrors: loss of power or network of one availability zone, with the control plane elsewhere.
Departs: everybody fails and comes back at the same instant.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field

from simk8s.faults.base import Context, Fault, FaultModel
from simk8s.scenario.types import Duration, Model


class Params(Model):
    """`zoneOutage: {zone: b, at: 6h, for: 30m}`"""

    zone: str
    at: Duration
    duration: Annotated[Duration, Field(gt=0)] = Field(alias="for")


class ZoneOutage(FaultModel):
    """One outage of one zone."""

    kind: ClassVar[str] = "zoneOutage"

    def __init__(self, params: Params) -> None:
        self._params = params

    def timeline(self, context: Context) -> Iterator[Fault]:
        """Faults up to and including the horizon, in order of time."""
        params = self._params
        rows = tuple(node.row for node in context.nodes if node.zone == params.zone)
        if rows and params.at <= context.horizon_us:
            yield Fault(params.at, self.kind, params.zone, rows, params.duration)
