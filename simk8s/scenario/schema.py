"""L1: the models of a scenario file; what they accept is what `simk8s schema` prints.

Law: keys are camelCase as in Kubernetes, unknown keys are refused, quantities arrive in base units.
Pod templates stay plain mappings in Kubernetes' own terms (checked by `podspec`); sections that
name an extension are checked by that extension's `Params`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from simk8s.scenario.distributions import CpuDistribution, DurationDistribution, MemoryDistribution
from simk8s.scenario.extension import ByKey, ByName, Extension
from simk8s.scenario.later import later
from simk8s.scenario.types import (
    AlsoText,
    Count,
    CpuQuantity,
    Duration,
    MemoryQuantity,
    Model,
)
from simk8s.units import INT64_MAX

if TYPE_CHECKING:
    from simk8s.scenario.behaviour import BehaviourRule
    from simk8s.scenario.cloud import Cloud
    from simk8s.scenario.control.plane import ControlPlane
    from simk8s.scenario.control.registry import Images
    from simk8s.scenario.control.runtime import RuntimeName
    from simk8s.scenario.deployments import Deployment
    from simk8s.scenario.power import Power
    from simk8s.scenario.thresholds import Thresholds
    from simk8s.scenario.timeline import TimelineEntry

    WrittenPlane: TypeAlias = ControlPlane | None
else:
    BehaviourRule = later("simk8s.scenario.behaviour:BehaviourRule")
    Cloud = later("simk8s.scenario.cloud:Cloud")
    Deployment = later("simk8s.scenario.deployments:Deployment")
    Images = later("simk8s.scenario.control.registry:Images")
    RuntimeName = later("simk8s.scenario.control.runtime:RuntimeName")
    Power = later("simk8s.scenario.power:Power")
    Thresholds = later("simk8s.scenario.thresholds:Thresholds")
    TimelineEntry = later("simk8s.scenario.timeline:TimelineEntry")
    WrittenPlane = later("simk8s.scenario.control.plane:ControlPlane")

API_VERSION = "simk8s/v1"
DNS_LABEL = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
# Also a folder's name.
VARIANT_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"

Name: TypeAlias = Annotated[str, StringConstraints(pattern=DNS_LABEL)]
# Plain Kubernetes YAML; `podspec` checks it, `jsonschema` puts its schema here.
Template: TypeAlias = Annotated[dict[str, Any], WithJsonSchema({"x-simk8s-template": True})]
Effect: TypeAlias = Literal["NoSchedule", "PreferNoSchedule", "NoExecute"]
Strategy: TypeAlias = Annotated[Extension, ByName("strategies")]
Controller: TypeAlias = Annotated[Extension, ByName("controllers")]
Arrivals: TypeAlias = Annotated[Extension, ByKey("arrivals")]
# A recorded trace: `format` names it in the catalogue, the other keys are its `Params`.
Replay: TypeAlias = Annotated[Extension, ByName("traces", tag="format")]
Fault: TypeAlias = Annotated[Extension, ByKey("faults")]


def _written(field: str) -> str:
    head, *rest = field.split("_")
    return head + "".join(part.capitalize() for part in rest)


def _one_of(fields: tuple[str, ...]) -> ConfigDict:
    """For editors: exactly one of these keys."""
    return ConfigDict(json_schema_extra={"oneOf": [{"required": [_written(f)]} for f in fields]})


class Taint(Model):
    """A node's taint; also written as kubectl does: `key=value:NoSchedule`."""

    key: str = Field(min_length=1)
    value: str = ""
    effect: Effect

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, data: Any) -> Any:
        if not isinstance(data, str):
            return data
        head, colon, effect = data.rpartition(":")
        key, _, value = head.partition("=")
        if not colon:
            raise PydanticCustomError("E105", "write a taint as key=value:NoSchedule")
        return {"key": key, "value": value, "effect": effect}


TaintOrText: TypeAlias = Annotated[Taint, AlsoText(r"^.+:(NoSchedule|PreferNoSchedule|NoExecute)$")]


class Capacity(Model):
    """A machine that is in no catalogue."""

    cpu: CpuQuantity
    memory: MemoryQuantity
    pods: Count = 110
    ephemeral_storage: MemoryQuantity = Field(default=100 << 30, alias="ephemeral-storage")
    gpu: Count = 0
    gpu_model: str | None = None


class Reserved(Model):
    """What a node keeps for itself, in place of its provider's rule."""

    cpu: CpuQuantity = 0
    memory: MemoryQuantity = 0
    ephemeral_storage: MemoryQuantity = Field(default=0, alias="ephemeral-storage")


class NodeGroup(Model):
    """Equal machines, spread evenly over zones; or the nodes of a file."""

    model_config = _one_of(("profile", "capacity", "csv", "manifests"))

    name: Name | None = None
    profile: str | None = None
    capacity: Capacity | None = None
    csv: str | None = None
    # Node objects: files, folders or patterns, also a dump of a live cluster.
    manifests: list[str] | None = None
    format: str | None = None
    only: Literal["gpu"] | None = None
    count: Count | None = None
    zones: list[str] = Field(default_factory=list)
    # Racks in each zone; nodes get the label topology.kubernetes.io/rack, in turn.
    racks: Annotated[Count, Field(gt=0)] | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    taints: list[TaintOrText] = Field(default_factory=list)
    reserved: Reserved | None = None
    price_per_hour: Annotated[float, Field(ge=0)] | None = None
    # What each machine draws, in watts; by default what is known of its hardware.
    power: Power | None = None
    # Container runtime, where it is not `controlPlane.runtime`.
    runtime: RuntimeName | None = None
    # Templates of pods that every node of the group runs from the start.
    static_pods: list[Template] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_source(self) -> NodeGroup:
        _exactly_one(self, ("profile", "capacity", "csv", "manifests"))
        if self.manifests is not None:
            refused = ("format", "only", "count", "reserved", "racks")
            _needs(self, "manifests", (), refused=refused)
        elif self.csv is not None:
            own = ("count", "reserved", "racks")
            _needs(self, "csv", ("format",), refused=own)
        else:
            _needs(self, "profile or capacity", ("count",), refused=("format", "only"))
        return self


class Requests(Model):
    """Drawn for every pod, in place of what the template requests."""

    cpu: CpuDistribution | None = None
    memory: MemoryDistribution | None = None


class Templates(Model):
    """Many distinct templates from one: each adds a label of its own."""

    count: Annotated[Count, Field(gt=0)]
    label: str = "simk8s.io/template"


class ReplicaSet(Model):
    """A ReplicaSet of this scenario."""

    replicas: Count
    template: Template


class Job(Model):
    """A Job of this scenario; how long each pod runs is the entry's `lifetime`."""

    completions: Annotated[Count, Field(gt=0)] = 1
    parallelism: Count = 1
    backoff_limit: Count = 6
    template: Template


SOURCES = ("arrivals", "replay", "deployment", "replica_set", "job", "manifests")


class WorkloadEntry(Model):
    """One source of pods: arrivals, a replay, a Deployment, a ReplicaSet, a Job, or manifests."""

    model_config = _one_of(SOURCES)

    name: Name | None = None
    namespace: Name = "default"
    arrivals: Arrivals | None = None
    replay: Replay | None = None
    deployment: Deployment | None = None
    replica_set: ReplicaSet | None = None
    job: Job | None = None
    manifests: list[str] | None = None
    lifetime: DurationDistribution | None = None
    requests: Requests | None = None
    template: Template | None = None
    templates: Templates | None = None
    # When a Deployment, a ReplicaSet, a Job or manifests are created.
    at: Duration = 0

    @model_validator(mode="after")
    def _one_source(self) -> WorkloadEntry:
        source = _exactly_one(self, SOURCES)
        if source == "arrivals":
            _needs(self, "arrivals", ("name", "template"))
        elif source in ("deployment", "replica_set", "job"):
            _needs(self, _written(source), ("name",), refused=("template", "templates"))
        else:
            refused = ("template", "templates", "requests")
            _needs(self, source, (), refused=refused)
        return self

    @property
    def source(self) -> str:
        """Which of `SOURCES` this entry is."""
        return next(name for name in SOURCES if getattr(self, name) is not None)

    @property
    def pod_template(self) -> Template | None:
        """The template of whatever kind of entry this is."""
        made = self.deployment or self.replica_set
        if made is not None:
            return made.template
        return self.job.template if self.job is not None else self.template


class Sampling(Model):
    """How often the time series is sampled; by default some 1,000 times a run."""

    interval: Annotated[Duration, Field(gt=0)] | None = None


def _own_controllers(value: Any) -> Any:
    """`replicaset: default` is the controller that has the slot's name."""
    if not isinstance(value, dict):
        return value
    return {slot: slot if item in ("default", None) else item for slot, item in value.items()}


Controllers: TypeAlias = Annotated[dict[str, Controller], BeforeValidator(_own_controllers)]


def _variant_values(value: Any) -> Any:
    if isinstance(value, str):
        return {"strategy": value}
    return value


Variant: TypeAlias = Annotated[dict[str, Any], AlsoText(), BeforeValidator(_variant_values)]


VariantName: TypeAlias = Annotated[str, StringConstraints(pattern=VARIANT_NAME)]


def _standard_plane(field: dict[str, Any]) -> None:
    """For editors: what holds where nothing is written."""
    from simk8s.scenario.control.plane import standard

    field["default"] = standard().model_dump(mode="json", by_alias=True)


class Scenario(Model):
    """A whole scenario file."""

    api_version: Literal["simk8s/v1"]
    name: Name
    description: str | None = None
    seed: Annotated[int, Field(ge=0, le=INT64_MAX)] = 0
    duration: Annotated[Duration, Field(gt=0)]
    nodes: list[NodeGroup] = Field(default_factory=list)
    workload: list[WorkloadEntry] = Field(default_factory=list)
    faults: list[Fault] = Field(default_factory=list)
    timeline: list[TimelineEntry] = Field(default_factory=list)
    # Limits of the cloud's API; without it (and without cloudThrottling) machines cost no calls.
    cloud: Cloud | None = None
    strategy: Strategy = Field(default="kube_scheduler", validate_default=True)
    controllers: Controllers = Field(default_factory=dict)
    thresholds: Thresholds = Field(default_factory=list)
    # A name and what it changes: {packed: {strategy: most_allocated, nodes.0.count: 50}}.
    variants: dict[VariantName, Variant] = Field(default_factory=dict)
    sampling: Sampling = Sampling()
    # None where it is not written; what holds is `plane`.
    control_plane: WrittenPlane = Field(default=None, json_schema_extra=_standard_plane)
    # Container images by name; what is not here is as `controlPlane.registry.unlisted` says.
    images: Images = Field(default_factory=dict)
    # What pods do that manifests do not say; later rules override earlier ones.
    behaviour: list[BehaviourRule] = Field(default_factory=list)

    @property
    def plane(self) -> ControlPlane:
        """The control plane, as it is written or by default."""
        if self.control_plane is not None:
            return self.control_plane
        from simk8s.scenario.control.plane import standard

        return standard()


def _exactly_one(model: Model, fields: tuple[str, ...]) -> str:
    given = [name for name in fields if getattr(model, name) is not None]
    if len(given) != 1:
        choices = ", ".join(map(_written, fields))
        got = " and ".join(map(_written, given)) or "none"
        raise PydanticCustomError("E107", f"expected exactly one of {choices}; got {got}")
    return given[0]


def _needs(
    model: Model, source: str, wanted: tuple[str, ...], refused: tuple[str, ...] = ()
) -> None:
    for name in wanted:
        if getattr(model, name) is None:
            raise PydanticCustomError("E102", f"`{_written(name)}` is missing beside {source}")
    for name in refused:
        if getattr(model, name) is not None:
            raise PydanticCustomError("E105", f"`{_written(name)}` has no meaning with {source}")
