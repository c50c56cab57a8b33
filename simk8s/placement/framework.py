"""A scheduling profile: which filters in which order, which scores with which weights.

Mirrors: KubeSchedulerConfiguration profiles, kube-scheduler v1.36, as far as the plugins exist.
"""

from __future__ import annotations

from dataclasses import dataclass

from simk8s import catalog
from simk8s.placement.base import FilterPlugin, ScorePlugin

DEFAULT_FILTERS = (
    "node_unschedulable",
    "node_name",
    "taint_toleration",
    "node_affinity",
    "node_resources_fit",
    "gpu_share",
)
DEFAULT_SCORES = (
    ("taint_toleration", 3),
    ("node_affinity", 2),
    ("least_allocated", 1),
    ("balanced_allocation", 1),
)


@dataclass(frozen=True, slots=True)
class Profile:
    """Plugins by file name; `ties` is how the best of equals is chosen (see placement/ties)."""

    filters: tuple[str, ...] = DEFAULT_FILTERS
    scores: tuple[tuple[str, int], ...] = DEFAULT_SCORES
    ties: str = "lowest_index"


@dataclass(frozen=True, slots=True)
class Framework:
    """A profile with its plugins instantiated."""

    filters: tuple[FilterPlugin, ...]
    scores: tuple[tuple[ScorePlugin, int], ...]
    ties: str

    @classmethod
    def of(cls, profile: Profile) -> Framework:
        """Instantiate a profile's plugins; a plugin that filters and scores is one object."""
        made: dict[str, object] = {}

        def plugin(name: str) -> object:
            if name not in made:
                made[name] = catalog.resolve("plugins", name)()
            return made[name]

        filters = tuple(_filter(name, plugin(name)) for name in profile.filters)
        scores = tuple((_score(name, plugin(name)), weight) for name, weight in profile.scores)
        return cls(filters, scores, profile.ties)


def _filter(name: str, plugin: object) -> FilterPlugin:
    if not isinstance(plugin, FilterPlugin):
        raise TypeError(f"plugin {name} does not filter")
    return plugin


def _score(name: str, plugin: object) -> ScorePlugin:
    if not isinstance(plugin, ScorePlugin):
        raise TypeError(f"plugin {name} does not score")
    return plugin
