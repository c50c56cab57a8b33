"""L1: rules over the timeline: what it names must be there, and it must happen.

Law: an object, workload, node or group that nothing in the scenario can make is an error with
did-you-mean; what controllers make (ReplicaSets, Jobs, pods) and what a file of nodes names is
known only in the run, and told there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from simk8s.catalog import camel, suggest
from simk8s.errors import Problem
from simk8s.scenario import fit
from simk8s.scenario.annotations import PREFIX
from simk8s.scenario.positions import Path as KeyPath
from simk8s.scenario.references import NODE, Reference
from simk8s.scenario.schema import NodeGroup
from simk8s.scenario.templates import template_warnings
from simk8s.scenario.timeline import (
    MOST_TIMES,
    Nodes,
    SetArrivalRate,
    TimelineEntry,
    written,
)
from simk8s.units import format_duration

if TYPE_CHECKING:
    from simk8s.scenario.lint import Context

MADE_BY_CONTROLLERS = ("Pod", "ReplicaSet", "Job", "ServiceAccount")
RUNS = f"{PREFIX}run-seconds"
ALWAYS_THERE = ("default", "kube-system", "kube-public", "kube-node-lease")


def timeline(context: Context) -> Iterator[Problem]:
    """Every rule over every entry."""
    known = _Known(context)
    for index, entry in enumerate(context.scenario.timeline):
        path: KeyPath = ("timeline", index)
        yield from _times(context, entry, path)
        inner = (*path, written(entry.verb))
        for where, target in _objects(entry, inner):
            yield from known.object(where, target, entry.namespace)
        for where, nodes in _nodes(entry, inner):
            yield from known.nodes(where, nodes)
        if entry.set_arrival_rate is not None:
            yield from known.arrivals(inner, entry.set_arrival_rate)
        if entry.add_nodes is not None:
            yield from _profile(context, inner, entry.add_nodes)
    yield from _applied(context)


def _times(context: Context, entry: TimelineEntry, path: KeyPath) -> Iterator[Problem]:
    end_us = context.scenario.duration
    where = (*path, "at" if entry.at is not None else "from")
    if entry.first_us >= end_us:
        text = f"{format_duration(entry.first_us)} is after the end of the simulation"
        yield context.problem("W102", text, where, f"it ends at {format_duration(end_us)}")
    if entry.every is not None and (end_us - entry.first_us) // entry.every >= MOST_TIMES:
        text = f"happens more than {MOST_TIMES:,} times"
        yield context.problem("E105", text, (*path, "every"), "make `every` longer")
    if entry.until is not None and entry.until < entry.first_us:
        text = "`until` is before the first time, so it never happens"
        yield context.problem("W102", text, (*path, "until"))


def _objects(entry: TimelineEntry, path: KeyPath) -> Iterator[tuple[KeyPath, Reference]]:
    value = getattr(entry, entry.verb)
    if isinstance(value, Reference):
        yield path, value
    elif entry.delete is not None:
        yield from (((*path, index), one) for index, one in enumerate(entry.delete))
    elif isinstance(getattr(value, "object", None), Reference):
        yield (*path, "object"), value.object


def _nodes(entry: TimelineEntry, path: KeyPath) -> Iterator[tuple[KeyPath, Nodes]]:
    value = getattr(entry, entry.verb)
    if isinstance(value, Nodes):
        yield path, value
    elif isinstance(getattr(value, "nodes", None), Nodes):
        yield (*path, "nodes"), value.nodes


def stem(group: NodeGroup) -> str:
    """What the names of a group's nodes begin with."""
    return group.name or (group.profile or "node").replace(".", "-").replace("_", "-").lower()


def _profile(context: Context, path: KeyPath, group: NodeGroup) -> Iterator[Problem]:
    known = context.knowledge.profiles() if context.knowledge is not None else None
    if known is not None and group.profile is not None and group.profile not in known:
        hint = _near(group.profile, known, "docs/profiles.md lists them; or give a capacity")
        text = f"unknown profile {group.profile!r}"
        yield context.problem("E301", text, (*path, "profile"), hint)
    if group.csv is not None and not (context.base / group.csv).is_file():
        text = f"the file {group.csv!r} does not exist"
        hint = f"looked in {context.base.absolute()}"
        yield context.problem("E303", text, (*path, "csv"), hint)


def _applied(context: Context) -> Iterator[Problem]:
    """Templates that are applied: fields without effect, pods that fit nowhere."""
    groups = fit.offers(context.scenario, context.knowledge)
    for objects in context.applied.values():
        for item in objects:
            yield from template_warnings(item.template, item.template_path, item.positions)
            for reason in fit.never_fits(item.template, groups) if item.template else ():
                text = f"no node can ever fit {item.kind} {item.name!r}: {reason}"
                hint = "they will stay pending"
                yield Problem("W101", text, item.place, hint, severity="warning")
            notes = (item.template.get("metadata") or {}).get("annotations") or {}
            if item.kind in ("Job", "CronJob") and RUNS not in notes:
                text = f"without the annotation {RUNS} the pods of this {item.kind} never complete"
                yield Problem("W106", text, item.place, severity="warning")


class _Known:
    """What a scenario says that there will be."""

    def __init__(self, context: Context) -> None:
        self._context = context
        scenario = context.scenario
        groups = [*scenario.nodes, *fit.added_groups(scenario)]
        self._open = any(group.csv is not None for group in groups)
        self._counts: dict[str, int] = {}
        times = [1] * len(scenario.nodes) + [
            MOST_TIMES if entry.every is not None else 1
            for entry in scenario.timeline
            if entry.add_nodes is not None
        ]
        for group, often in zip(groups, times, strict=True):
            if group.csv is None:
                name = stem(group)
                self._counts[name] = self._counts.get(name, 0) + (group.count or 0) * often
        self._zones = list(dict.fromkeys(zone for group in groups for zone in group.zones))
        self._objects = dict.fromkeys(self._all_objects())

    def _all_objects(self) -> Iterator[tuple[str, str, str]]:
        """(kind, namespace, name) of everything that somebody writes."""
        context = self._context
        for index, entry in enumerate(context.scenario.workload):
            made = {
                "Deployment": entry.deployment,
                "ReplicaSet": entry.replica_set,
                "Job": entry.job,
            }
            for kind, spec in made.items():
                if spec is not None:
                    yield kind, entry.namespace, entry.name or ""
            for item in context.manifests.get(index, ()):
                yield item.kind, item.namespace or entry.namespace, item.name
        for index, objects in context.applied.items():
            default = context.scenario.timeline[index].namespace
            for item in objects:
                yield item.kind, item.namespace or default, item.name

    def object(self, path: KeyPath, target: Reference, namespace: str) -> Iterator[Problem]:
        """An object that is named."""
        if target.kind == NODE:
            yield from self._node(path, target.name)
            return
        if target.kind in MADE_BY_CONTROLLERS:
            return
        alike = {name: ns for kind, ns, name in self._objects if kind == target.kind}
        bare = target.key("") == target.name
        there = (target.kind, namespace, target.name) in self._objects
        if there or (bare and (target.name in alike or target.name in ALWAYS_THERE)):
            return
        if target.name in alike:
            hint = f"there is one in namespace {alike[target.name]!r}: add `namespace:`"
        else:
            near = suggest(target.name, [*alike])
            listed = ", ".join(f"{target.kind.lower()}/{name}" for name in alike)
            full = f"{target.kind.lower()}/{near}"
            hint = f"did you mean {full!r}?" if near else f"there are: {listed or 'none'}"
        text = f"nothing in the scenario makes {target} in namespace {namespace!r}"
        yield self._context.problem("E351", text, path, hint)

    def nodes(self, path: KeyPath, nodes: Nodes) -> Iterator[Problem]:
        """Nodes that are named, or their group or zone."""
        for place, name in enumerate(nodes.names or ()):
            yield from self._node((*path, "names", place), name)
        if nodes.zone is not None and nodes.zone not in self._zones and not self._open:
            listed = ", ".join(self._zones)
            otherwise = f"zones of this scenario: {listed}" if listed else "no node has a zone"
            hint = _near(nodes.zone, self._zones, otherwise)
            text = f"unknown zone {nodes.zone!r}"
            yield self._context.problem("E302", text, (*path, "zone"), hint)
        if nodes.group is not None and nodes.group not in self._counts:
            listed = f"groups of this scenario: {', '.join(self._counts) or 'none'}"
            hint = _near(nodes.group, [*self._counts], listed)
            text = f"unknown node group {nodes.group!r}"
            yield self._context.problem("E351", text, (*path, "group"), hint)

    def _node(self, path: KeyPath, name: str) -> Iterator[Problem]:
        group, _, number = name.rpartition("-")
        right = number.isdecimal() and (number == "0" or number[0] != "0")
        if self._open or (right and int(number) < self._counts.get(group, 0)):
            return
        near = suggest(group or name, [*self._counts])
        first = near or next(iter(self._counts), None)
        last = self._counts.get(first or "", 0) - 1
        hint = None if first is None else f"{first}-0 to {first}-{last} is a group of this scenario"
        yield self._context.problem("E351", f"no node is ever called {name!r}", path, hint)

    def arrivals(self, path: KeyPath, change: SetArrivalRate) -> Iterator[Problem]:
        """A workload entry whose arrivals change."""
        context = self._context
        entries = {entry.name: entry for entry in context.scenario.workload if entry.name}
        entry = entries.get(change.workload)
        if entry is None or entry.arrivals is None:
            names = [name for name, one in entries.items() if one.arrivals is not None]
            listed = f"with arrivals are: {', '.join(names) or 'none'}"
            hint = _near(change.workload, names, listed)
            words = "unknown workload" if entry is None else "no arrivals are in the workload"
            text = f"{words} {change.workload!r}"
            yield context.problem("E351", text, (*path, "workload"), hint)
        elif change.rate is not None and not getattr(entry.arrivals.params, "rate", None):
            kind = camel(entry.arrivals.name)
            text = f"arrivals by {kind} have no one rate that could be set"
            yield context.problem("E105", text, (*path, "rate"), "write a factor")


def _near(word: str, choices: Sequence[str], otherwise: str) -> str:
    near = suggest(word, choices)
    return f"did you mean {near!r}?" if near else otherwise
