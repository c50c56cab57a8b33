"""All nodes of a rack are down at once: its power or its switch has failed.

Law: racks are what nodes' labels `topology.kubernetes.io/rack` say (a node group's `racks: n`
writes them); each rack fails on its own, all its nodes together.

Mirrors: loss of a rack's power distribution or top-of-rack switch. Departs: everybody fails and
comes back at the same instant.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from simk8s.faults._of_nodes import NodeFaults
from simk8s.faults._when import Lasting, Names, NodesLasting, Select


class Params(Lasting):
    """`rackOutage: {mtbf: {exponential: {mean: 60d}}, mttr: {lognormal: {p50: 1h, p99: 12h}}}`"""

    # Names of racks; all of them if none are given.
    rack: Names = Field(default_factory=list)
    select: Select = Select()
    # Of a rack's nodes, those that are really hit.
    share: float = Field(default=1.0, gt=0, le=1)
    # With `at` or `every`: so many racks, drawn.
    count: int | None = Field(default=None, gt=0)


class RackOutage(NodeFaults):
    """Outages of racks."""

    kind: ClassVar[str] = "rackOutage"

    def __init__(self, params: Params) -> None:
        own = ("rack", "select")
        given = {n: getattr(params, n) for n in type(params).model_fields if n not in own}
        select = params.select
        if params.rack:
            select = select.model_copy(update={"rack": params.rack})
        super().__init__(
            NodesLasting.model_construct(**given, select=select, correlated_by="rack", assign=False)
        )
