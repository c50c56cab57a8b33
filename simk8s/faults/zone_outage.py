"""All nodes of a zone are down at once, for a given time.

Law: hits the nodes that are in the zone when the simulation starts; a single outage draws nothing.

Mirrors: loss of power or network of one availability zone, with the control plane elsewhere.
Departs: everybody fails and comes back at the same instant.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from simk8s.faults._of_nodes import NodeFaults
from simk8s.faults._when import Lasting, NodesLasting, Select


class Params(Lasting):
    """`zoneOutage: {zone: b, at: 6h, for: 30m}`"""

    zone: str
    # Of the zone's nodes, those that are really hit.
    share: float = Field(default=1.0, gt=0, le=1)


class ZoneOutage(NodeFaults):
    """Outages of one zone."""

    kind: ClassVar[str] = "zoneOutage"

    def __init__(self, params: Params) -> None:
        super().__init__(in_zone(params))


def in_zone(params: Params) -> NodesLasting:
    """The same as a fault of the group of nodes that the zone is."""
    given = {name: getattr(params, name) for name in type(params).model_fields if name != "zone"}
    return NodesLasting.model_construct(
        **given, select=Select(zone=[params.zone]), correlated_by="zone", count=None, assign=False
    )
