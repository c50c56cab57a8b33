"""Failures of the clusters of Los Alamos, 1996 to 2005 (LA-UR-05-7318).

Law: a node is observed from the month its system went into production until it was taken out, or
until the last record of the file. Between two outages it was up; after the last one it was up for
at least as long as it was observed. Outages of one node that overlap are one.

Mirrors: the file's columns, its months (`Jan-97`, and `2-May` for May 2002 as a spreadsheet left
it). Departs: the up time before a node's first failure is counted from its production month, not
from its day.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from simk8s.errors import Place, Problem, UserError
from simk8s.units import US_PER_MINUTE
from simk8s.workload.traces._csv import Row, read_rows

COLUMNS = (
    "System", "nodes", "nodenumz", "node prod", "node decom", "Prob Started", "Prob Fixed",
)  # fmt: skip
_DAY = "%m/%d/%Y %H:%M"
_MINUTE = dt.timedelta(minutes=1)
_MONTHS = {
    name: number + 1
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
    )
}
_CAUSES = ("Facilities", "Hardware", "Human Error", "Network", "Undetermined", "Software")


@dataclass(frozen=True, slots=True)
class Failures:
    """What a file says of its nodes, in µs."""

    systems: tuple[int, ...]
    nodes: int
    failures: int
    up_us: list[int]
    """Times from the end of an outage, or from production, to the next outage."""
    censored_us: list[int]
    """Times at the end of which a node was still up."""
    repair_us: list[int]
    causes: dict[str, int] = field(default_factory=dict)

    @property
    def mtbf_us(self) -> float:
        """Time up divided by the number of failures."""
        return (sum(self.up_us) + sum(self.censored_us)) / max(1, len(self.up_us))


@dataclass(slots=True)
class _Node:
    begins: dt.datetime
    ends: dt.datetime | None
    outages: list[tuple[dt.datetime, dt.datetime]] = field(default_factory=list)


@dataclass(slots=True)
class _File:
    """The rows that are wanted, by node."""

    nodes: dict[tuple[int, int], _Node] = field(default_factory=dict)
    sizes: dict[tuple[int, dt.datetime], tuple[int, dt.datetime | None]] = field(
        default_factory=dict
    )
    causes: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    systems: set[int] = field(default_factory=set)
    last: dt.datetime = dt.datetime.min


def read_failures(path: Path, systems: Collection[int] = ()) -> Failures:
    """The failures of some systems, or of all; UserError where the file is not of this kind."""
    found = _File()
    for row in read_rows(path, COLUMNS):
        _collect(row, systems, found)
    if not found.nodes:
        known = ", ".join(map(str, sorted(found.systems))) or "none"
        text, place = "no failure of these systems", Place(str(path), 1, 1)
        raise UserError(Problem("E306", text, place, f"the file has the systems {known}"))
    return _summed(found)


def _collect(row: Row, systems: Collection[int], found: _File) -> None:
    system = row.whole("System", most=10_000)
    found.systems.add(system)
    began = _time(row, "Prob Started")
    if began is None:
        return
    found.last = max(found.last, began)
    if systems and system not in systems:
        return
    fixed = _time(row, "Prob Fixed")
    if fixed is None or fixed < began:
        fixed = began
    node, size = row.maybe("nodenumz", most=10**6), row.maybe("nodes", most=10**6)
    if node is None or size is None:
        return
    begins, ends = _month(row.text("node prod")), _month(row.text("node decom"))
    begins = min(began, begins or began)
    found.sizes[system, begins] = (size, ends)
    known = found.nodes.setdefault((system, node), _Node(begins, ends))
    known.begins = min(known.begins, begins)
    known.outages.append((began, fixed))
    cause = next((name for name in _CAUSES if row.text(name)), "Undetermined")
    found.causes[cause] += 1


def _time(row: Row, column: str) -> dt.datetime | None:
    text = row.text(column)
    if not text:
        return None
    try:
        return dt.datetime.strptime(text, _DAY)  # local time, as all of the file
    except ValueError:
        row.wrong(column, f"`{column}` must be like 6/21/2005 10:54, got {text[:40]!r}")
        return None


def _month(text: str) -> dt.datetime | None:
    """`Jan-97` is 1997, `2-May` is 2002; `current` and the like are no month."""
    first, dash, second = text.strip().lower().partition("-")
    name, year = (first, second) if first[:3] in _MONTHS else (second, first)
    if not dash or name[:3] not in _MONTHS or not year.isdecimal():
        return None
    number = int(year)
    century = 0 if number >= 100 else (1900 if number >= 70 else 2000)
    return dt.datetime(century + number, _MONTHS[name[:3]], 1)


def _summed(found: _File) -> Failures:
    up: list[int] = []
    censored: list[int] = []
    repair: list[int] = []
    for key in sorted(found.nodes):
        node = found.nodes[key]
        since, ends = node.begins, min(node.ends or found.last, found.last)
        for began, fixed in _merged(node.outages):
            if began > since:
                up.append(_us(began - since))
            repair.append(_us(fixed - began))
            since = max(since, fixed)
        if ends > since:
            censored.append(_us(ends - since))
    spared = list(_spared(found))
    censored += spared
    systems = tuple(sorted({system for system, _ in found.nodes}))
    nodes = len(found.nodes) + len(spared)
    return Failures(systems, nodes, len(repair), up, censored, repair, dict(found.causes))


def _merged(outages: list[tuple[dt.datetime, dt.datetime]]) -> Iterator[tuple[dt.datetime, ...]]:
    begun: dt.datetime | None = None
    until = dt.datetime.min
    for began, fixed in sorted(outages):
        if begun is not None and began <= until:
            until = max(until, fixed)
            continue
        if begun is not None:
            yield begun, until
        begun, until = began, fixed
    if begun is not None:
        yield begun, until


def _spared(found: _File) -> Iterator[int]:
    """Nodes that never failed, and so have no line: as long as their system was observed."""
    seen: dict[int, int] = defaultdict(int)
    for system, _ in found.nodes:
        seen[system] += 1
    for system in sorted(seen):
        batches = {key: value for key, value in found.sizes.items() if key[0] == system}
        (_, begins), (size, ends) = max(batches.items(), key=lambda item: (item[1][0], item[0]))
        for _ in range(size - seen[system]):
            yield _us(min(ends or found.last, found.last) - begins)


def _us(span: dt.timedelta) -> int:
    """Whole minutes, at least one: the file's clock has no finer hand."""
    return max(1, span // _MINUTE) * US_PER_MINUTE
