"""KubeSchedulerConfiguration as data: from the mapping that a user writes to profiles.

What is read here has been checked (scenario/scheduler_config); absent fields get their defaults.

Mirrors: kube-scheduler v1.36 apis/config/v1 defaulting and the framework's expansion of
multiPoint: what an extension point enables by name comes first, then multiPoint, then the rest;
weights given at the score point win. Departs: reserve, preBind and postBind change nothing, and
queueSort and bind have one plugin each to choose from; extenders are left out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simk8s import catalog
from simk8s.placement.framework import DEFAULT_CANDIDATES, Profile

Raw = Mapping[str, Any]

FILES = {
    "NodeUnschedulable": "node_unschedulable",
    "NodeName": "node_name",
    "TaintToleration": "taint_toleration",
    "NodeAffinity": "node_affinity",
    "NodePorts": "node_ports",
    "NodeResourcesFit": "node_resources_fit",
    "GpuShare": "gpu_share",
    "VolumeRestrictions": "volume_restrictions",
    "NodeVolumeLimits": "node_volume_limits",
    "VolumeBinding": "volume_binding",
    "VolumeZone": "volume_zone",
    "PodTopologySpread": "pod_topology_spread",
    "InterPodAffinity": "inter_pod_affinity",
    "DynamicResources": "dynamic_resources",
    "NodeDeclaredFeatures": "node_declared_features",
    "DefaultPreemption": "default_preemption",
    "NodeResourcesBalancedAllocation": "balanced_allocation",
    "ImageLocality": "image_locality",
}
"""Kubernetes name -> file, in the order of the default multiPoint list."""

WEIGHTS = {
    "TaintToleration": 3,
    "NodeAffinity": 2,
    "PodTopologySpread": 2,
    "InterPodAffinity": 2,
    "DynamicResources": 2,
}
FILTERS = tuple(FILES)[: tuple(FILES).index("DefaultPreemption")]
SCORES = (
    "TaintToleration",
    "NodeAffinity",
    "NodeResourcesFit",
    "VolumeBinding",
    "PodTopologySpread",
    "InterPodAffinity",
    "DynamicResources",
    "NodeResourcesBalancedAllocation",
    "ImageLocality",
)
POST_FILTERS = ("DynamicResources", "DefaultPreemption")
GANG_SCHEDULING = "GangScheduling"
MULTI_POINT = ("SchedulingGates", "PrioritySort", *FILES, "DefaultBinder")
"""The default multiPoint list; further names where a feature gate is on."""
PRE_ENQUEUE = ("SchedulingGates", "DynamicResources", "DefaultPreemption", GANG_SCHEDULING)
PERMIT = (GANG_SCHEDULING,)
STRATEGIES = {
    "LeastAllocated": "least_allocated",
    "MostAllocated": "most_allocated",
    "RequestedToCapacityRatio": "requested_to_capacity_ratio",
}


DEFAULT_SCHEDULER = "default-scheduler"
_FILTERING = ("ignoredResources", "ignoredResourceGroups")
_WITHOUT_PARAMS = ("NodeResourcesFit", "DefaultPreemption", "VolumeBinding", "DynamicResources")


@dataclass(frozen=True, slots=True)
class Configuration:
    """One scheduler: its profiles by the schedulerName that pods give, and its own settings."""

    profiles: Mapping[str, Profile]
    initial_backoff_us: int = 1_000_000
    max_backoff_us: int = 10_000_000
    parallelism: int = 16
    qps: float = 50.0
    burst: int = 100


@dataclass(frozen=True, slots=True)
class _Point:
    """What one extension point runs, with the weight of each plugin."""

    names: tuple[str, ...]
    weights: Mapping[str, int]


def configuration_of(
    config: Raw | None,
    *,
    ties: str = "as_v1_36",
    percentage: int | None = None,
    features: Collection[str] = (),
) -> Configuration:
    """All profiles and settings; None = all defaults. `percentage` overrides the file's;
    `features` are the feature gates that are on.
    """
    config = config or {}
    shared = config.get("percentageOfNodesToScore") or 0
    profiles: dict[str, Profile] = {}
    written: Sequence[Raw] = config.get("profiles") or ({},)
    for raw in written:
        own = raw.get("percentageOfNodesToScore")
        share = shared if own is None else own
        name = str(raw.get("schedulerName") or DEFAULT_SCHEDULER)
        looked_at = share if percentage is None else percentage
        profiles[name] = _profile(raw, ties, looked_at, features)
    client: Raw = config.get("clientConnection") or {}
    return Configuration(
        profiles,
        (config.get("podInitialBackoffSeconds") or 1) * 1_000_000,
        (config.get("podMaxBackoffSeconds") or 10) * 1_000_000,
        config.get("parallelism") or 16,
        float(client.get("qps") or 50.0),
        client.get("burst") or 100,
    )


def profile_of(config: Raw | None, ties: str = "lowest_index") -> Profile:
    """The first profile of a configuration, every node scored; None = all defaults."""
    profiles: Sequence[Raw] = (config or {}).get("profiles") or ({},)
    return _profile(profiles[0], ties, 100)


def _profile(profile: Raw, ties: str, percentage: int, features: Collection[str] = ()) -> Profile:
    plugins: Raw = profile.get("plugins") or {}
    args = {str(c["name"]): _given(c.get("args")) for c in profile.get("pluginConfig") or ()}
    gated = (GANG_SCHEDULING,) if GANG_SCHEDULING in features else ()
    everywhere = _merged(plugins.get("multiPoint") or {}, (*MULTI_POINT, *gated))
    scoring, fit_args = _strategy(args.get("NodeResourcesFit") or {})
    scores = _expand(plugins.get("score") or {}, everywhere, SCORES)

    def names(point: str, able: tuple[str, ...]) -> tuple[str, ...]:
        return _expand(plugins.get(point) or {}, everywhere, able).names

    def files(point: str, able: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_file(name) for name in names(point, able))

    def score_file(name: str) -> str:
        return scoring if name == "NodeResourcesFit" else _file(name)

    return Profile(
        filters=files("filter", FILTERS),
        scores=tuple((score_file(name), scores.weights[name]) for name in scores.names),
        ties=ties,
        prefilters=files("preFilter", FILTERS),
        prescores=tuple(score_file(name) for name in names("preScore", SCORES)),
        post_filters=files("postFilter", POST_FILTERS),
        args={**_other_args(args), **fit_args},
        percentage=percentage,
        candidates=_candidates(args.get("DefaultPreemption") or {}),
        pre_enqueue=names("preEnqueue", PRE_ENQUEUE),
        permit=names("permit", PERMIT),
    )


def _given(args: Raw | None) -> Raw:
    """What is not left to the default."""
    return {k: v for k, v in (args or {}).items() if v is not None}


def _file(name: str) -> str:
    """The file of a plugin; one that Kubernetes does not have is called like its file."""
    return FILES.get(name) or catalog.snake(name)


def _candidates(args: Raw) -> tuple[int, int]:
    percent, absolute = DEFAULT_CANDIDATES
    return (
        args.get("minCandidateNodesPercentage", percent),
        args.get("minCandidateNodesAbsolute", absolute),
    )


def _merged(custom: Raw, default: Sequence[str]) -> dict[str, int]:
    """The multiPoint list: `default` less what is disabled, what is enabled replaced or added."""
    disabled = _names(custom.get("disabled"))
    enabled = {name: WEIGHTS.get(name, 1) for name in default}
    if "*" in disabled:
        enabled.clear()
    for name in disabled:
        enabled.pop(name, None)
    for plugin in custom.get("enabled") or ():
        enabled[str(plugin["name"])] = int(plugin.get("weight") or 1)
    return enabled


def _expand(point: Raw, everywhere: Mapping[str, int], able: tuple[str, ...]) -> _Point:
    disabled = _names(point.get("disabled"))
    own = {str(p["name"]): int(p.get("weight") or 1) for p in point.get("enabled") or ()}
    multi = {
        name: weight
        for name, weight in everywhere.items()
        if name in able and name not in disabled and "*" not in disabled
    }
    overriding = [name for name in own if name in multi]
    rest = [name for name in multi if name not in own]
    added = [name for name in own if name not in multi]
    return _Point((*overriding, *rest, *added), {**multi, **own})


def _names(plugins: Sequence[Raw] | None) -> list[str]:
    return [str(plugin["name"]) for plugin in plugins or ()]


def _strategy(args: Raw) -> tuple[str, dict[str, Raw]]:
    """The scoring strategy's file, and the arguments of the filter and of that file."""
    strategy: Raw = args.get("scoringStrategy") or {}
    file = STRATEGIES[str(strategy.get("type") or "LeastAllocated")]
    found: dict[str, Raw] = {}
    scoring: dict[str, Any] = {}
    if strategy.get("resources"):
        scoring["resources"] = _weighted(strategy["resources"])
    ratio: Raw = strategy.get("requestedToCapacityRatio") or {}
    if file == "requested_to_capacity_ratio":
        scoring["shape"] = ratio["shape"]
    if scoring:
        found[file] = scoring
    filtering = {k: args[k] for k in _FILTERING if k in args}
    if filtering:
        found["node_resources_fit"] = filtering
    return file, found


def _weighted(resources: Sequence[Raw]) -> list[Raw]:
    """Weight 0 or none is 1."""
    return [{"name": r["name"], "weight": r.get("weight") or 1} for r in resources]


def _other_args(args: Mapping[str, Raw]) -> dict[str, Raw]:
    """Arguments of the other plugins, by file."""
    found: dict[str, Raw] = {}
    for name, own in args.items():
        if name in FILES and name not in _WITHOUT_PARAMS:
            kept = {k: v for k, v in own.items() if k not in ("apiVersion", "kind")}
            if name == "NodeResourcesBalancedAllocation" and "resources" in kept:
                kept["resources"] = _weighted(kept["resources"])
            found[FILES[name]] = kept
    return found
