"""L1: pod templates in plain Kubernetes YAML: known fields, simulated fields, what a pod asks.

Law: a field that Kubernetes does not have is an error with did-you-mean; one that it has and that
is not simulated is a warning, once per template; quantities are read as Kubernetes reads them.
Mirrors: core/v1 PodTemplateSpec, PodSpec and Container, v1.36; requests as in
k8s.io/component-helpers (a container without a request takes its limit; init steps by maximum,
sidecars and overhead added).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema
from pydantic.alias_generators import to_camel
from pydantic_core import InitErrorDetails, PydanticCustomError

from simk8s import units
from simk8s.scenario.later import later
from simk8s.scenario.positions import Path

if TYPE_CHECKING:
    from simk8s.scenario.podparts import Affinity, Lifecycle, Probe, SchedulingGroup
else:
    Affinity = later("simk8s.scenario.podparts:Affinity")
    Lifecycle = later("simk8s.scenario.podparts:Lifecycle")
    Probe = later("simk8s.scenario.podparts:Probe")
    SchedulingGroup = later("simk8s.scenario.podparts:SchedulingGroup")

GPU_RESOURCES = ("nvidia.com/gpu", "amd.com/gpu")

# What Kubernetes knows here and a simulation does not need: accepted without a word.
_HARMLESS_POD = [
    "volumes",
    "dnsPolicy",
    "dnsConfig",
    "serviceAccountName",
    "serviceAccount",
    "automountServiceAccountToken",
    "hostNetwork",
    "hostPID",
    "hostIPC",
    "hostUsers",
    "shareProcessNamespace",
    "securityContext",
    "imagePullSecrets",
    "hostname",
    "subdomain",
    "hostAliases",
    "enableServiceLinks",
    "setHostnameAsFQDN",
    "os",
    "hostnameOverride",
    "schedulerName",
    "runtimeClassName",
    "schedulingGates",
    "topologySpreadConstraints",
]
# What would change a result if it were simulated: accepted with a warning.
_MISSING_POD = [
    "activeDeadlineSeconds",
    "readinessGates",
    "ephemeralContainers",
    "resourceClaims",
]
_HARMLESS_CONTAINER = [
    "name",
    "image",
    "command",
    "args",
    "workingDir",
    "ports",
    "envFrom",
    "env",
    "volumeMounts",
    "volumeDevices",
    "terminationMessagePath",
    "terminationMessagePolicy",
    "imagePullPolicy",
    "securityContext",
    "stdin",
    "stdinOnce",
    "tty",
    "resizePolicy",
    "restartPolicyRules",
]


class Kubernetes(BaseModel):
    """Kubernetes' own words: camelCase keys, unknown ones refused."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        frozen=True,
        defer_build=True,
    )


def all_read_by(read: Callable[[str, Any], object]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A check of quantities by name: what is wrong with each is said where it is written."""

    def check(value: dict[str, Any]) -> dict[str, Any]:
        lines: list[InitErrorDetails] = []
        for name, quantity in value.items():
            try:
                if not isinstance(quantity, (str, int, float)):
                    raise ValueError("expected a quantity like 500m or 2Gi")
                read(name, quantity)
            except ValueError as error:
                custom = PydanticCustomError("E104", "{text}", {"text": f"{name}: {error}"})
                lines.append({"type": custom, "loc": (name,), "input": quantity})
        if lines:
            raise ValidationError.from_exception_data("quantities", lines)
        return value

    return check


def amount_of(name: str, quantity: str | int | float) -> int:
    """In millicores, bytes or whole things, as the resource's name asks."""
    if name == "cpu":
        return units.cpu_milli(quantity)
    if name in ("memory", "ephemeral-storage") or name.startswith("hugepages-"):
        return units.memory_bytes(quantity)
    if "/" not in name:
        raise ValueError("is no resource: use cpu, memory, ephemeral-storage or domain/name")
    return units.count(quantity)


_QUANTITY = {
    "anyOf": [{"type": "string", "pattern": units.QUANTITY_PATTERN}, {"type": "number"}],
}
Quantities: TypeAlias = Annotated[
    dict[str, Any],
    AfterValidator(all_read_by(amount_of)),
    WithJsonSchema({"type": "object", "additionalProperties": _QUANTITY}),
]


class Resources(Kubernetes):
    requests: Quantities = Field(default_factory=dict)
    limits: Quantities = Field(default_factory=dict)
    claims: list[Any] | None = None


class Container(Kubernetes):
    model_config = ConfigDict(extra="allow")

    liveness_probe: Probe | None = None
    readiness_probe: Probe | None = None
    startup_probe: Probe | None = None
    lifecycle: Lifecycle | None = None

    resources: Resources = Resources()
    restart_policy: Literal["Always", "OnFailure", "Never"] | None = None


class Toleration(Kubernetes):
    key: str = ""
    operator: Literal["Exists", "Equal"] = "Equal"
    value: str = ""
    effect: Literal["", "NoSchedule", "PreferNoSchedule", "NoExecute"] = ""
    toleration_seconds: int | None = None


class PodSpec(Kubernetes):
    model_config = ConfigDict(extra="allow")

    containers: list[Container] = Field(min_length=1)
    init_containers: list[Container] = Field(default_factory=list)
    node_name: str | None = None
    node_selector: dict[str, str] = Field(default_factory=dict)
    affinity: Affinity | None = None
    tolerations: list[Toleration] = Field(default_factory=list)
    priority: Annotated[int, Field(ge=-(2**31), lt=2**31)] | None = None
    priority_class_name: str | None = None
    preemption_policy: Literal["PreemptLowerPriority", "Never"] | None = None
    termination_grace_period_seconds: Annotated[int, Field(ge=0)] | None = None
    restart_policy: Literal["Always", "OnFailure", "Never"] | None = None
    overhead: Quantities = Field(default_factory=dict)
    resources: Resources | None = None
    scheduling_group: SchedulingGroup | None = None


class Metadata(BaseModel):
    model_config = ConfigDict(extra="allow")

    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)


class PodTemplate(Kubernetes):
    """`metadata` and `spec`, as below `template:` of a ReplicaSet."""

    metadata: Metadata | None = None
    spec: PodSpec


class Oddity(NamedTuple):
    """A field of a template that needs a word: unknown in Kubernetes, or not simulated."""

    path: Path
    known: bool
    choices: tuple[str, ...]


def oddities(template: Mapping[str, Any]) -> Iterator[Oddity]:
    """Fields of an otherwise valid template that are unknown or not simulated."""
    spec = template.get("spec") or {}
    known = (*_aliases(PodSpec), *_HARMLESS_POD)
    yield from _odd(spec, ("spec",), known, _MISSING_POD)
    for kind in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(kind) or ()):
            known = (*_aliases(Container), *_HARMLESS_CONTAINER)
            yield from _odd(container, ("spec", kind, index), known, [])


def _aliases(model: type[BaseModel]) -> Iterator[str]:
    return (info.alias or name for name, info in model.model_fields.items())


def _odd(
    section: Mapping[str, Any], path: Path, known: tuple[str, ...], missing: list[str]
) -> Iterator[Oddity]:
    for key in section:
        if key in missing:
            yield Oddity((*path, key), True, ())
        elif key not in known:
            yield Oddity((*path, key), False, (*known, *missing))


Amounts: TypeAlias = dict[str, int]


def requests(template: Mapping[str, Any]) -> Amounts:
    """What a pod of a valid template asks of its node; whole GPUs under `nvidia.com/gpu`."""
    spec = template.get("spec") or {}
    total: Amounts = {}
    for container in spec.get("containers") or ():
        _add(total, _container(container))
    sidecars: Amounts = {}
    steps: Amounts = {}
    for container in spec.get("initContainers") or ():
        step = _container(container)
        if container.get("restartPolicy") == "Always":
            _add(total, step)
            _add(sidecars, step)
            _at_least(steps, sidecars)
        else:
            _add(step, sidecars)
            _at_least(steps, step)
    _at_least(total, steps)
    total.update(_container(spec))
    _add(total, _amounts(spec.get("overhead")))
    total["pods"] = 1
    return total


def _container(raw: Mapping[str, Any]) -> Amounts:
    block = raw.get("resources") or {}
    return {**_amounts(block.get("limits")), **_amounts(block.get("requests"))}


def _amounts(raw: Mapping[str, Any] | None) -> Amounts:
    found: Amounts = {}
    for name, quantity in (raw or {}).items():
        key = GPU_RESOURCES[0] if name in GPU_RESOURCES else name
        found[key] = found.get(key, 0) + amount_of(name, quantity)
    return found


def _add(into: Amounts, other: Amounts) -> None:
    for name, amount in other.items():
        into[name] = into.get(name, 0) + amount


def _at_least(into: Amounts, other: Amounts) -> None:
    for name, amount in other.items():
        into[name] = max(into.get(name, 0), amount)
