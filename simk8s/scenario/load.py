"""L1: from a file to a checked scenario; the one way in.

Law: `load` either returns a scenario that can be simulated, with its warnings, or raises one
`UserError` with every problem that it found, each at its place. It imports no component: names are
checked by the catalogue, hardware by `knowledge`, both handed in.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from simk8s.catalog import Catalog, CatalogLike
from simk8s.errors import Place, Problem, UserError
from simk8s.scenario import lint
from simk8s.scenario import overrides as changes
from simk8s.scenario.explain import problems_of
from simk8s.scenario.found import ManifestObject, find_files
from simk8s.scenario.knowledge import Knowledge
from simk8s.scenario.positions import Path as KeyPath
from simk8s.scenario.positions import Positions
from simk8s.scenario.reading import Document, read_document, read_text, uncollected
from simk8s.scenario.schema import Scenario
from simk8s.scenario.templates import template_problems
from simk8s.scenario.writing import as_yaml

if TYPE_CHECKING:
    from simk8s.scenario.notes import Notes


@dataclass(frozen=True)
class Loaded:
    """A checked scenario and what it was made from."""

    scenario: Scenario
    source: Path
    # As written; after overrides, the changed data as YAML: what was really simulated.
    text: str
    data: dict[str, Any]
    overrides: tuple[changes.Override, ...]
    # Warnings; errors never get this far.
    problems: tuple[Problem, ...]
    # Index in `scenario.workload` -> what its manifests hold.
    manifests: Mapping[int, tuple[ManifestObject, ...]]
    # Index in `scenario.nodes` -> the Node objects of its manifests.
    node_objects: Mapping[int, tuple[ManifestObject, ...]]
    # Kinds and fields of manifests without any bearing, and how often each was written.
    unfelt: Mapping[str, int]
    positions: Positions
    catalog: CatalogLike
    knowledge: Knowledge | None
    written: str
    # Index in `scenario.timeline` -> what its `apply` holds.
    applied: Mapping[int, tuple[ManifestObject, ...]] = field(default_factory=dict)
    # Where each override was written.
    places: tuple[Place, ...] = ()

    @property
    def base(self) -> Path:
        """What paths in the scenario are relative to."""
        return self.source.parent

    @cached_property
    def hash(self) -> str:
        """Of everything that shapes the input: the data after overrides and the files it names."""
        digest = hashlib.blake2b(digest_size=16)
        digest.update(json.dumps(self.data, sort_keys=True, ensure_ascii=True).encode())
        for path in _files(self.scenario, self.base):
            digest.update(hashlib.blake2b(path.read_bytes(), digest_size=16).digest())
        return digest.hexdigest()

    def place_of(self, path: KeyPath) -> Place:
        return self.positions.place(path)

    def vary(
        self, more: Iterable[changes.Override], places: Iterable[Place] | None = None
    ) -> Loaded:
        """The same scenario with further overrides; `places` as of `load`."""
        further = tuple(more)
        return load(
            self.source,
            catalog=self.catalog,
            knowledge=self.knowledge,
            overrides=[*self.overrides, *further],
            places=[
                *self.places,
                *(changes.on_command_line(further) if places is None else places),
            ],
            text=self.written,
        )

    def variant(self, name: str) -> list[changes.Override]:
        """The overrides of a variant that the scenario names."""
        values = self.scenario.variants.get(name)
        if values is None:
            known = ", ".join(self.scenario.variants) or "none"
            raise UserError(Problem("E305", f"unknown variant {name!r}", hint=f"known: {known}"))
        return [(path, changes.as_text(value)) for path, value in values.items()]

    def places_of(self, name: str) -> list[Place]:
        """Where the overrides of that variant are written."""
        return _written_at(self.positions, name, self.scenario.variants[name])


@uncollected()
def load(
    path: Path | str,
    *,
    catalog: CatalogLike | None = None,
    knowledge: Knowledge | None = None,
    overrides: Iterable[changes.Override] = (),
    places: Iterable[Place] | None = None,
    text: str | None = None,
) -> Loaded:
    """Read, change, check and lint a scenario file (or `text`, as if it stood in that file).

    `places` says where each override was written, if that is not the command line.
    """
    source = Path(path)
    catalog = catalog if catalog is not None else Catalog(source.parent)
    written = read_text(source) if text is None else text
    document = read_document(written, str(source))
    changed = tuple(overrides)
    where = tuple(changes.on_command_line(changed) if places is None else places)
    unchanged = _copy(document) if changed and _has_variants(document) else None
    changes.apply(document.data, document.positions, changed, where)
    scenario = _validate(document, catalog)
    found = _manifests(scenario, source.parent, document)
    manifests, said = found.objects, found.problems
    context = lint.Context(
        scenario,
        document.data,
        document.positions,
        source.parent,
        catalog,
        knowledge,
        manifests,
        found.applied,
    )
    said += [*lint.check(context), *_variant_problems(document, unchanged, scenario, catalog)]
    if any(problem.severity == "error" for problem in said):
        raise UserError(*_in_order(said))
    return Loaded(
        scenario=scenario,
        source=source,
        text=as_yaml(document.data, source, changed) if changed else written,
        data=document.data,
        overrides=changed,
        problems=tuple(_in_order(said)),
        manifests=manifests,
        node_objects=found.nodes,
        unfelt=found.unfelt,
        positions=document.positions,
        catalog=catalog,
        knowledge=knowledge,
        written=written,
        applied=found.applied,
        places=where,
    )


def _in_order(problems: Iterable[Problem]) -> list[Problem]:
    nowhere = Place("", 0, 0)
    unique = dict.fromkeys(problems)
    return sorted(unique, key=lambda p: (p.severity != "error", p.place or nowhere, p.code))


def _validate(document: Document, catalog: CatalogLike) -> Scenario:
    problems = list(template_problems(document.data, document.positions))
    try:
        scenario = Scenario.model_validate(document.data, context={"catalog": catalog})
    except ValidationError as error:
        problems += problems_of(error, Scenario, document.positions)
        raise UserError(*_in_order(problems)) from None
    if problems:
        raise UserError(*_in_order(problems))
    return scenario


@dataclass(frozen=True, slots=True)
class _Found:
    objects: Mapping[int, tuple[ManifestObject, ...]]
    nodes: Mapping[int, tuple[ManifestObject, ...]]
    applied: Mapping[int, tuple[ManifestObject, ...]]
    """By the timeline, by the number of its entry."""
    problems: list[Problem]
    unfelt: Mapping[str, int]


def _manifests(scenario: Scenario, base: Path, document: Document) -> _Found:
    positions = document.positions
    found: dict[int, tuple[ManifestObject, ...]] = {}
    nodes: dict[int, tuple[ManifestObject, ...]] = {}
    named = [entry.manifests for entry in scenario.workload]
    named += [group.manifests for group in scenario.nodes]
    if not any(named) and all(entry.apply is None for entry in scenario.timeline):
        return _Found(found, nodes, {}, [], {})
    from simk8s.scenario.manifests import read_manifests  # its models take time to build
    from simk8s.scenario.notes import Notes

    notes, problems = Notes(), []
    for index, entry in enumerate(scenario.workload):
        if entry.manifests is not None:
            place = positions.place(("workload", index, "manifests"))
            objects, said = read_manifests(base, entry.manifests, place, notes)
            found[index] = tuple(objects)
            problems += said
    for index, group in enumerate(scenario.nodes):
        if group.manifests is not None:
            place = positions.place(("nodes", index, "manifests"))
            objects, said = read_manifests(base, group.manifests, place, notes, ("Node",))
            nodes[index] = tuple(objects)
            problems += said
    for index, objects_of in found.items():
        notes.absent(objects_of, scenario.workload[index].namespace)
    known = [one for group in nodes.values() for one in group]
    problems += notes.nodes(known, [one for held in found.values() for one in held])
    applied, said = _applied(scenario, base, document, notes)
    return _Found(found, nodes, applied, [*problems, *said, *notes.problems()], notes.unfelt)


def _applied(
    scenario: Scenario, base: Path, document: Document, notes: Notes
) -> tuple[dict[int, tuple[ManifestObject, ...]], list[Problem]]:
    """What the timeline applies: objects of files, and those that are written in it."""
    found: dict[int, tuple[ManifestObject, ...]] = {}
    problems: list[Problem] = []
    for index, entry in enumerate(scenario.timeline):
        if entry.apply is None:
            continue
        from simk8s.scenario.manifests import read_inline, read_manifests

        path: KeyPath = ("timeline", index, "apply")
        many = isinstance(document.data["timeline"][index]["apply"], list)
        objects: list[ManifestObject] = []
        for number, item in enumerate(entry.apply):
            at = (*path, number) if many else path
            if isinstance(item, str):
                read, said = read_manifests(base, [item], document.positions.place(at), notes)
            else:
                read, said = read_inline(document, at, notes)
            objects += read
            problems += said
        found[index] = tuple(objects)
    return found, problems


def _has_variants(document: Document) -> bool:
    return isinstance(document.data, dict) and bool(document.data.get("variants"))


def _copy(document: Document) -> Document:
    return Document(copy.deepcopy(document.data), document.positions.copy())


def _written_at(positions: Positions, name: str, paths: Iterable[str]) -> list[Place]:
    return [positions.place(("variants", name, path), key=True) for path in paths]


def _variant_problems(
    document: Document, unchanged: Document | None, scenario: Scenario, catalog: CatalogLike
) -> Iterator[Problem]:
    """Every variant must make a scenario of the file, or of what overrides have made of it: they
    may be those of another variant. Its problems stand where it is written.
    """
    for name, values in scenario.variants.items():
        settings = [(path, changes.as_text(value)) for path, value in values.items()]
        places = _written_at(document.positions, name, values)
        said = _problems_with(document, settings, places, catalog)
        if said and (unchanged is None or _problems_with(unchanged, settings, places, catalog)):
            yield from said


def _problems_with(
    document: Document,
    settings: list[changes.Override],
    places: list[Place],
    catalog: CatalogLike,
) -> tuple[Problem, ...]:
    """What keeps a document with these settings from being a scenario."""
    changed = _copy(document)
    try:
        changes.apply(changed.data, changed.positions, settings, places)
        _validate(changed, catalog)
    except UserError as error:
        return tuple(error.problems)
    return ()


def _named(base: Path, names: Iterable[Any] | None) -> Iterator[Path]:
    for name in names or ():
        if isinstance(name, str):
            yield from find_files(base, name)


def _files(scenario: Scenario, base: Path) -> Iterator[Path]:
    """The files that a scenario names, in the order of their mention."""
    for group in scenario.nodes:
        if group.csv is not None:
            yield base / group.csv
        yield from _named(base, group.manifests)
    for entry in scenario.workload:
        path = getattr(entry.replay.params, "path", None) if entry.replay else None
        if isinstance(path, str):
            yield base / path
        yield from _named(base, entry.manifests)
    for applied in scenario.timeline:
        yield from _named(base, applied.apply)
    for rule in scenario.behaviour:
        yield from _named(base, rule.usage.paths if rule.usage is not None else None)
    config = getattr(scenario.strategy.params, "config", None)
    if isinstance(config, str):
        yield base / config
    traces = [getattr(fault.params, "trace", None) for fault in scenario.faults]
    yield from (base / trace for trace in traces if isinstance(trace, str))
    extensions = [scenario.strategy, *scenario.controllers.values(), *scenario.faults]
    for extension in extensions:
        if ".py" in extension.name:
            yield base / (extension.name.partition(".py")[0] + ".py")
