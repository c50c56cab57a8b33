"""L1: a KubeSchedulerConfiguration file, read as it is and checked.

Law: what kube-scheduler would refuse is an error here, at its line, with a hint; what it would
accept and simk8s does not simulate (extenders) is a warning. The data come back as written:
defaults and the merging of profiles are placement's.

Mirrors: ValidateKubeSchedulerConfiguration and NewFramework's checks, kube-scheduler v1.36.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from simk8s.catalog import CatalogLike, suggest
from simk8s.errors import Problem, UserError
from simk8s.scenario._scheduler_schema import ARGS, POINTS, Configuration, Plugins
from simk8s.scenario.explain import problems_of
from simk8s.scenario.positions import Path as KeyPath
from simk8s.scenario.positions import Positions
from simk8s.scenario.reading import read_document, read_text

POINT_NAMES = tuple(
    field.alias or name for name, field in Plugins.model_fields.items() if name != "multi_point"
)
NEEDED = (("queueSort", "PrioritySort", "queue sort"), ("bind", "DefaultBinder", "bind"))
GATED = ("GangScheduling",)
"""Plugins that a feature gate of the same name turns on."""
NO_EFFECT = ("reserve", "preBind", "postBind")
"""Extension points that change nothing in a simulation."""


@dataclass(frozen=True)
class SchedulerConfig:
    """A checked file: its data as written, and warnings."""

    data: dict[str, Any]
    problems: tuple[Problem, ...] = ()


def own_plugins(catalog: CatalogLike) -> list[str]:
    """The catalogue's plugins as a configuration calls them: `best_fit` is BestFit."""
    return ["".join(part.capitalize() for part in n.split("_")) for n in catalog.names("plugins")]


def read_scheduler_config(
    path: Path, own: Iterable[str] = (), features: Collection[str] = ()
) -> SchedulerConfig:
    """Read and check a file; UserError with every problem. `own`: further plugins, by name;
    `features`: feature gates that are on.
    """
    document = read_document(read_text(path), str(path))
    problems = list(_problems(document.data, document.positions, frozenset(own), features))
    if any(problem.severity == "error" for problem in problems):
        raise UserError(*problems)
    return SchedulerConfig(document.data, tuple(problems))


def _problems(
    data: Any, positions: Positions, own: frozenset[str], features: Collection[str]
) -> Iterator[Problem]:
    try:
        Configuration.model_validate(data)
    except ValidationError as error:
        yield from problems_of(error, Configuration, positions)
        return
    check = _Check(positions, own, features)
    yield from check.whole(data)
    for index, profile in enumerate(data.get("profiles") or ()):
        yield from check.profile(profile, ("profiles", index))


class _Check:
    """What models cannot say, at its place."""

    def __init__(
        self, positions: Positions, own: frozenset[str], features: Collection[str]
    ) -> None:
        self._positions = positions
        self._features = features
        self._known = {**dict.fromkeys(own, ("filter", "score")), **POINTS}

    def _problem(self, code: str, text: str, path: KeyPath, hint: str | None = None) -> Problem:
        place = self._positions.place(path)
        return Problem(code, text, place, hint, "warning" if code[0] == "W" else "error")

    def whole(self, data: dict[str, Any]) -> Iterator[Problem]:
        first = data.get("podInitialBackoffSeconds") or 1
        most = data.get("podMaxBackoffSeconds") or 10
        if most < first:
            text = f"must be at least podInitialBackoffSeconds ({first})"
            yield self._problem("E105", text, ("podMaxBackoffSeconds",))
        names: dict[str, int] = {}
        for index, profile in enumerate(data.get("profiles") or ()):
            name = profile.get("schedulerName") or "default-scheduler"
            if names.setdefault(name, index) != index:
                path = ("profiles", index, "schedulerName")
                yield self._problem("E304", f"two profiles are called {name!r}", path)
        if data.get("extenders"):
            text = "extenders are not simulated; decisions are made without them"
            yield self._problem("W105", text, ("extenders",))

    def profile(self, profile: dict[str, Any], path: KeyPath) -> Iterator[Problem]:
        plugins = profile.get("plugins") or {}
        for point, chosen in plugins.items():
            yield from self._set(point, chosen or {}, (*path, "plugins", point))
        for point, plugin, words in NEEDED:
            if not _runs(plugins, point, plugin):
                name = profile.get("schedulerName") or "default-scheduler"
                text = f"at least one {words} plugin is needed for profile with scheduler name"
                text = f'{text} "{name}"; kube-scheduler does not start without one'
                hint = f"enable {plugin} there"
                yield self._problem("E105", text, (*path, "plugins"), hint)
        seen: set[str] = set()
        for index, config in enumerate(profile.get("pluginConfig") or ()):
            inner = (*path, "pluginConfig", index)
            name = config["name"]
            if name in seen:
                text = f"the arguments of {name} are given twice"
                yield self._problem("E304", text, (*inner, "name"))
            seen.add(name)
            yield from self._args(name, config.get("args") or {}, inner)

    def _set(self, point: str, chosen: dict[str, Any], path: KeyPath) -> Iterator[Problem]:
        if point in NO_EFFECT and (chosen.get("enabled") or chosen.get("disabled")):
            text = f"plugins at {point} are not simulated; what is set here has no effect"
            yield self._problem("W105", text, path)
        seen: set[str] = set()
        for index, plugin in enumerate(chosen.get("enabled") or ()):
            name, inner = plugin["name"], (*path, "enabled", index, "name")
            if name not in self._known:
                yield self._unknown(name, inner)
            elif point not in (*self._known[name], *(["multiPoint"] if name in POINTS else ())):
                hint = f"it has its say at {', '.join(self._known[name])}"
                yield self._problem("E105", f"{name} does not extend {point}", inner, hint)
            elif name in GATED and name not in self._features:
                text = f"{name} has no effect while its feature gate is off"
                hint = f"strategy: {{name: kube_scheduler, featureGates: {{{name}: true}}}}"
                yield self._problem("W105", text, inner, hint)
            elif name in seen:
                yield self._problem("E304", f"{name} is enabled twice at {point}", inner)
            seen.add(name)
        for index, plugin in enumerate(chosen.get("disabled") or ()):
            if plugin["name"] != "*" and plugin["name"] not in self._known:
                yield self._unknown(plugin["name"], (*path, "disabled", index, "name"))

    def _unknown(self, name: str, path: KeyPath) -> Problem:
        near = suggest(name, self._known)
        hint = f"did you mean {near!r}?" if near else f"known: {', '.join(sorted(self._known))}"
        return self._problem("E201", f"unknown plugin {name!r}", path, hint)

    def _args(self, name: str, args: dict[str, Any], path: KeyPath) -> Iterator[Problem]:
        if name not in self._known:
            yield self._unknown(name, (*path, "name"))
            return
        model, inner = ARGS.get(name), (*path, "args")
        if model is None:
            if args:
                yield self._problem("E105", f"{name} takes no arguments", inner)
            return
        try:
            model.model_validate(args)
        except ValidationError as error:
            yield from problems_of(error, model, self._positions.below(inner))
            return
        if args.get("kind") not in (None, f"{name}Args"):
            yield self._problem("E105", f"expected kind {name}Args", (*inner, "kind"))
        yield from self._sense(name, args, inner)

    def _sense(self, name: str, args: dict[str, Any], path: KeyPath) -> Iterator[Problem]:
        """Arguments that contradict each other."""
        if name == "NodeResourcesFit":
            strategy = args.get("scoringStrategy") or {}
            shape = (strategy.get("requestedToCapacityRatio") or {}).get("shape")
            inner = (*path, "scoringStrategy")
            if strategy.get("type") == "RequestedToCapacityRatio" and not shape:
                yield self._problem("E102", "`requestedToCapacityRatio.shape` is missing", inner)
            use = [point["utilization"] for point in shape or ()]
            if any(later <= earlier for earlier, later in pairwise(use)):
                inner = (*inner, "requestedToCapacityRatio", "shape")
                yield self._problem("E105", "utilization must rise from point to point", inner)
        elif name == "PodTopologySpread":
            given = args.get("defaultConstraints")
            if given and args.get("defaultingType") != "List":
                hint = "write defaultingType: List"
                text = "defaultConstraints count only with defaultingType List"
                yield self._problem("E105", text, (*path, "defaultConstraints"), hint)


def _runs(plugins: dict[str, Any], point: str, plugin: str) -> bool:
    """Whether a default plugin is there at a point, or anything enabled in its stead."""
    own = plugins.get(point) or {}
    if own.get("enabled"):
        return True
    everywhere = plugins.get("multiPoint") or {}
    if any(plugin == p["name"] for p in everywhere.get("enabled") or ()):
        return plugin not in _off(own)
    return not {"*", plugin} & {*_off(own), *_off(everywhere)}


def _off(chosen: dict[str, Any]) -> list[str]:
    return [plugin["name"] for plugin in chosen.get("disabled") or ()]
