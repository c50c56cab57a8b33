"""L1: KubeSchedulerConfiguration v1 as models: fields, plugin arguments and their bounds.

Mirrors: kubescheduler.config.k8s.io/v1 of Kubernetes v1.36 (types, defaulting left to placement,
validation). Departs: extenders and fields that change nothing here are read and left alone.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from simk8s.scenario.types import Model

Percent = Annotated[int, Field(ge=0, le=100)]


class Strict(Model):
    """Keys and kinds of values exactly as Kubernetes has them."""

    model_config = ConfigDict(populate_by_name=False, strict=True)


class Plugin(Strict):
    """A plugin, enabled or disabled by name."""

    name: str
    weight: Annotated[int, Field(ge=0)] | None = None


class PluginSet(Strict):
    """What one extension point runs more or less than by default."""

    enabled: list[Plugin] | None = None
    disabled: list[Plugin] | None = None


class Plugins(Strict):
    """One set for each extension point."""

    pre_enqueue: PluginSet | None = None
    queue_sort: PluginSet | None = None
    pre_filter: PluginSet | None = None
    filter: PluginSet | None = None
    post_filter: PluginSet | None = None
    pre_score: PluginSet | None = None
    score: PluginSet | None = None
    reserve: PluginSet | None = None
    permit: PluginSet | None = None
    pre_bind: PluginSet | None = None
    bind: PluginSet | None = None
    post_bind: PluginSet | None = None
    multi_point: PluginSet | None = None


class PluginConfig(Strict):
    """The arguments of one plugin."""

    name: str
    args: dict[str, Any] | None = None


class Profile(Strict):
    """One profile; pods choose it by their schedulerName."""

    scheduler_name: Annotated[str, Field(min_length=1)] = "default-scheduler"
    percentage_of_nodes_to_score: Percent | None = None
    plugins: Plugins | None = None
    plugin_config: list[PluginConfig] | None = None


class ClientConnection(Strict):
    """How the scheduler talks to the API server."""

    kubeconfig: str | None = None
    accept_content_types: str | None = None
    content_type: str | None = None
    qps: float | None = None
    burst: Annotated[int, Field(ge=0)] | None = None


class Configuration(Strict):
    """A whole file."""

    api_version: Literal["kubescheduler.config.k8s.io/v1"]
    kind: Literal["KubeSchedulerConfiguration"]
    parallelism: Annotated[int, Field(ge=1)] | None = None
    percentage_of_nodes_to_score: Percent | None = None
    pod_initial_backoff_seconds: Annotated[int, Field(ge=1)] | None = None
    pod_max_backoff_seconds: Annotated[int, Field(ge=1)] | None = None
    profiles: list[Profile] | None = None
    client_connection: ClientConnection | None = None
    leader_election: dict[str, Any] | None = None
    enable_profiling: bool | None = None
    enable_contention_profiling: bool | None = None
    delay_cache_until_active: bool | None = None
    extenders: list[dict[str, Any]] | None = None


# --- arguments


class Args(Strict):
    """What all arguments may say of themselves."""

    api_version: Literal["kubescheduler.config.k8s.io/v1"] | None = None
    kind: str | None = None


class Resource(Strict):
    """A resource and what it counts for."""

    name: Annotated[str, Field(min_length=1)]
    weight: Percent | None = None


class BalancedResource(Resource):
    """Balance has no weights: 1 is the only one."""

    weight: Annotated[int, Field(ge=0, le=1)] | None = None


class Point(Strict):
    """A score of 0 … 10 at a utilisation of 0 … 100."""

    utilization: Percent
    score: Annotated[int, Field(ge=0, le=10)]


class RatioParams(Strict):
    """The line of RequestedToCapacityRatio."""

    shape: Annotated[list[Point], Field(min_length=1)]


class ScoringStrategy(Strict):
    """How NodeResourcesFit scores."""

    type: Literal["LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"]
    resources: list[Resource] | None = None
    requested_to_capacity_ratio: RatioParams | None = None


class NodeResourcesFitArgs(Args):
    """Ignored resources and the scoring strategy."""

    ignored_resources: list[str] | None = None
    ignored_resource_groups: list[str] | None = None
    scoring_strategy: ScoringStrategy | None = None


class BalancedAllocationArgs(Args):
    """The resources to balance."""

    resources: list[BalancedResource] | None = None


class InterPodAffinityArgs(Args):
    """The weight of required terms of other pods."""

    hard_pod_affinity_weight: Percent | None = None
    ignore_preferred_terms_of_existing_pods: bool | None = None


class Requirement(Strict):
    """One line of a node selector term."""

    key: Annotated[str, Field(min_length=1)]
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]
    values: list[str] | None = None


class NodeTerm(Strict):
    """Lines that must all hold."""

    match_expressions: list[Requirement] | None = None
    match_fields: list[Requirement] | None = None


class NodeTerms(Strict):
    """Terms of which one must hold."""

    node_selector_terms: Annotated[list[NodeTerm], Field(min_length=1)]


class Preferred(Strict):
    """A term and its weight."""

    weight: Annotated[int, Field(ge=1, le=100)]
    preference: NodeTerm


class AddedAffinity(Strict):
    """Node affinity that every pod of the profile gets, besides its own."""

    required: NodeTerms | None = Field(
        default=None, alias="requiredDuringSchedulingIgnoredDuringExecution"
    )
    preferred: list[Preferred] | None = Field(
        default=None, alias="preferredDuringSchedulingIgnoredDuringExecution"
    )


class NodeAffinityArgs(Args):
    """Affinity added by the operator."""

    added_affinity: AddedAffinity | None = None


class Spread(Strict):
    """A constraint without selector: the pod's services and owners say which pods count."""

    max_skew: Annotated[int, Field(ge=1)]
    topology_key: Annotated[str, Field(min_length=1)]
    when_unsatisfiable: Literal["DoNotSchedule", "ScheduleAnyway"]


class PodTopologySpreadArgs(Args):
    """Constraints of pods that have none."""

    default_constraints: list[Spread] | None = None
    defaulting_type: Literal["System", "List"] | None = None


class DefaultPreemptionArgs(Args):
    """How many candidates a dry run looks for."""

    min_candidate_nodes_percentage: Percent | None = None
    min_candidate_nodes_absolute: Annotated[int, Field(ge=0)] | None = None


class VolumeBindingArgs(Args):
    """How long binding of volumes may take."""

    bind_timeout_seconds: Annotated[int, Field(ge=0)] | None = None


class DynamicResourcesArgs(Args):
    """How long allocating devices may take."""

    filter_timeout: str | None = None
    binding_timeout: str | None = None


ARGS: dict[str, type[Args]] = {
    "NodeResourcesFit": NodeResourcesFitArgs,
    "NodeResourcesBalancedAllocation": BalancedAllocationArgs,
    "InterPodAffinity": InterPodAffinityArgs,
    "NodeAffinity": NodeAffinityArgs,
    "PodTopologySpread": PodTopologySpreadArgs,
    "DefaultPreemption": DefaultPreemptionArgs,
    "VolumeBinding": VolumeBindingArgs,
    "DynamicResources": DynamicResourcesArgs,
}

_FILTER, _SCORE = ("preFilter", "filter"), ("preScore", "score")
POINTS: dict[str, tuple[str, ...]] = {
    "PrioritySort": ("queueSort",),
    "SchedulingGates": ("preEnqueue",),
    "NodeUnschedulable": ("filter",),
    "NodeName": ("filter",),
    "TaintToleration": ("filter", *_SCORE),
    "NodeAffinity": (*_FILTER, *_SCORE),
    "NodePorts": _FILTER,
    "NodeResourcesFit": (*_FILTER, *_SCORE),
    "GpuShare": ("filter",),
    "VolumeRestrictions": _FILTER,
    "NodeVolumeLimits": _FILTER,
    "VolumeBinding": (*_FILTER, *_SCORE, "reserve", "preBind"),
    "VolumeZone": _FILTER,
    "PodTopologySpread": (*_FILTER, *_SCORE),
    "InterPodAffinity": (*_FILTER, *_SCORE),
    "DynamicResources": (
        "preEnqueue",
        *_FILTER,
        "postFilter",
        "score",
        "reserve",
        "preBind",
    ),
    "NodeDeclaredFeatures": _FILTER,
    "DefaultPreemption": ("preEnqueue", "postFilter"),
    "NodeResourcesBalancedAllocation": _SCORE,
    "ImageLocality": ("score",),
    "DefaultBinder": ("bind",),
    "GangScheduling": ("preEnqueue", "permit"),
}
"""Plugins by their Kubernetes name, and the extension points that each has something to say at."""
