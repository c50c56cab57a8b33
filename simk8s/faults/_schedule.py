"""From a schedule (`_when`) to strikes: at which instant which nodes, for how long.

Law: strikes come in order of time. The k-th life and repair of a group, and the k-th occurrence
with its duration, depend on its place and k alone: a longer horizon only appends, and more nodes
leave the others' strikes as they were (but for `count`, which picks among all). What happens only
with a probability is decided by a hash of place and k, so that it moves nothing else.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from simk8s.errors import Place, Problem, UserError
from simk8s.faults._when import OfNodes, When, group_of
from simk8s.faults.base import Context, NodeInfo
from simk8s.units import MAX_DURATION_US, duration_us

if TYPE_CHECKING:
    import numpy as np
    from numpy.random import Generator
    from numpy.typing import NDArray

    from simk8s.scenario.distributions import DurationDistribution

MAX_FAULTS = 1_000_000
"""Of one entry in one run: a bound, so that a typo in mtbf is an answer."""


class Group(NamedTuple):
    """What fails as one."""

    name: str
    rows: tuple[int, ...]


class Strike(NamedTuple):
    """One fault to be."""

    at_us: int
    group: Group
    duration_us: int | None


class _Drawn(NamedTuple):
    at_us: int
    place: int
    duration_us: int | None
    number: int


def groups_of(params: OfNodes, nodes: Sequence[NodeInfo]) -> list[Group]:
    """The selected nodes by what they share, in order of appearance."""
    found: dict[str, list[int]] = {}
    for node in nodes:
        name = group_of(node, params.correlated_by)
        if name and params.select.matches(node):
            found.setdefault(name, []).append(node.row)
    return [Group(name, tuple(rows)) for name, rows in found.items()]


def strikes(params: When, context: Context, groups: Sequence[Group], kind: str) -> Iterator[Strike]:
    """Everything that happens to these groups, up to the horizon."""
    if not groups:
        return
    share = getattr(params, "share", 1.0)
    luck = None
    if params.probability < 1 or share < 1:
        luck = _Luck(context.generator, params.probability, share)
    for drawn in _drawn(params, context, groups, kind):
        group = groups[drawn.place]
        if luck is not None:
            if not luck.happens(drawn):
                continue
            group = Group(group.name, luck.hit(drawn, group.rows))
            if not group.rows and groups[drawn.place].rows:
                continue
        yield Strike(drawn.at_us, group, drawn.duration_us)


def _drawn(params: When, context: Context, groups: Sequence[Group], kind: str) -> Iterator[_Drawn]:
    if params.trace is not None:
        assign = getattr(params, "assign", False)
        yield from _recorded(context.base / params.trace, groups, context.horizon_us, assign)
    elif params.mtbf is not None:
        yield from _renewals(params.mtbf, params.mttr, context, len(groups), kind)
    else:
        count = getattr(params, "count", None)
        yield from _occurrences(params, context, len(groups), count, kind)


class _Luck:
    """Decides what happens with a probability, without a stream."""

    def __init__(self, generator: Generator, probability: float, share: float) -> None:
        self._seed = int(generator.spawn(1)[0].integers(1 << 62))
        self._probability = probability
        self._share = share

    def happens(self, drawn: _Drawn) -> bool:
        from simk8s.kernel.streams import counter_hash

        if self._probability == 1:
            return True
        return counter_hash(self._seed, drawn.place, drawn.number) < self._probability

    def hit(self, drawn: _Drawn, rows: tuple[int, ...]) -> tuple[int, ...]:
        """Those of a group that do not escape."""
        from simk8s.kernel.streams import counter_hash

        if self._share == 1:
            return rows
        seed, number = self._seed, drawn.number
        return tuple(row for row in rows if counter_hash(seed, 0, number, row) < self._share)


# --- drawn


def _occurrences(
    params: When, context: Context, n: int, count: int | None, kind: str
) -> Iterator[_Drawn]:
    """At one instant or at many, all groups or some."""
    from simk8s.kernel import draws

    gaps, each = context.generator.spawn(2)
    gap = params.every and draws.integers(params.every, minimum=1, maximum=MAX_DURATION_US)
    lasts = params.duration and draws.integers(params.duration, minimum=1, maximum=MAX_DURATION_US)
    at_us, number = params.at, 0
    if at_us is None:
        assert gap, "a schedule has an instant, gaps, a law or a trace"
        at_us = int(gap(gaps, 1)[0])
    while at_us <= context.horizon_us:
        _check_total(number * (count or n), kind)
        picking, lasting = each.spawn(2)
        places: list[int] = list(range(n))
        if count is not None and count < n:
            places = sorted(picking.choice(n, count, replace=False).tolist())
        durations = lasts(lasting, n).tolist() if lasts else [None] * n
        for place in places:
            yield _Drawn(at_us, place, durations[place], number)
        if not gap:
            return
        at_us += int(gap(gaps, 1)[0])
        number += 1


def _renewals(
    mtbf: DurationDistribution,
    mttr: DurationDistribution | None,
    context: Context,
    n: int,
    kind: str,
) -> Iterator[_Drawn]:
    """Each group fails and is repaired on its own; in order of time, then of place.

    Round by round: round k draws the k-th life and the k-th repair of every group, each from a
    stream of its own. Without repairs the first failure is for good.
    """
    import numpy as np

    from simk8s.kernel import draws

    life = draws.integers(mtbf, minimum=1, maximum=MAX_DURATION_US)
    repair = mttr and draws.integers(mttr, minimum=1, maximum=MAX_DURATION_US)
    fixed = np.zeros(n, np.int64)
    rounds: list[NDArray[np.int64]] = []
    total = 0
    while True:
        for_life, for_repair = context.generator.spawn(2)
        crash = fixed + life(for_life, n)
        duration = repair(for_repair, n) if repair else np.full(n, MAX_DURATION_US, np.int64)
        hit = np.flatnonzero(crash <= context.horizon_us)
        if not len(hit):
            break
        total += len(hit)
        _check_total(total, kind)
        rounds.append(np.stack((crash[hit], hit, duration[hit], np.full(len(hit), len(rounds)))))
        fixed = np.where(crash <= context.horizon_us, crash + duration, MAX_DURATION_US)
    found = np.concatenate([np.empty((4, 0), np.int64), *rounds], axis=1)
    found = found[:, np.lexsort((found[1], found[0]))]
    for at, place, lasts, number in found.T.tolist():
        yield _Drawn(at, place, lasts if repair else None, number)


def _check_total(total: int, kind: str) -> None:
    """Refuse what would fill the memory before the simulation starts."""
    if total > MAX_FAULTS:
        text = f"more than {MAX_FAULTS:,} faults {kind}, which is the most that is supported"
        raise UserError(Problem("E105", text, hint="raise mtbf or shorten the duration"))


# --- recorded


def _recorded(
    path: Path, groups: Sequence[Group], horizon_us: int, assign: bool
) -> Iterator[_Drawn]:
    """The rows of a trace; what is correlated in the file stands there row by row."""
    places = {group.name: place for place, group in enumerate(groups)}
    found: list[_Drawn] = []
    for line, row in _rows(path):
        place = places.get(row["node"])
        if place is None and assign:
            taken = sum(name not in {g.name for g in groups} for name in places)
            place = places[row["node"]] = taken % len(groups)
        if place is None:
            hint = "write `assign: true` if the nodes of the trace stand for others"
            text = f"the trace names {row['node']!r}, which is none of the selected nodes"
            raise UserError(Problem("E306", text, Place(str(path), line, 1), hint))
        at_us, lasts_us = _time(path, line, row["time"]), None
        if row["duration"]:
            lasts_us = max(1, _time(path, line, row["duration"]))
        found.append(_Drawn(at_us, place, lasts_us, line))
    found.sort(key=lambda one: (one.at_us, one.place))
    yield from (one for one in found if one.at_us <= horizon_us)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        words = getattr(error, "strerror", None) or "it is not UTF-8"
        raise UserError(Problem("E306", f"cannot read {path}: {words}")) from error
    reader = csv.DictReader(text.splitlines())
    missing = {"time", "node", "duration"} - set(reader.fieldnames or ())
    if missing:
        words = f"a failure trace has the columns time, node, duration; {sorted(missing)[0]} is not"
        raise UserError(Problem("E306", f"{words} there", Place(str(path), 1, 1)))
    for row in reader:
        cells = {name: (row[name] or "").strip() for name in ("time", "node", "duration")}
        if any(cells.values()):
            yield reader.line_num, cells


def _time(path: Path, line: int, text: str) -> int:
    """`90s`, or a number of seconds."""
    try:
        return duration_us(float(text) if text.replace(".", "", 1).isdecimal() else text)
    except ValueError as error:
        raise UserError(Problem("E306", str(error), Place(str(path), line, 1))) from error
