"""L1: Kubernetes manifests that a scenario names, as objects with their place.

Law: files are read in sorted order; what `fields/` calls modelled becomes objects (also inside a
`List`); everything else, kinds and fields, is told once (`notes.py`). A file that several sections
name is read once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from simk8s.errors import Place, Problem, UserError
from simk8s.scenario.deployments import RolloutStrategy
from simk8s.scenario.explain import problems_of
from simk8s.scenario.found import ManifestObject, find_files, near_file
from simk8s.scenario.jsontext import looks_like_json, read_json
from simk8s.scenario.kinds import KINDS, check_object
from simk8s.scenario.notes import Notes
from simk8s.scenario.podgroups import check_spec, is_group
from simk8s.scenario.positions import Path as KeyPath
from simk8s.scenario.positions import Positions
from simk8s.scenario.reading import Document, read_documents, read_text
from simk8s.scenario.templates import check_template

MOST_BYTES = 256 << 20


def read_manifests(
    base: Path, names: list[str], place: Place, notes: Notes, only: tuple[str, ...] = ()
) -> tuple[list[ManifestObject], list[Problem]]:
    """The objects of files and folders (of some kinds `only`), and what is wrong with them."""
    objects: list[ManifestObject] = []
    problems: list[Problem] = []
    for name in names:
        files = find_files(base, name)
        if not files:
            problems.append(_no_file(base, name, place))
        for file in files:
            named = (base / name) == file
            try:
                for document in _documents(file, notes):
                    _collect(document, (), objects, problems, _Reading(notes, only, named))
            except UserError as error:
                problems += error.problems
    return objects, problems


def read_inline(
    document: Document, path: KeyPath, notes: Notes
) -> tuple[list[ManifestObject], list[Problem]]:
    """An object that is written within the scenario."""
    objects: list[ManifestObject] = []
    problems: list[Problem] = []
    _collect(document, path, objects, problems, _Reading(notes, (), named=True))
    return objects, problems


@dataclass(frozen=True, slots=True)
class _Reading:
    notes: Notes
    only: tuple[str, ...]
    named: bool
    """By the scenario, not found in a folder."""


def _no_file(base: Path, name: str, place: Place) -> Problem:
    near = near_file(base, name)
    what = "has no YAML or JSON files" if (base / name).is_dir() else "does not exist"
    return Problem("E303", f"{name!r} {what}", place, f"did you mean {near!r}?" if near else None)


def _documents(file: Path, notes: Notes) -> list[Document]:
    """YAML or JSON, whatever the file is called."""
    known = notes.documents.get(file)
    if known is not None:
        return known
    text = read_text(file, MOST_BYTES)
    found: list[Document] | None = None
    if looks_like_json(text):
        try:
            found = list(read_json(text, str(file)))
        except UserError:
            if file.suffix not in (".yaml", ".yml"):
                raise
    if found is None:
        found = list(read_documents(text, str(file)))
    notes.documents[file] = found
    return found


def _collect(
    document: Document,
    path: KeyPath,
    objects: list[ManifestObject],
    problems: list[Problem],
    reading: _Reading,
) -> None:
    data = _at(document.data, path)
    if isinstance(data, list):
        for index, _ in enumerate(data):
            _collect(document, (*path, index), objects, problems, reading)
        return
    kind = data.get("kind") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(kind, str):
        problem = _no_object(document, path, data, reading)
        if problem is not None:
            problems.append(problem)
    elif kind == "List" or (kind.endswith("List") and isinstance(data.get("items"), list)):
        for index, _ in enumerate(data.get("items") or ()):
            _collect(document, (*path, "items", index), objects, problems, reading)
    elif reading.only and kind not in reading.only:
        return
    elif reading.notes.kind(
        str(data.get("apiVersion") or ""), kind, _name(data), document.positions, path
    ):
        before = len(objects)
        if is_group(data):
            problems += _group(document, path, data, kind, objects)
            return
        problems += _object(document, path, data, kind, objects)
        if len(objects) > before:
            reading.notes.fields(data, kind, path, document.positions)


def _no_object(document: Document, path: KeyPath, data: Any, reading: _Reading) -> Problem | None:
    place = document.positions.place(path)
    if reading.named or path or (isinstance(data, dict) and data.get("apiVersion")):
        return Problem("E102", "expected a Kubernetes object with `kind`", place)
    text = "not a Kubernetes object: it has no `kind`; left out"
    return Problem("W134", text, place, severity="warning")


def _object(
    document: Document,
    path: KeyPath,
    data: dict[str, Any],
    kind: str,
    objects: list[ManifestObject],
) -> list[Problem]:
    """Add an object that is right; otherwise say what is wrong with it."""
    name, positions = _name(data), document.positions
    place, inner = positions.place(path), KINDS[kind].template_at
    if inner is None:
        return _without_pods(document, path, data, kind, objects)
    at = (*path, *inner)
    template, spec = _at(data, inner), data.get("spec")
    if not isinstance(template, dict) or not isinstance(spec, dict):
        return [Problem("E102", f"{kind} {name!r} has no pod spec", place)]
    if not name:
        return [Problem("E102", f"this {kind} has no metadata.name", place)]
    metadata = data.get("metadata") or {}
    if kind == "Pod":
        template = {"metadata": metadata, "spec": spec}
    problems = [
        *check_template(template, at, positions),
        *_bad_numbers(positions, path, spec, kind),
        *_bad_spec(positions, path, spec, kind),
    ]
    # Of unknown keys `notes` tells, as a warning.
    problems = [problem for problem in problems if problem.code != "E101"]
    if not problems:
        namespace = str(metadata["namespace"]) if metadata.get("namespace") else None
        objects.append(
            ManifestObject(kind, name, namespace, spec, template, place, positions, at, data)
        )
    return problems


def _group(
    document: Document,
    path: KeyPath,
    data: dict[str, Any],
    kind: str,
    objects: list[ManifestObject],
) -> list[Problem]:
    """Add a PodGroup or Workload that is right; say what is wrong with it or has no effect."""
    spec: Any = data.get("spec")
    problems = check_spec(kind, spec, (*path, "spec"), document.positions)
    return _bare(document, path, data, spec, problems, objects)


def _without_pods(
    document: Document,
    path: KeyPath,
    data: dict[str, Any],
    kind: str,
    objects: list[ManifestObject],
) -> list[Problem]:
    found = check_object(kind, _name(data), data, path, document.positions)
    problems = [problem for problem in found if problem.code != "E101"]
    return _bare(document, path, data, data, problems, objects)


def _bare(
    document: Document,
    path: KeyPath,
    data: dict[str, Any],
    spec: Any,
    problems: Iterable[Problem],
    objects: list[ManifestObject],
) -> list[Problem]:
    """Add an object without pods unless there is an error in it."""
    name, kind, positions = _name(data), str(data["kind"]), document.positions
    place = positions.place(path)
    if not name:
        return [Problem("E102", f"this {kind} has no metadata.name", place)]
    said = list(problems)
    if all(problem.severity == "warning" for problem in said):
        given = (data.get("metadata") or {}).get("namespace")
        namespace = None if given is None else str(given)
        objects.append(
            ManifestObject(kind, name, namespace, spec, {}, place, positions, path, data)
        )
    return said


def _bad_numbers(
    positions: Positions, path: KeyPath, spec: dict[str, Any], kind: str
) -> Iterator[Problem]:
    for field in KINDS[kind].counts:
        value = spec.get(field)
        if value is None or (type(value) is int and 0 <= value < 2**31):
            continue
        where = positions.place((*path, "spec", field))
        yield Problem("E105", f"{field} must be a whole number, not negative", where)


def _bad_spec(
    positions: Positions, path: KeyPath, spec: dict[str, Any], kind: str
) -> Iterator[Problem]:
    """What else is wrong with the spec of an object with pods."""
    model, data, below = KINDS[kind].spec, spec, (*path, "spec")
    if kind == "Deployment" and spec.get("strategy") is not None:
        model, data, below = RolloutStrategy, spec["strategy"], (*below, "strategy")
    if model is not None:
        try:
            model.model_validate(data)
        except ValidationError as error:
            yield from problems_of(error, model, positions.below(below))


def _name(data: dict[str, Any]) -> str:
    metadata = data.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return str(name or "")


def _at(data: Any, path: KeyPath) -> Any:
    for step in path:
        if isinstance(data, dict):
            data = data.get(str(step))
        elif isinstance(data, list):
            data = data[int(step)]
        else:
            return None
    return data
