"""Reads recorded cases and replays them: singles, preemption cases and sequences.

Law: a case that cannot be replayed is a difference, never skipped.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from simk8s.conformance.compare import Difference, differences
from simk8s.conformance.objects import Loader
from simk8s.conformance.sequence import Sequence
from simk8s.conformance.single import Record, Teller
from simk8s.conformance.steps import FAMILY as STEPS
from simk8s.conformance.steps import is_steps, walk
from simk8s.conformance.trace import replay_trace
from simk8s.errors import Place, Problem, UserError
from simk8s.placement.config import profile_of
from simk8s.placement.framework import Framework


@dataclass(slots=True)
class Agreement:
    """Cases and agreeing cases by family, and every difference found; `families` are all that
    the files have, asked for or not.
    """

    cases: dict[str, int] = field(default_factory=dict)
    agree: dict[str, int] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)
    families: dict[str, None] = field(default_factory=dict)

    def add(self, family: str, found: list[Difference]) -> None:
        """Count one case."""
        self.cases[family] = self.cases.get(family, 0) + 1
        self.agree[family] = self.agree.get(family, 0) + (not found)
        self.differences += found

    def as_json(self) -> Record:
        """As `--json` prints it."""
        return {
            "total": {"cases": sum(self.cases.values()), "agree": sum(self.agree.values())},
            "families": {
                family: {"cases": count, "agree": self.agree[family]}
                for family, count in sorted(self.cases.items())
            },
            "differences": [
                {
                    "id": d.id,
                    "family": d.family,
                    "path": d.path,
                    "expected": d.expected,
                    "got": d.got,
                }
                for d in self.differences
            ],
        }


def read_lines(path: Path) -> Iterator[Record]:
    """The JSON objects of a file, gzipped or not. Raises UserError."""
    opened = gzip.open if path.suffix == ".gz" else open
    number = 1
    try:
        with opened(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                if line.strip():
                    yield _record(json.loads(line))
                number += 1
    except (ValueError, gzip.BadGzipFile, EOFError) as error:
        place = Place(str(path), number, 1)
        raise UserError(Problem("E107", f"not a recording: {error}", place)) from error


def _record(line: Any) -> Record:
    if not isinstance(line, dict):
        raise ValueError("a line is not a JSON object")
    return line


def replay_file(path: Path, family: str | None, agreement: Agreement) -> None:
    """Replay one file of cases, or one recording of a real cluster's steps."""
    lines = read_lines(path)
    first = next(lines, None)
    if first is None:
        return
    if is_steps(first):
        agreement.families[STEPS] = None
        if family in (None, STEPS):
            name = path.name.partition(".")[0]
            for _, found in walk(name, chain((first,), lines)):
                agreement.add(STEPS, found)
    else:
        for case in chain((first,), lines):
            name = str(case.get("family"))
            agreement.families[name] = None
            if family in (None, name):
                agreement.add(name, list(compare_case(case)))


def compare_case(case: Record) -> Iterator[Difference]:
    """Every difference of one case."""
    for path, expected, got in differences(case.get("expected"), decide(case)):
        yield Difference(str(case.get("id")), str(case.get("family")), path, expected, got)


def decide(case: Record) -> Any:
    """What we decide on a case, in the form of its `expected`."""
    handler = HANDLERS.get(str(case.get("kind")))
    if handler is None:
        return {"kind": f"{case.get('kind')} cannot be replayed"}
    try:
        return handler(case)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        return {"failure": f"{type(error).__name__}: {error}"}


def _single(case: Record) -> Record:
    loader = Loader()
    loader.load(case["objects"])
    pod = loader.pod(case["pod"])
    if pod is None:
        return {"pod": "it has ended"}
    framework = Framework.of(profile_of(case.get("config")))
    return Teller(loader, framework).single(loader.query(pod))


def _sequence(case: Record) -> Record:
    loader = Loader()
    loader.load(case["objects"])
    framework = Framework.of(profile_of(case.get("config")))
    sequence = Sequence(
        loader,
        framework,
        preempts=bool(case.get("preemption")),
        percentage=case.get("percentageOfNodesToScore"),
    )
    steps = [sequence.apply(number, op) for number, op in enumerate(case["ops"])]
    return {"steps": steps}


def _trace(case: Record) -> Record:
    loader = Loader()
    loader.load(case["objects"])
    return replay_trace(loader, Framework.of(profile_of(case.get("config"))), case)


HANDLERS: dict[str, Callable[[Record], Record]] = {
    "single": _single,
    "preemption": _single,
    "sequence": _sequence,
    "trace": _trace,
}
