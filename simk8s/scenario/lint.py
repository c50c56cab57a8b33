"""L1: rules over a valid scenario: what does not belong together, what is probably not meant.

Law: one rule a function, each yields problems with code, place and hint. Errors stop the run
(unknown profile, zone, file); warnings are printed before it (a template that fits nowhere).
Rules know extensions only by conventions: `at` is a time, `zone` a zone, `path` a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from simk8s.catalog import CatalogLike, camel, suggest, unknown_name
from simk8s.errors import Problem, Severity, UserError
from simk8s.scenario import fit
from simk8s.scenario.annotations import PREFIX
from simk8s.scenario.found import ManifestObject, near_file
from simk8s.scenario.knowledge import Knowledge
from simk8s.scenario.positions import Path as KeyPath
from simk8s.scenario.positions import Positions
from simk8s.scenario.schema import Scenario, WorkloadEntry
from simk8s.scenario.templates import (
    images_of,
    static_paths,
    template_paths,
    template_warnings,
)
from simk8s.units import format_duration

if TYPE_CHECKING:
    from simk8s.scenario.timeline import TimelineEntry


@dataclass(frozen=True)
class Context:
    """All that a rule may look at."""

    scenario: Scenario
    data: Any
    positions: Positions
    base: Path
    catalog: CatalogLike
    knowledge: Knowledge | None
    manifests: Mapping[int, tuple[ManifestObject, ...]]
    applied: Mapping[int, tuple[ManifestObject, ...]] = field(default_factory=dict)
    """By index in `scenario.timeline`."""

    def problem(
        self, code: str, text: str, path: KeyPath, hint: str | None = None, *, key: bool = False
    ) -> Problem:
        severity: Severity = "warning" if code.startswith("W") else "error"
        return Problem(code, text, self.positions.place(path, key=key), hint, severity)


Rule = Callable[[Context], Iterator[Problem]]


def check(context: Context) -> Iterator[Problem]:
    """Every rule over a scenario."""
    for rule in RULES:
        yield from rule(context)


def _near(word: str, choices: Sequence[str], otherwise: str) -> str:
    near = suggest(word, choices)
    return f"did you mean {near!r}?" if near else otherwise


def unique_names(context: Context) -> Iterator[Problem]:
    seen: dict[tuple[str, str], KeyPath] = {}
    named = [("workload", i, e.namespace, e.name) for i, e in enumerate(context.scenario.workload)]
    named += [("nodes", i, "", group.name) for i, group in enumerate(context.scenario.nodes)]
    for section, index, namespace, name in named:
        path: KeyPath = (section, index, "name")
        if name is None:
            continue
        first = seen.setdefault((section, f"{namespace}/{name}"), path)
        if first != path:
            line = context.positions.place(first).line
            text = f"the name {name!r} is used twice in {section}, first in line {line}"
            yield context.problem("E304", text, path)


def known_profiles(context: Context) -> Iterator[Problem]:
    if context.knowledge is None:
        return
    known = context.knowledge.profiles()
    for index, group in enumerate(context.scenario.nodes):
        if group.profile is not None and group.profile not in known:
            path = ("nodes", index, "profile")
            hint = _near(group.profile, known, "docs/profiles.md lists them; or give a capacity")
            yield context.problem("E301", f"unknown profile {group.profile!r}", path, hint)


def _zones(scenario: Scenario) -> list[str]:
    return list(dict.fromkeys(zone for group in scenario.nodes for zone in group.zones))


def known_zones(context: Context) -> Iterator[Problem]:
    zones = _zones(context.scenario)
    for path, params in _faults(context.scenario):
        zone = getattr(params, "zone", None)
        if isinstance(zone, str) and zone not in zones:
            listed = (
                f"zones of this scenario: {', '.join(zones)}" if zones else "no node has a zone"
            )
            hint = _near(zone, zones, listed)
            yield context.problem("E302", f"unknown zone {zone!r}", (*path, "zone"), hint)


def existing_files(context: Context) -> Iterator[Problem]:
    for path, name in _file_mentions(context.scenario):
        if not (context.base / name).is_file():
            near = near_file(context.base, name)
            hint = f"did you mean {near!r}?" if near else f"looked in {context.base.absolute()}"
            yield context.problem("E303", f"the file {name!r} does not exist", path, hint)


def _file_mentions(scenario: Scenario) -> Iterator[tuple[KeyPath, str]]:
    config = getattr(scenario.strategy.params, "config", None)
    if isinstance(config, str):
        yield ("strategy", "config"), config
    for index, group in enumerate(scenario.nodes):
        if group.csv is not None:
            yield ("nodes", index, "csv"), group.csv
    for index, entry in enumerate(scenario.workload):
        path = getattr(entry.replay.params, "path", None) if entry.replay else None
        if isinstance(path, str):
            yield ("workload", index, "replay", "path"), path
    for index, behaviour in enumerate(scenario.behaviour):
        for path in behaviour.usage.paths if behaviour.usage is not None else ():
            yield ("behaviour", index, "usage"), path
    for place, params in _faults(scenario):
        trace = getattr(params, "trace", None)
        if isinstance(trace, str):
            yield (*place, "trace"), trace


def scheduler_config(context: Context) -> Iterator[Problem]:
    """A strategy's `config` is a KubeSchedulerConfiguration file."""
    name = getattr(context.scenario.strategy.params, "config", None)
    if isinstance(name, str) and (context.base / name).is_file():
        from simk8s.scenario.scheduler_config import own_plugins, read_scheduler_config

        try:
            gates = getattr(context.scenario.strategy.params, "feature_gates", None)
            features = gates.on() if gates is not None else ()
            own = own_plugins(context.catalog)
            found = read_scheduler_config(context.base / name, own, features)
            yield from found.problems
        except UserError as error:
            yield from error.problems


def pod_groups(context: Context) -> Iterator[Problem]:
    groups = any(item.kind == "PodGroup" for found in context.manifests.values() for item in found)
    if groups or _names_groups(context):
        from simk8s.scenario.podgroups import pod_groups as rule

        yield from rule(context)


def _names_groups(context: Context) -> bool:
    templates = [template for _, template in template_paths(context.data)]
    templates += [item.template for found in context.manifests.values() for item in found]
    return any((template.get("spec") or {}).get("schedulingGroup") for template in templates)


def known_formats(context: Context) -> Iterator[Problem]:
    known = context.catalog.names("traces")
    for index, group in enumerate(context.scenario.nodes):
        name = group.format
        if name is not None and ".py" not in name and name not in known:
            place = context.positions.place(("nodes", index, "format"))
            yield from unknown_name("traces", name, known, place).problems


def fitting_templates(context: Context) -> Iterator[Problem]:
    groups = fit.offers(context.scenario, context.knowledge)
    for path, template in template_paths(context.data):
        entry = context.scenario.workload[int(path[1])]
        for reason in fit.never_fits(template, groups, ignore=_drawn(entry)):
            text = f"no node can ever fit pods of {entry.name!r}: {reason}"
            yield context.problem("W101", text, path, "they will stay pending", key=True)
    for objects in context.manifests.values():
        for item in objects:
            for reason in fit.never_fits(item.template, groups) if item.template else ():
                text = f"no node can ever fit {item.kind} {item.name!r}: {reason}"
                hint = "they will stay pending"
                yield Problem("W101", text, item.place, hint, severity="warning")


def _drawn(entry: WorkloadEntry) -> tuple[str, ...]:
    """Resources that are drawn per pod: what the template says of them does not count."""
    drawn = entry.requests
    if drawn is None:
        return ()
    return tuple(name for name in ("cpu", "memory") if getattr(drawn, name) is not None)


def template_words(context: Context) -> Iterator[Problem]:
    for path, template in (*template_paths(context.data), *static_paths(context.data)):
        yield from template_warnings(template, path, context.positions)


def within_the_end(context: Context) -> Iterator[Problem]:
    end = context.scenario.duration
    mentions = [(path, getattr(params, "at", None)) for path, params in _faults(context.scenario)]
    mentions += [(("workload", i), e.at) for i, e in enumerate(context.scenario.workload)]
    for path, at in mentions:
        if isinstance(at, int) and at >= end:
            text = f"{format_duration(at)} is after the end of the simulation"
            hint = f"it ends at {format_duration(end)}"
            yield context.problem("W102", text, (*path, "at"), hint)


def _faults(scenario: Scenario) -> Iterator[tuple[KeyPath, BaseModel]]:
    for index, fault in enumerate(scenario.faults):
        key = fault.name if ".py" in fault.name else camel(fault.name)
        yield ("faults", index, key), fault.params


def of_faults(context: Context) -> Iterator[Problem]:
    if context.scenario.faults:
        from simk8s.scenario._fault_lint import rules

        yield from rules(context, list(_faults(context.scenario)))


def something_arrives(context: Context) -> Iterator[Problem]:
    for index, entry in enumerate(context.scenario.workload):
        path: KeyPath = ("workload", index)
        if entry.arrivals is not None and getattr(entry.arrivals.params, "rate", None) == 0:
            inner = (*path, "arrivals", camel(entry.arrivals.name), "rate")
            yield context.problem("W103", "at this rate nothing ever arrives", inner)
        if entry.replica_set is not None and entry.replica_set.replicas == 0:
            inner = (*path, "replicaSet", "replicas")
            yield context.problem("W103", "a ReplicaSet of no replicas has no pods", inner)
        if entry.deployment is not None and entry.deployment.replicas == 0:
            inner = (*path, "deployment", "replicas")
            yield context.problem("W103", "a Deployment of no replicas has no pods", inner)
        if entry.job is not None and entry.job.parallelism == 0:
            inner = (*path, "job", "parallelism")
            yield context.problem("W103", "a Job without parallelism never starts a pod", inner)


def jobs_end(context: Context) -> Iterator[Problem]:
    for index, entry in enumerate(context.scenario.workload):
        held = context.manifests.get(index, ())
        templates = [one.template for one in held if one.kind in ("Job", "CronJob")]
        if entry.job is not None:
            templates.append(entry.pod_template or {})
        if entry.lifetime is None and not all(map(_ends, templates)):
            if context.scenario.behaviour and _ends_by_rule(context, index):
                continue
            text = "without `lifetime` the pods of this Job never complete"
            hint = "add for example lifetime: {lognormal: {p50: 10m, p99: 1h}}"
            yield context.problem("W106", text, ("workload", index), hint)


def _ends_by_rule(context: Context, index: int) -> bool:
    from simk8s.scenario.subjects import ends_by_rule

    return ends_by_rule(context, index)


def _ends(template: dict[str, Any]) -> bool:
    """Whether a pod template says itself how long its containers run."""
    notes = (template.get("metadata") or {}).get("annotations") or {}
    return any(f"{PREFIX}{name}" in notes for name in ("run-seconds", "lifetime", "cpu-work"))


def enough_samples(context: Context) -> Iterator[Problem]:
    interval = context.scenario.sampling.interval
    if interval is not None and interval > context.scenario.duration:
        text = "the sampling interval is longer than the simulation"
        yield context.problem("W107", text, ("sampling", "interval"))


def something_there(context: Context) -> Iterator[Problem]:
    scenario = context.scenario
    counts = [group.count for group in scenario.nodes]
    if not any(count is None or count > 0 for count in counts):
        yield context.problem("W108", "the cluster has no nodes", ("nodes",), key=True)
    if not scenario.workload:
        yield context.problem("W108", "there is no workload", ("workload",), key=True)


def timeline(context: Context) -> Iterator[Problem]:
    if context.scenario.timeline:
        from simk8s.scenario._timeline_lint import timeline as rules

        yield from rules(context)


def behaviour(context: Context) -> Iterator[Problem]:
    if context.scenario.behaviour:
        from simk8s.scenario.subjects import matched_rules

        yield from matched_rules(context)


def used_images(context: Context) -> Iterator[Problem]:
    """An image that the scenario describes is one that some pod runs."""
    listed = context.scenario.images
    if not listed:
        return
    templates = [t for _, t in (*template_paths(context.data), *static_paths(context.data))]
    held = (*context.manifests.values(), *context.applied.values())
    templates += [item.template for objects in held for item in objects]
    templates += [_set_images(entry) for entry in context.scenario.timeline]
    used = dict.fromkeys(image for template in templates for image in images_of(template))
    for name in listed:
        if not used.keys() & {name, f"{name}:latest", name.removesuffix(":latest")}:
            hint = _near(name, [*used], "images of this scenario: " + (", ".join(used) or "none"))
            text = f"no pod runs the image {name!r}"
            yield context.problem("W121", text, ("images", name), hint, key=True)


def _set_images(entry: TimelineEntry) -> dict[str, Any]:
    """A template with the images that a timeline entry sets."""
    images = entry.set_image.images if entry.set_image is not None else {}
    return {"spec": {"containers": [{"image": image} for image in images.values()]}}


RULES: tuple[Rule, ...] = (
    unique_names,
    known_profiles,
    known_zones,
    existing_files,
    scheduler_config,
    known_formats,
    template_words,
    pod_groups,
    fitting_templates,
    within_the_end,
    of_faults,
    something_arrives,
    jobs_end,
    enough_samples,
    something_there,
    timeline,
    used_images,
    behaviour,
)
