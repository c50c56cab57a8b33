"""KubeSchedulerConfiguration as data: from the mapping that a user writes to a `Profile`.

Mirrors: kube-scheduler v1.36 apis/config/v1 defaulting and the framework's expansion of
multiPoint: what an extension point enables by name comes first, then multiPoint, then the rest;
weights given at the score point win.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simk8s.placement.framework import Profile

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
STRATEGIES = {
    "LeastAllocated": "least_allocated",
    "MostAllocated": "most_allocated",
    "RequestedToCapacityRatio": "requested_to_capacity_ratio",
}


@dataclass(frozen=True, slots=True)
class _Point:
    """What one extension point runs, with the weight of each plugin."""

    names: tuple[str, ...]
    weights: Mapping[str, int]


def profile_of(config: Raw | None, ties: str = "lowest_index") -> Profile:
    """The first profile of a configuration; None = all defaults."""
    profiles: Sequence[Raw] = (config or {}).get("profiles") or ({},)
    profile = profiles[0]
    plugins: Raw = profile.get("plugins") or {}
    args = {str(c["name"]): c.get("args") or {} for c in profile.get("pluginConfig") or ()}
    everywhere = _merged(plugins.get("multiPoint") or {})
    scoring, fit_args = _strategy(args.get("NodeResourcesFit") or {})
    scores = _expand(plugins.get("score") or {}, everywhere, SCORES)

    def files(point: str, able: tuple[str, ...]) -> tuple[str, ...]:
        names = _expand(plugins.get(point) or {}, everywhere, able).names
        return tuple(FILES[name] for name in names)

    def score_file(name: str) -> str:
        return scoring if name == "NodeResourcesFit" else FILES[name]

    prescores = _expand(plugins.get("preScore") or {}, everywhere, SCORES).names
    return Profile(
        filters=files("filter", FILTERS),
        scores=tuple((score_file(name), scores.weights[name]) for name in scores.names),
        ties=ties,
        prefilters=files("preFilter", FILTERS),
        prescores=tuple(score_file(name) for name in prescores),
        post_filters=files("postFilter", POST_FILTERS),
        args={**_other_args(args), **fit_args},
    )


def _merged(custom: Raw) -> dict[str, int]:
    """The multiPoint list: defaults less what is disabled, what is enabled replaced or added."""
    disabled = _names(custom.get("disabled"))
    enabled = {name: WEIGHTS.get(name, 1) for name in FILES}
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
    scoring = {"resources": strategy["resources"]} if strategy.get("resources") else {}
    ratio: Raw = strategy.get("requestedToCapacityRatio") or {}
    if file == "requested_to_capacity_ratio":
        scoring["shape"] = ratio["shape"]
    if scoring:
        found[file] = scoring
    filtering = {k: args[k] for k in ("ignoredResources", "ignoredResourceGroups") if k in args}
    if filtering:
        found["node_resources_fit"] = filtering
    return file, found


def _other_args(args: Mapping[str, Raw]) -> dict[str, Raw]:
    """Arguments of the other plugins, by file."""
    return {
        FILES[name]: {k: v for k, v in own.items() if k not in ("apiVersion", "kind")}
        for name, own in args.items()
        if name in FILES and name != "NodeResourcesFit"
    }
