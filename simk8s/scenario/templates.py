"""L1: checks the pod templates of a scenario or a manifest, at their places.

Law: templates are Kubernetes' own words; what Kubernetes does not know is an error, what it knows
and simk8s does not simulate is a warning (given by `template_warnings`, once per field).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

from pydantic import ValidationError

from simk8s.catalog import suggest
from simk8s.errors import Problem
from simk8s.scenario.annotations import wrong
from simk8s.scenario.explain import problems_of
from simk8s.scenario.podspec import PodTemplate, oddities
from simk8s.scenario.positions import Path, Positions, shown

_TEMPLATES: tuple[Path, ...] = (
    ("template",),
    ("deployment", "template"),
    ("replicaSet", "template"),
    ("job", "template"),
)


def template_paths(data: Any) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every pod template in unvalidated scenario data, with its path."""
    entries = data.get("workload") if isinstance(data, dict) else None
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        for inner in _TEMPLATES:
            here = entry
            for step in inner:
                here = here.get(step) if isinstance(here, dict) else None
            if isinstance(here, dict):
                yield ("workload", index, *inner), here


def static_paths(data: Any) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every template of a static pod, with its path."""
    groups = data.get("nodes") if isinstance(data, dict) else None
    for index, group in enumerate(groups if isinstance(groups, list) else ()):
        listed = group.get("staticPods") if isinstance(group, dict) else None
        for number, template in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(template, dict):
                yield ("nodes", index, "staticPods", number), template


def images_of(template: dict[str, Any]) -> Iterator[str]:
    """The images that the containers of a valid template name."""
    spec = template.get("spec") or {}
    for kind in ("initContainers", "containers"):
        for container in spec.get(kind) or ():
            if container.get("image"):
                yield str(container["image"])


def template_problems(data: Any, positions: Positions) -> Iterator[Problem]:
    """Errors in all templates of a scenario."""
    for path, template in chain(template_paths(data), static_paths(data)):
        yield from check_template(template, path, positions)


def check_template(template: dict[str, Any], path: Path, positions: Positions) -> Iterator[Problem]:
    """Errors in one template."""
    try:
        PodTemplate.model_validate(template)
    except ValidationError as error:
        yield from problems_of(error, PodTemplate, positions.below(path))
        return
    for odd in oddities(template):
        if not odd.known:
            near = suggest(str(odd.path[-1]), odd.choices)
            where = positions.place((*path, *odd.path), key=True)
            text = f"unknown key {odd.path[-1]!r} in {shown(odd.path[:-1])}"
            hint = f"did you mean {near!r}?" if near else "Kubernetes has no such field"
            yield Problem("E101", text, where, hint)
    notes = (template.get("metadata") or {}).get("annotations") or {}
    for note in wrong(notes):
        where = positions.place((*path, "metadata", "annotations", note.key), key=True)
        yield Problem(note.code, note.text, where, note.hint)


def template_warnings(
    template: dict[str, Any], path: Path, positions: Positions
) -> Iterator[Problem]:
    """Fields of a valid template that have no effect in a simulation."""
    for odd in oddities(template):
        if odd.known:
            where = positions.place((*path, *odd.path), key=True)
            text = f"{shown(odd.path[1:])} is not simulated and has no effect"
            yield Problem("W105", text, where, severity="warning")
