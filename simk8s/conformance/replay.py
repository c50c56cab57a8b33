"""Reads recorded cases and replays them: singles, preemption cases and sequences.

Law: a case that cannot be replayed is a difference, never skipped.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simk8s.conformance.compare import Difference, differences
from simk8s.conformance.objects import Loader
from simk8s.conformance.sequence import Sequence
from simk8s.conformance.single import Record, Teller
from simk8s.placement.config import profile_of
from simk8s.placement.framework import Framework


@dataclass(slots=True)
class Agreement:
    """Cases and agreeing cases by family, and every difference found."""

    cases: dict[str, int] = field(default_factory=dict)
    agree: dict[str, int] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)

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
    """The JSON objects of a file, gzipped or not."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


def replay(cases: Iterable[Record]) -> Agreement:
    """Replay cases and compare."""
    agreement = Agreement()
    for case in cases:
        agreement.add(case["family"], list(compare_case(case)))
    return agreement


def compare_case(case: Record) -> Iterator[Difference]:
    """Every difference of one case."""
    for path, expected, got in differences(case["expected"], decide(case)):
        yield Difference(case["id"], case["family"], path, expected, got)


def decide(case: Record) -> Any:
    """What we decide on a case, in the form of its `expected`."""
    handler = HANDLERS.get(case["kind"])
    if handler is None:
        return {"kind": f"{case['kind']} cannot be replayed"}
    return handler(case)


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


HANDLERS: dict[str, Callable[[Record], Record]] = {
    "single": _single,
    "preemption": _single,
    "sequence": _sequence,
}
