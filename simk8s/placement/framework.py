"""A scheduling profile: which plugins in which order, with which weights and arguments.

Mirrors: KubeSchedulerConfiguration profiles and the default plugins of kube-scheduler v1.36.
Departs: gpu_share (shares of GPU devices) stands among the filters; it is skipped by pods that
ask for no GPU device.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simk8s import catalog
from simk8s.placement.base import NO_EFFORT, Effort, FilterPlugin, Query, ScorePlugin
from simk8s.placement.view import View

DEFAULT_FILTERS = (
    "node_unschedulable",
    "node_name",
    "taint_toleration",
    "node_affinity",
    "node_ports",
    "node_resources_fit",
    "gpu_share",
    "volume_restrictions",
    "node_volume_limits",
    "volume_binding",
    "volume_zone",
    "pod_topology_spread",
    "inter_pod_affinity",
    "dynamic_resources",
    "node_declared_features",
)
DEFAULT_SCORES = (
    ("taint_toleration", 3),
    ("node_affinity", 2),
    ("least_allocated", 1),
    ("volume_binding", 1),
    ("pod_topology_spread", 2),
    ("inter_pod_affinity", 2),
    ("dynamic_resources", 2),
    ("balanced_allocation", 1),
    ("image_locality", 1),
)
DEFAULT_CANDIDATES = (10, 100)
DEFAULT_POST_FILTERS = ("dynamic_resources", "default_preemption")
DEFAULT_PRE_ENQUEUE = ("SchedulingGates", "DynamicResources", "DefaultPreemption")


@dataclass(frozen=True, slots=True)
class Profile:
    """Plugins by file name; `ties` is how the best of equals is chosen (see placement/select).

    `prefilters` and `prescores` are the plugins that are heard before any node is filtered or
    scored; None = those of `filters` and `scores`.
    """

    filters: tuple[str, ...] = DEFAULT_FILTERS
    scores: tuple[tuple[str, int], ...] = DEFAULT_SCORES
    ties: str = "lowest_index"
    prefilters: tuple[str, ...] | None = None
    prescores: tuple[str, ...] | None = None
    post_filters: tuple[str, ...] = DEFAULT_POST_FILTERS
    args: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Plugin file name -> its arguments, as its `Params` reads them."""
    percentage: int = 100
    """percentageOfNodesToScore; 0 = adaptive."""
    candidates: tuple[int, int] = DEFAULT_CANDIDATES
    """A preemption dry run tries at least so many percent of the nodes, and so many nodes."""
    pre_enqueue: tuple[str, ...] = DEFAULT_PRE_ENQUEUE
    """Gates of the queue, by their Kubernetes names."""
    permit: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Framework:
    """A profile with its plugins instantiated."""

    filters: tuple[FilterPlugin, ...]
    scores: tuple[tuple[ScorePlugin, int], ...]
    ties: str
    prefilters: tuple[FilterPlugin, ...]
    prescores: tuple[ScorePlugin, ...]
    post_filters: tuple[str, ...]
    percentage: int = 100
    candidates: tuple[int, int] = DEFAULT_CANDIDATES
    pre_enqueue: tuple[str, ...] = DEFAULT_PRE_ENQUEUE
    permit: tuple[str, ...] = ()
    reading: tuple[FilterPlugin, ...] = ()
    """Filters that have an `effort`."""

    @classmethod
    def of(cls, profile: Profile) -> Framework:
        """Instantiate a profile's plugins; a plugin that filters and scores is one object."""
        made: dict[str, object] = {}

        def plugin(name: str) -> object:
            if name not in made:
                made[name] = _make(name, profile.args.get(name))
            return made[name]

        before = profile.filters if profile.prefilters is None else profile.prefilters
        heard = profile.prescores
        if heard is None:
            heard = tuple(name for name, _ in profile.scores)
        return cls(
            tuple(_filter(name, plugin(name)) for name in profile.filters),
            tuple((_score(name, plugin(name)), weight) for name, weight in profile.scores),
            profile.ties,
            tuple(_filter(name, plugin(name)) for name in before),
            tuple(_score(name, plugin(name)) for name in heard),
            profile.post_filters,
            profile.percentage,
            profile.candidates,
            profile.pre_enqueue,
            profile.permit,
            tuple(filter(_reads, (_filter(name, plugin(name)) for name in profile.filters))),
        )

    def effort(self, query: Query, view: View) -> Effort:
        """What the plugins go through before they look at single nodes."""
        nodes = pods = 0
        for plugin in self.reading:
            read = plugin.effort(query, view)
            if read is not NO_EFFORT:
                nodes += read.nodes
                pods += read.pods
        return Effort(nodes, pods) if nodes or pods else NO_EFFORT

    def flaw(self, query: Query, view: View) -> str | None:
        """Why a pod cannot be scored, in the scheduler's words."""
        for plugin in self.prescores:
            words = plugin.flaw(query) if plugin.wakes(query, view) else None
            if words is not None:
                return f'running PreScore plugin "{plugin.name}": {words}'
        return None


def _make(name: str, args: Mapping[str, Any] | None) -> object:
    made = catalog.resolve("plugins", name)
    if not args:
        return made()
    return made(catalog.params_of("plugins", name).model_validate(args))


def _reads(plugin: FilterPlugin) -> bool:
    return type(plugin).effort is not FilterPlugin.effort


def _filter(name: str, plugin: object) -> FilterPlugin:
    if not isinstance(plugin, FilterPlugin):
        raise TypeError(f"plugin {name} does not filter")
    return plugin


def _score(name: str, plugin: object) -> ScorePlugin:
    if not isinstance(plugin, ScorePlugin):
        raise TypeError(f"plugin {name} does not score")
    return plugin
