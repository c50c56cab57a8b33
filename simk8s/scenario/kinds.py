"""L1: which kinds of manifest become objects of a simulation, and what each must look like.

Law: one line a kind. A kind with pods says where its pod template is and which numbers of its spec
are counts; any other has a model, so that what is wrong with it is told at its place. What is not
in this table is left out with a warning.

Mirrors: core/v1, apps/v1, batch/v1, policy/v1, scheduling/v1, node/v1, v1.36. Departs: of an
object without pods only the fields that are simulated are checked; others pass without a word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, Field, ValidationError
from pydantic_core import PydanticCustomError

from simk8s import units
from simk8s.errors import Problem
from simk8s.scenario.explain import problems_of
from simk8s.scenario.ownerspecs import (
    CronJobSpec,
    DaemonSetSpec,
    JobSpec,
    Lenient,
    StatefulSetSpec,
    portion,
)
from simk8s.scenario.podspec import Toleration, all_read_by, amount_of
from simk8s.scenario.positions import Path, Positions

HIGHEST_USER_PRIORITY = 1_000_000_000


def _amount(name: str, quantity: str | int | float) -> int:
    """As a resource of a pod, or as the name of a quota reads it."""
    base = name.removeprefix("requests.").removeprefix("limits.")
    if base in ("cpu", "memory", "ephemeral-storage") or base.startswith("hugepages-"):
        return amount_of(base, quantity)
    if base == "storage" or name.endswith("/requests.storage"):
        return units.memory_bytes(quantity)
    return units.count(quantity)


Amounts: TypeAlias = Annotated[dict[str, Any], AfterValidator(all_read_by(_amount))]


class _LimitItem(Lenient):
    type: Literal["Container", "Pod", "PersistentVolumeClaim"]
    min: Amounts = Field(default_factory=dict)
    max: Amounts = Field(default_factory=dict)
    default: Amounts = Field(default_factory=dict)
    default_request: Amounts = Field(default_factory=dict)
    max_limit_request_ratio: dict[str, Annotated[Any, AfterValidator(lambda v: _ratio(v))]] = Field(
        default_factory=dict
    )


def _ratio(value: Any) -> Any:
    try:
        units.cpu_milli(value)
    except (TypeError, ValueError) as error:
        raise PydanticCustomError("E104", "{text}", {"text": str(error)}) from error
    return value


class _LimitRangeSpec(Lenient):
    limits: list[_LimitItem] = Field(min_length=1)


class _LimitRange(Lenient):
    spec: _LimitRangeSpec


class _ScopeLine(Lenient):
    scope_name: Literal[
        "Terminating",
        "NotTerminating",
        "BestEffort",
        "NotBestEffort",
        "PriorityClass",
        "CrossNamespacePodAffinity",
    ]
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    values: list[str] = Field(default_factory=list)


class _ScopeSelector(Lenient):
    match_expressions: list[_ScopeLine] = Field(default_factory=list)


class _QuotaSpec(Lenient):
    hard: Amounts = Field(default_factory=dict)
    scopes: list[
        Literal[
            "Terminating",
            "NotTerminating",
            "BestEffort",
            "NotBestEffort",
            "PriorityClass",
            "CrossNamespacePodAffinity",
        ]
    ] = Field(default_factory=list)
    scope_selector: _ScopeSelector = _ScopeSelector()


class _ResourceQuota(Lenient):
    spec: _QuotaSpec


class _PriorityClass(Lenient):
    value: Annotated[int, Field(ge=-(2**31), le=HIGHEST_USER_PRIORITY)]
    global_default: bool = False
    preemption_policy: Literal["PreemptLowerPriority", "Never"] | None = None


class _Overhead(Lenient):
    pod_fixed: Amounts = Field(default_factory=dict)


class _Scheduling(Lenient):
    node_selector: dict[str, str] = Field(default_factory=dict)
    tolerations: list[Toleration] = Field(default_factory=list)


class _RuntimeClass(Lenient):
    handler: str
    overhead: _Overhead = _Overhead()
    scheduling: _Scheduling = _Scheduling()


class _Meta(Lenient):
    labels: dict[str, str] = Field(default_factory=dict)


class _Namespace(Lenient):
    metadata: _Meta


class _ServiceAccount(Lenient):
    automount_service_account_token: bool | None = None


class _Line(Lenient):
    key: str
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    values: list[str] = Field(default_factory=list)


class _Selector(Lenient):
    match_labels: dict[str, str] = Field(default_factory=dict)
    match_expressions: list[_Line] = Field(default_factory=list)


Pods: TypeAlias = Annotated[Any, AfterValidator(portion("50%"))]


class _BudgetSpec(Lenient):
    selector: _Selector | None = None
    min_available: Pods = None
    max_unavailable: Pods = None


class _Budget(Lenient):
    spec: _BudgetSpec


class _ServiceSpec(Lenient):
    selector: dict[str, str] = Field(default_factory=dict)


class _Service(Lenient):
    spec: _ServiceSpec = _ServiceSpec()


class _Keys(Lenient):
    data: dict[str, Any] | None = None
    string_data: dict[str, Any] | None = None
    binary_data: dict[str, Any] | None = None


class _Storage(Lenient):
    requests: Amounts = Field(default_factory=dict)


class _ClaimSpec(Lenient):
    access_modes: list[str] | None = None
    storage_class_name: str | None = None
    volume_name: str | None = None
    resources: _Storage = _Storage()
    selector: _Selector | None = None


class _Claim(Lenient):
    spec: _ClaimSpec


class _VolumeSpec(Lenient):
    capacity: Amounts = Field(default_factory=dict)
    access_modes: list[str] | None = None
    storage_class_name: str | None = None


class _Volume(Lenient):
    spec: _VolumeSpec


class _StorageClass(Lenient):
    provisioner: str
    volume_binding_mode: Literal["Immediate", "WaitForFirstConsumer"] | None = None


class _NodeStatus(Lenient):
    capacity: Amounts = Field(default_factory=dict)
    allocatable: Amounts = Field(default_factory=dict)


class _NodeSpec(Lenient):
    unschedulable: bool | None = None
    taints: list[_NodeTaint] | None = None


class _NodeTaint(Lenient):
    key: str
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"]
    value: str | None = None


class _Node(Lenient):
    metadata: _Meta
    spec: _NodeSpec | None = None
    status: _NodeStatus | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """What is known of a kind."""

    template_at: Path | None = None
    """Where its pod template is; None = it has no pods."""
    counts: tuple[str, ...] = ()
    """Fields of its spec that are whole numbers, not negative."""
    model: type[BaseModel] | None = None
    """What an object without pods must look like."""
    namespaced: bool = True
    spec: type[BaseModel] | None = None
    """What the spec of an object with pods must look like, its template and counts apart."""


IN_SPEC: Path = ("spec", "template")
KINDS: Mapping[str, Kind] = {
    "Pod": Kind(()),
    "Deployment": Kind(
        IN_SPEC,
        ("replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"),
    ),
    "StatefulSet": Kind(
        IN_SPEC, ("replicas", "minReadySeconds", "revisionHistoryLimit"), spec=StatefulSetSpec
    ),
    "DaemonSet": Kind(IN_SPEC, ("minReadySeconds", "revisionHistoryLimit"), spec=DaemonSetSpec),
    "ReplicaSet": Kind(IN_SPEC, ("replicas", "minReadySeconds")),
    "ReplicationController": Kind(IN_SPEC, ("replicas", "minReadySeconds")),
    "Job": Kind(
        IN_SPEC,
        (
            "completions",
            "parallelism",
            "backoffLimit",
            "backoffLimitPerIndex",
            "maxFailedIndexes",
            "activeDeadlineSeconds",
            "ttlSecondsAfterFinished",
        ),
        spec=JobSpec,
    ),
    "CronJob": Kind(
        ("spec", "jobTemplate", "spec", "template"),
        ("startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"),
        spec=CronJobSpec,
    ),
    "Namespace": Kind(model=_Namespace, namespaced=False),
    "ResourceQuota": Kind(model=_ResourceQuota),
    "LimitRange": Kind(model=_LimitRange),
    "PriorityClass": Kind(model=_PriorityClass, namespaced=False),
    "RuntimeClass": Kind(model=_RuntimeClass, namespaced=False),
    "ServiceAccount": Kind(model=_ServiceAccount),
    "PodDisruptionBudget": Kind(model=_Budget),
    "Service": Kind(model=_Service),
    "ConfigMap": Kind(model=_Keys),
    "Secret": Kind(model=_Keys),
    "PersistentVolumeClaim": Kind(model=_Claim),
    "PersistentVolume": Kind(model=_Volume, namespaced=False),
    "StorageClass": Kind(model=_StorageClass, namespaced=False),
    "Node": Kind(model=_Node, namespaced=False),
}
"""Kinds that are simulated, pod groups apart; all kinds are in `fields/kinds.txt`."""

SYSTEM_CLASSES = ("system-node-critical", "system-cluster-critical")


def check_object(
    kind: str, name: str, data: Mapping[str, Any], path: Path, positions: Positions
) -> Iterator[Problem]:
    """What is wrong with an object without pods."""
    model = KINDS[kind].model
    if model is None:
        return
    try:
        model.model_validate(data)
    except ValidationError as error:
        yield from problems_of(error, model, positions.below(path))
    if kind == "PriorityClass" and name in SYSTEM_CLASSES:
        where = positions.place((*path, "metadata", "name"))
        yield Problem("E105", f"{name} is reserved for the system's own class", where)
    spec = data.get("spec")
    if kind == "PodDisruptionBudget" and isinstance(spec, dict):
        given = [spec.get(key) for key in ("minAvailable", "maxUnavailable")]
        if None not in given:
            text = "minAvailable and maxUnavailable exclude each other"
            yield Problem("E107", text, positions.place((*path, "spec"), key=True))
