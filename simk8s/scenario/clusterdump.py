"""L1: a scenario that starts from dumps of a live cluster, as text that refers to their files.

Law: what is written loads; it says in a comment what it found. Nothing of a dump is copied.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from simk8s.errors import Place, Problem, UserError
from simk8s.scenario.manifests import read_manifests
from simk8s.scenario.notes import Notes
from simk8s.scenario.writing import dump

DURATION = "1h"


@dataclass(frozen=True, slots=True)
class Imported:
    """A scenario's text, what is in the dumps, and what is to be said about them."""

    text: str
    counts: Counter[str]
    problems: tuple[Problem, ...]
    unfelt: dict[str, int]


def scenario_of(dumps: Sequence[Path], out: Path, name: str, duration: str) -> Imported:
    """The scenario of dumps, to be written to `out`. Raises UserError."""
    notes = Notes()
    names = [os.path.relpath(dump_file, out.parent) for dump_file in dumps]
    objects, problems = read_manifests(out.parent, names, Place(str(out), 0, 0), notes)
    counts = Counter(one.kind for one in objects)
    for one in objects:
        if one.kind == "Pod":
            phase = (one.raw.get("status") or {}).get("phase") or "new"
            counts[f"pods {str(phase).lower()}"] += 1
    errors = [problem for problem in problems if problem.severity == "error"]
    if not counts["Node"] and not errors:
        hint = "kubectl get nodes -o json > nodes.json prints them"
        errors.append(Problem("E107", "there is no Node in these files", hint=hint))
    if errors:
        raise UserError(*errors)
    data = {
        "apiVersion": "simk8s/v1",
        "name": name,
        "duration": duration,
        "nodes": [{"manifests": names}],
        "workload": [{"name": "cluster", "manifests": names}],
    }
    text = f"# Starts from a live cluster: {described(counts)}.\n{dump(data)}"
    return Imported(text, counts, (*problems, *notes.problems()), dict(notes.unfelt))


def described(counts: Counter[str]) -> str:
    """`3 nodes, 12 pods running, 1 pod pending`."""
    words = [_counted(counts["Node"], "node")]
    for phase in ("running", "pending", "new"):
        number = counts[f"pods {phase}"]
        if number:
            words.append(f"{_counted(number, 'pod')} {phase}")
    left = sum(counts[f"pods {phase}"] for phase in ("succeeded", "failed"))
    if left:
        words.append(f"{_counted(left, 'pod')} left out (ended)")
    return ", ".join(words)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
