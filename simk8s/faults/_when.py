"""What a scenario may say about when a fault happens and which nodes it hits.

    {at: 6h, for: 10m}                         once
    {every: {exponential: {mean: 8h}}, for: 10m, at: 1h}     again and again, from `at` on
    {mtbf: {weibull: {shape: 0.7, scale: 30d}}, mttr: 10m}   each node (or group) on its own
    {trace: failures.csv}                      as recorded: columns time, node, duration

Law: exactly one of these; models only, nothing is drawn here and no numpy is imported, since
scenarios are validated with it.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field, model_validator

from simk8s.faults.base import NodeInfo
from simk8s.scenario.distributions import DurationDistribution, wrong
from simk8s.scenario.types import AlsoText, Count, Duration, Model

Names: TypeAlias = Annotated[
    list[str], AlsoText(), BeforeValidator(lambda v: [v] if isinstance(v, str) else v)
]
Grouped: TypeAlias = Literal["node", "rack", "zone", "profile"]


class When(Model):
    """When a fault of the cluster as a whole happens."""

    at: Duration | None = None
    duration: DurationDistribution | None = Field(default=None, alias="for")
    # From one to the next.
    every: DurationDistribution | None = None
    mtbf: DurationDistribution | None = None
    mttr: DurationDistribution | None = None
    # A CSV file with the columns time, node, duration.
    trace: str | None = None
    # Of each of them, that it really happens.
    probability: Annotated[float, Field(gt=0, le=1)] = 1.0

    @model_validator(mode="after")
    def _one_schedule(self) -> When:
        given = [n for n in ("every", "mtbf", "trace") if getattr(self, n) is not None]
        if len(given) > 1 or not (given or self.at is not None):
            raise wrong("write one of at (with every, if it comes again), mtbf and trace")
        if self.at is not None and given not in ([], ["every"]):
            raise wrong(f"`at` has no meaning with {given[0]}")
        if self.mtbf is None and self.mttr is not None:
            raise wrong("`mttr` has no meaning without mtbf; how long it lasts is `for`")
        if self.duration is not None and given in (["mtbf"], ["trace"]):
            raise wrong(f"`for` has no meaning with {given[0]}")
        for name, law in (("for", self.duration), ("every", self.every), ("mtbf", self.mtbf)):
            if law is not None and law.constant == 0:
                raise wrong(f"`{name}` must be greater than 0")
        return self


class Lasting(When):
    """When a fault happens that has to end."""

    @model_validator(mode="after")
    def _ends(self) -> Lasting:
        if self.mtbf is not None and self.mttr is None:
            raise wrong("`mttr` is missing beside mtbf")
        if self.mtbf is None and self.trace is None and self.duration is None:
            raise wrong("`for` is missing: how long does it last?")
        return self


class Select(Model):
    """Which nodes can be hit: those that match everything that is said; names may have `*`."""

    labels: dict[str, str] = Field(default_factory=dict)
    names: Names = Field(default_factory=list)
    zone: Names = Field(default_factory=list)
    rack: Names = Field(default_factory=list)
    profile: Names = Field(default_factory=list)

    def matches(self, node: NodeInfo) -> bool:
        """Whether a node is one of them."""
        if not self.labels.items() <= node.labels.items():
            return False
        if self.names and not any(fnmatchcase(node.name, one) for one in self.names):
            return False
        wanted = ((self.zone, node.zone), (self.rack, node.rack), (self.profile, node.profile))
        return all(not names or value in names for names, value in wanted)


class OfNodes(Model):
    """Whom a fault of nodes hits."""

    select: Select = Select()
    # Nodes that share this fail together.
    correlated_by: Grouped = "node"
    # Of the nodes of a group, those that are really hit.
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    # With `at` or `every`: so many groups, drawn anew each time; all of them if not given.
    count: Annotated[Count, Field(gt=0)] | None = None
    # With a trace: nodes that are not in this cluster stand for others, in order of appearance.
    assign: bool = False


class NodesWhen(OfNodes, When):
    """Faults of nodes that may be for good."""


class NodesLasting(OfNodes, Lasting):
    """Faults of nodes that end."""


def group_of(node: NodeInfo, by: Grouped) -> str:
    """What nodes share that fail together; empty = such a node is never hit."""
    value: Any = {"node": node.name, "rack": node.rack, "zone": node.zone, "profile": node.profile}
    return str(value[by])
