"""L3: from the workload section of a checked scenario to what a simulation creates.

Law: an entry becomes either a `Source` (pods in columns: arrivals, a replayed trace) or objects
that are written once (Pod, Deployment, ReplicaSet, Job, PodGroup, quotas and the like); the order
of the scenario is kept. Streams are named after entries, so that adding one leaves the draws of
the others as they were.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simk8s.catalog import CatalogLike
from simk8s.scenario.podgroups import POD_GROUP, WORKLOAD, with_policy, workloads_of
from simk8s.scenario.timeline import rate_changes
from simk8s.workload.columns import PodColumns, Source, StreamsLike
from simk8s.workload.live import is_live, kept
from simk8s.workload.source import ArrivalSource, PodDraws
from simk8s.workload.templates import all_templates, labelled

if TYPE_CHECKING:
    from simk8s.scenario.found import ManifestObject
    from simk8s.scenario.load import Loaded
    from simk8s.scenario.schema import Scenario, WorkloadEntry
    from simk8s.scenario.timeline import TimelineEntry

JOB_RESTART = "Never"


@dataclass(frozen=True, slots=True)
class Created:
    """An object that is written at `at_us`: `spec` is Kubernetes' own, its pod template within.

    Of a kind without pods `spec` is the whole object and `template` is empty.
    """

    kind: str
    name: str
    namespace: str
    workload: str
    at_us: int
    spec: Mapping[str, Any]
    template: Mapping[str, Any]
    draws: PodDraws
    """Lifetime and requests of each of its pods."""
    live: ManifestObject | None = None
    """What a server has printed of it, if the run begins with it."""


def sources(loaded: Loaded) -> list[Source]:
    """Arrivals and replays of a loaded scenario, in its order."""
    made = sources_of(loaded.scenario.workload, loaded.catalog, loaded.base)
    if not loaded.scenario.timeline:
        return made
    return [_changed(source, loaded.scenario) for source in made]


def _changed(source: Source, scenario: Scenario) -> Source:
    """With the changes of its rate that the timeline has."""
    if not isinstance(source, ArrivalSource):
        return source
    entry = next((one for one in scenario.workload if one.name == source.name), None)
    params = entry.arrivals.params if entry is not None and entry.arrivals is not None else None
    first = getattr(params, "rate", None)
    changes = rate_changes(scenario, source.name, first, scenario.duration)
    return replace(source, changes=tuple(changes))


def applied_of(loaded: Loaded) -> dict[int, list[Created]]:
    """What each `apply` of the timeline writes, by the index of its entry."""
    entries, steps = loaded.scenario.workload, loaded.scenario.timeline
    read = [(entries[i].namespace, one) for i, found in loaded.manifests.items() for one in found]
    read += [(steps[i].namespace, one) for i, found in loaded.applied.items() for one in found]
    workloads = workloads_of(read)
    return {
        index: [
            _whole(made, workloads)
            for made in (_applied(steps[index], one) for one in found)
            if made.kind != WORKLOAD
        ]
        for index, found in loaded.applied.items()
    }


def _applied(entry: TimelineEntry, found: ManifestObject) -> Created:
    namespace = found.namespace or entry.namespace
    return Created(
        kind=found.kind,
        name=found.name,
        namespace=namespace,
        workload=found.name,
        at_us=entry.first_us,
        spec=found.spec,
        template=found.template,
        draws=PodDraws(f"timeline/{found.kind}/{namespace}/{found.name}"),
    )


def objects(loaded: Loaded) -> list[Created]:
    """Objects that a loaded scenario writes, in its order."""
    return objects_of(loaded.scenario.workload, loaded.manifests)


def sources_of(entries: Sequence[WorkloadEntry], catalog: CatalogLike, base: Path) -> list[Source]:
    """Entries as sources; trace files are read here, so that their errors come early."""
    found: list[Source] = []
    for entry, name in zip(entries, entry_names(entries), strict=True):
        if entry.arrivals is not None:
            found.append(_arrivals(entry, name, catalog))
        elif entry.replay is not None:
            found.append(_replay(entry, name, catalog, base))
    return found


def objects_of(
    entries: Sequence[WorkloadEntry], manifests: Mapping[int, Sequence[ManifestObject]]
) -> list[Created]:
    """Entries as objects; `manifests` holds what was read for an entry, by its index."""
    found: list[Created] = []
    read = [(entries[i].namespace, one) for i, items in manifests.items() for one in items]
    workloads = workloads_of(read)
    for index, (entry, name) in enumerate(zip(entries, entry_names(entries), strict=True)):
        if entry.manifests is not None:
            held = kept(manifests.get(index, ()), entry.at)
            made = [_from_manifest(entry, name, one) for one in held]
            found += [_whole(one, workloads) for one in made if one.kind != WORKLOAD]
        elif entry.deployment or entry.replica_set or entry.job:
            found.append(_controller(entry, name))
    return found


def entry_names(entries: Sequence[WorkloadEntry]) -> list[str]:
    """Names, made up where a scenario gives none: `openb`, `openb-2`, `manifests`."""
    taken: Counter[str] = Counter(entry.name for entry in entries if entry.name)
    names = []
    for entry in entries:
        base = _stem(entry.replay.name) if entry.replay is not None else "manifests"
        name = entry.name or base
        number = 1
        while not entry.name and taken[name]:
            number += 1
            name = f"{base}-{number}"
        taken[name] += 1
        names.append(name)
    return names


def _stem(format_name: str) -> str:
    """`openb`, or the bare name of a user's own file."""
    return Path(format_name.partition(".py")[0]).name


def _draws(entry: WorkloadEntry, name: str) -> PodDraws:
    wanted = entry.requests
    requests = {} if wanted is None else {"cpu": wanted.cpu, "memory": wanted.memory}
    return PodDraws(name, entry.lifetime, requests)


def _arrivals(entry: WorkloadEntry, name: str, catalog: CatalogLike) -> Source:
    assert entry.arrivals is not None
    process = catalog.resolve("arrivals", entry.arrivals.name)(entry.arrivals.params)
    many = entry.templates
    count, label = (None, "") if many is None else (many.count, many.label)
    templates = all_templates(entry.template or {}, count, label)
    return ArrivalSource(name, entry.namespace, templates, process, _draws(entry, name))


def _replay(entry: WorkloadEntry, name: str, catalog: CatalogLike, base: Path) -> Source:
    assert entry.replay is not None
    trace = catalog.resolve("traces", entry.replay.name)(entry.replay.params, base)
    source: Source = trace.source(name, entry.namespace)
    return source if entry.lifetime is None else _Relived(source, _draws(entry, name))


def _controller(entry: WorkloadEntry, name: str) -> Created:
    """The entry's Deployment, ReplicaSet or Job as Kubernetes would be given it."""
    template, labels = labelled(entry.pod_template or {}, name)
    spec: dict[str, Any]
    if entry.deployment is not None:
        kind = "Deployment"
        spec = entry.deployment.model_dump(by_alias=True, exclude={"template"}, exclude_none=True)
        spec["selector"] = {"matchLabels": dict(labels)}
    elif entry.replica_set is not None:
        kind = "ReplicaSet"
        spec = {"replicas": entry.replica_set.replicas, "selector": {"matchLabels": dict(labels)}}
    else:
        assert entry.job is not None
        kind = "Job"
        template = {**template, "spec": {"restartPolicy": JOB_RESTART, **template.get("spec", {})}}
        spec = {
            "completions": entry.job.completions,
            "parallelism": entry.job.parallelism,
            "backoffLimit": entry.job.backoff_limit,
        }
    spec["template"] = template
    draws = _draws(entry, name)
    return Created(kind, name, entry.namespace, name, entry.at, spec, template, draws)


def _from_manifest(entry: WorkloadEntry, name: str, found: ManifestObject) -> Created:
    return Created(
        kind=found.kind,
        name=found.name,
        namespace=found.namespace or entry.namespace,
        workload=name,
        at_us=entry.at,
        spec=found.spec,
        template=found.template,
        draws=_draws(entry, f"{name}/{found.kind}/{found.name}"),
        live=found if not entry.at and is_live(found) else None,
    )


def _whole(made: Created, workloads: Mapping[tuple[str, str], Mapping[str, Any]]) -> Created:
    """A PodGroup with its policy; anything else as it is. Workloads are read for that alone."""
    if made.kind != POD_GROUP:
        return made
    spec = with_policy(made.spec, made.namespace, workloads)
    return made if spec is None else replace(made, spec=spec)


class _Relived:
    """A replayed trace whose pods live as long as the scenario says, not as recorded."""

    def __init__(self, source: Source, draws: PodDraws) -> None:
        self._source, self._draws = source, draws
        self.name, self.namespace = source.name, source.namespace
        self.templates, self.gpu_model_sets = source.templates, source.gpu_model_sets
        self.drop_unfit = source.drop_unfit

    def chunks(self, streams: StreamsLike, horizon_us: int) -> Iterator[PodColumns]:
        """As recorded, with drawn lifetimes."""
        for chunk in self._source.chunks(streams, horizon_us):
            yield replace(chunk, lifetime_us=self._draws.lifetime_us(streams, len(chunk)))
