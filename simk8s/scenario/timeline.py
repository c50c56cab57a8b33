"""L1: `timeline:` of a scenario: what somebody does to the cluster, and when.

Law: an entry has one verb and one of `at` and `every`; each verb has a model, so that what is wrong
with it is told at its place. Whoever makes entries by program makes the same plain data.

Mirrors: kubectl v1.36: apply, delete, scale, set image, rollout, cordon, drain, taint, label.
Departs: `drain` ignores DaemonSets and lets emptyDir volumes go unless told otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from pydantic import BeforeValidator, Field, ValidationError, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from simk8s.scenario.explain import relocated
from simk8s.scenario.labels import SelectorText
from simk8s.scenario.references import reference
from simk8s.scenario.types import AlsoText, Count, Duration, Model, Rate

if TYPE_CHECKING:
    from simk8s.scenario.schema import NodeGroup, Scenario, Taint

    NewNodes: TypeAlias = NodeGroup
    NewTaint: TypeAlias = Taint
else:

    def _group(value: Any) -> Any:
        from simk8s.scenario.schema import NodeGroup

        return _validated(NodeGroup, value)

    def _taint(value: Any) -> Any:
        from simk8s.scenario.schema import Taint

        return _validated(Taint, value)

    def _validated(model: Any, value: Any) -> Any:
        try:
            return model.model_validate(value)
        except ValidationError as error:
            raise relocated(error, model) from None

    _TAINT_SCHEMA = {"anyOf": [{"type": "string"}, {"x-simk8s-definition": "Taint"}]}
    NewNodes = Annotated[
        Any, BeforeValidator(_group), WithJsonSchema({"x-simk8s-definition": "NodeGroup"})
    ]
    NewTaint = Annotated[Any, BeforeValidator(_taint), WithJsonSchema(_TAINT_SCHEMA)]

MOST_TIMES = 100_000
"""How often one entry may happen."""


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _named(value: Any) -> Any:
    """A text is the name of one node, a list the names of several."""
    if isinstance(value, str):
        return {"names": [value]}
    return {"names": value} if isinstance(value, list) else value


def _of_nodes(value: Any) -> Any:
    return {"nodes": value} if isinstance(value, str) else value


def _of_object(value: Any) -> Any:
    return {"object": value} if isinstance(value, str) else value


class Nodes(Model):
    """Nodes that meet all of these; with `count`, so many of them, in order of joining."""

    names: Annotated[list[str], Field(min_length=1)] | None = None
    selector: SelectorText | None = None
    zone: str | None = None
    # Name of a node group: its nodes are called `<group>-<number>`.
    group: str | None = None
    count: Annotated[Count, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _some(self) -> Nodes:
        if not self.model_fields_set:
            words = "say which nodes: names, selector, zone, group or count"
            raise PydanticCustomError("E107", words)
        return self


WhichNodes: TypeAlias = Annotated[Nodes, BeforeValidator(_named), AlsoText()]
SCALED = ("Deployment", "ReplicaSet", "ReplicationController", "StatefulSet", "Job")
IMAGED = (*SCALED[:-1], "DaemonSet", "CronJob")
ROLLED = ("Deployment", "StatefulSet", "DaemonSet")
AnyObject: TypeAlias = reference()  # type: ignore[valid-type]
Rolled: TypeAlias = reference(*ROLLED)  # type: ignore[valid-type]
Paused: TypeAlias = reference("Deployment")  # type: ignore[valid-type]


class Scale(Model):
    """`scale: {object: deployment/web, replicas: 10}`; of a Job, its parallelism."""

    object: reference(*SCALED)  # type: ignore[valid-type]
    replicas: Count


class SetImage(Model):
    """`setImage: {object: deployment/web, images: {web: "shop:2"}}`; `"*"` = all containers."""

    object: reference(*IMAGED)  # type: ignore[valid-type]
    images: Annotated[dict[str, str], Field(min_length=1)]


class RolloutUndo(Model):
    """`rolloutUndo: {object: deployment/web, toRevision: 2}`; 0 = the one before the last."""

    object: Rolled
    to_revision: Count = 0


class Drain(Model):
    """`drain: {nodes: NODES, gracePeriod: 30s, timeout: 10m, parallel: 2}`"""

    nodes: WhichNodes
    # In place of each pod's own.
    grace_period: Duration | None = None
    # Of each node; 0 = for ever.
    timeout: Duration = 0
    # Nodes at a time.
    parallel: Annotated[Count, Field(gt=0)] = 1
    ignore_daemon_sets: bool = True
    # Also pods that nobody would make again.
    force: bool = False
    delete_emptydir_data: bool = True


class TaintNodes(Model):
    """`taint: {nodes: NODES, add: ["k=v:NoSchedule"], remove: ["k:NoExecute", "k2"]}`"""

    nodes: WhichNodes
    add: list[NewTaint] = Field(default_factory=list)
    # key, or key:effect.
    remove: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _something(self) -> TaintNodes:
        if not self.add and not self.remove:
            raise PydanticCustomError("E102", "`add` or `remove` is missing")
        return self


class Label(Model):
    """`label: {nodes: NODES, set: {a: b}, remove: [c]}`, or with `object` in place of `nodes`."""

    nodes: WhichNodes | None = None
    object: AnyObject | None = None
    labels: dict[str, str] = Field(default_factory=dict, alias="set")
    remove: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _something(self) -> Label:
        if (self.nodes is None) == (self.object is None):
            raise PydanticCustomError("E107", "expected exactly one of nodes, object")
        if not self.labels and not self.remove:
            raise PydanticCustomError("E102", "`set` or `remove` is missing")
        return self


class SetArrivalRate(Model):
    """`setArrivalRate: {workload: web, factor: 2}`, or `rate: 30/min`; both of the first rate."""

    workload: str
    factor: Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)] | None = None
    rate: Rate | None = None

    @model_validator(mode="after")
    def _one(self) -> SetArrivalRate:
        if (self.factor is None) == (self.rate is None):
            raise PydanticCustomError("E107", "expected exactly one of factor, rate")
        return self


# A path, a glob or a folder; or an object.
Manifests: TypeAlias = Annotated[
    list[str | dict[str, Any]],
    BeforeValidator(_listed),
    Field(min_length=1),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": ["string", "object"]},
                {"type": "array", "minItems": 1, "items": {"type": ["string", "object"]}},
            ]
        }
    ),
]
Objects: TypeAlias = Annotated[
    list[AnyObject], BeforeValidator(_listed), Field(min_length=1), AlsoText()
]
VERBS = (
    "apply",
    "delete",
    "scale",
    "set_image",
    "rollout_undo",
    "rollout_pause",
    "rollout_resume",
    "rollout_restart",
    "cordon",
    "uncordon",
    "drain",
    "taint",
    "label",
    "add_nodes",
    "remove_nodes",
    "set_arrival_rate",
)


class TimelineEntry(Model):
    """One thing that is done, once or again and again."""

    name: str | None = None
    at: Duration | None = None
    every: Annotated[Duration, Field(gt=0)] | None = None
    # The first time of `every`; by default one `every` after the start.
    since: Duration | None = Field(default=None, alias="from")
    until: Duration | None = None
    times: Annotated[Count, Field(gt=0)] | None = None
    namespace: str = "default"
    apply: Manifests | None = None
    delete: Objects | None = None
    scale: Scale | None = None
    set_image: SetImage | None = None
    rollout_undo: Annotated[RolloutUndo, BeforeValidator(_of_object), AlsoText()] | None = None
    rollout_pause: Paused | None = None
    rollout_resume: Paused | None = None
    rollout_restart: Rolled | None = None
    cordon: WhichNodes | None = None
    uncordon: WhichNodes | None = None
    drain: Annotated[Drain, BeforeValidator(_of_nodes), AlsoText()] | None = None
    taint: TaintNodes | None = None
    label: Label | None = None
    add_nodes: NewNodes | None = None
    remove_nodes: WhichNodes | None = None
    set_arrival_rate: SetArrivalRate | None = None

    @model_validator(mode="after")
    def _one_verb(self) -> TimelineEntry:
        given = [verb for verb in VERBS if getattr(self, verb) is not None]
        if len(given) != 1:
            got = " and ".join(map(written, given)) or "none"
            choices = ", ".join(map(written, VERBS))
            text = f"expected exactly one verb; got {got}"
            raise PydanticCustomError("E107", "{text}", {"text": text, "hint": f"one of {choices}"})
        return self

    @model_validator(mode="after")
    def _one_way(self) -> TimelineEntry:
        if (self.at is None) == (self.every is None):
            raise PydanticCustomError("E107", "expected exactly one of at, every")
        repeats = ("since", "until", "times")
        given = [field for field in repeats if getattr(self, field) is not None]
        if self.at is not None and given:
            raise PydanticCustomError("E105", "from, until and times belong to `every`")
        return self

    @property
    def verb(self) -> str:
        """Which of `VERBS` this entry has."""
        return next(verb for verb in VERBS if getattr(self, verb) is not None)

    @property
    def first_us(self) -> int:
        """When it happens first."""
        if self.at is not None:
            return self.at
        assert self.every is not None, "an entry has at or every"
        return self.every if self.since is None else self.since

    def instants_us(self, horizon_us: int) -> Iterator[int]:
        """When it happens, up to and including the horizon."""
        if self.every is None:
            return iter([self.first_us] if self.first_us <= horizon_us else [])
        last_us = horizon_us if self.until is None else min(self.until, horizon_us)
        most = MOST_TIMES if self.times is None else self.times
        return islice(range(self.first_us, last_us + 1, self.every), most)


def written(verb: str) -> str:
    """As a scenario has it: `setImage`."""
    head, *rest = verb.split("_")
    return head + "".join(part.capitalize() for part in rest)


def rate_changes(
    scenario: Scenario, workload: str, first_rate: float | None, horizon_us: int
) -> list[tuple[int, float]]:
    """(when, factor of its first rate) of a workload entry's arrivals, in order of time."""
    found: list[tuple[int, float]] = []
    for entry in scenario.timeline:
        change = entry.set_arrival_rate
        if change is None or change.workload != workload:
            continue
        factor = change.factor
        if factor is None:
            factor = (change.rate or 0.0) / first_rate if first_rate else 1.0
        found += [(at_us, factor) for at_us in entry.instants_us(horizon_us)]
    return sorted(found, key=lambda pair: pair[0])
