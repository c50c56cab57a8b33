"""Two runs side by side: each milestone with its difference, and whether it is near enough.

Law: an instant or a duration is near if it is within 10 % or 0.25 s, a count if within 10 % (a
burst and an extreme: or one pod), the median gap after a burst within 10 % or 5 ms. A value that a
step function takes for a quarter of a second or more must be taken by the other run too, to a
tenth of the span or a twentieth of the largest value, near the same instant; and the other way
round. A boundary between phases decides nothing by itself: instants that are near stay near if it
falls between them (`sides`), steps of a field are looked for a little beyond it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from simk8s.simulation.recording.actions import Phase
from simk8s.simulation.recording.milestones import (
    ENOUGH,
    SECOND,
    Measure,
    Steps,
    answered,
    fields_in,
    measures,
    steps_of,
)
from simk8s.simulation.recording.sides import NEAR_US, Shares, dealt, plain
from simk8s.simulation.recording.timeline import Field, Timeline

NEAR_S, NEAR_SHARE, GAP_S = 0.25, 0.10, 0.005
LASTS_US = 250_000
LOOSE_SPAN = 5
"""Values of a field that moves less than this must be met exactly."""
FOREVER_US = 1 << 62
Instants = dict[str, list[int]]
"""Step -> instants of one group in one phase."""
Line = tuple[Steps, Steps]
"""A field's steps in a phase, and with those that come a little after it."""
SHOWN_STEPS = 10


@dataclass(frozen=True, slots=True)
class Row:
    """One milestone of both runs; None = it was not reached."""

    subject: str
    milestone: str
    recorded: float | str | None
    simulated: float | str | None
    difference: float | None
    unit: str
    ok: bool


@dataclass(slots=True)
class Compared:
    """One phase."""

    phase: Phase
    rows: list[Row] = field(default_factory=list)

    @property
    def out(self) -> int:
        """Milestones that are not near."""
        return sum(not row.ok for row in self.rows)

    def as_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "phase": self.phase.title,
            "start_s": self.phase.start_us / SECOND,
            "milestones": [asdict(row) for row in self.rows],
        }


def compare(recorded: Timeline, simulated: Timeline, phases: list[Phase]) -> list[Compared]:
    """Every phase of two runs."""
    real = plain(recorded, phases)
    both = (real, dealt(real, simulated, phases))
    return [
        Compared(phase, _rows(recorded, simulated, phase, _groups(both, place)))
        for place, phase in enumerate(phases)
    ]


def _groups(both: tuple[Shares, Shares], place: int) -> dict[str, tuple[Instants, Instants]]:
    """Groups whose pods took a step in a phase of either run, with both runs' instants."""
    found: dict[str, tuple[Instants, Instants]] = {}
    for which, shares in enumerate(both):
        for (group, step), times in shares.items():
            if times[place]:
                found.setdefault(group, ({}, {}))[which][step] = times[place]
    return found


def _rows(
    recorded: Timeline,
    simulated: Timeline,
    phase: Phase,
    groups: dict[str, tuple[Instants, Instants]],
) -> list[Row]:
    rows = _beside(answered(recorded, phase), answered(simulated, phase))
    for group, (real, ours) in groups.items():
        rows += _beside(
            measures(recorded, phase, group, real, ENOUGH),
            measures(simulated, phase, group, ours, 1),
        )
    fields = [*fields_in(recorded, phase), *fields_in(simulated, phase)]
    for one in dict.fromkeys(fields):
        rows += _steps(one, *(_line(run, phase, one) for run in (recorded, simulated)))
    return rows


def _line(run: Timeline, phase: Phase, name: Field) -> Line:
    late_us = max(NEAR_US, (phase.end_us - phase.start_us) // 10)
    return steps_of(run, phase, name), steps_of(run, phase, name, late_us)


def _beside(recorded: list[Measure], simulated: list[Measure]) -> list[Row]:
    """Measures of one subject; what only one run has is out, but for a pace of too few pods."""
    ours = {measure.milestone: measure for measure in simulated}
    rows = [_row(measure, ours.pop(measure.milestone, None)) for measure in recorded]
    return rows + [_row(None, left) for left in ours.values() if "gap" not in left.milestone]


def _row(recorded: Measure | None, simulated: Measure | None) -> Row:
    told = recorded or simulated
    assert told is not None
    if recorded is None or simulated is None:
        values = [None if one is None else one.value for one in (recorded, simulated)]
        return Row(told.subject, told.milestone, values[0], values[1], None, told.unit, False)
    real, ours = recorded.value, simulated.value
    ok = near(real, ours, told.unit, told.milestone)
    return Row(told.subject, told.milestone, real, ours, ours - real, told.unit, ok)


def near(recorded: float, simulated: float, unit: str, milestone: str = "") -> bool:
    """Whether a number is near enough."""
    off, share = abs(simulated - recorded), NEAR_SHARE * abs(recorded)
    if unit == "s":
        return off <= max(share, GAP_S if "gap" in milestone else NEAR_S)
    slack = 1 if milestone.startswith(("alive", "created: burst", "deleting: burst")) else 0
    return off <= max(share, slack)


def _steps(name: Field, real: Line, ours: Line) -> list[Row]:
    """The sizes of a field's steps, and the step that is farthest off in time."""
    kind, item, what = name
    (recorded, recorded_on), (simulated, simulated_on) = real, ours
    subject = f"{kind} {item}"
    values = [v for _, v in (*recorded, *simulated)]
    span = max(values) - min(values)
    slack = max(span // 10, max(values) // 20) if span >= LOOSE_SPAN else 0
    forth, back = _match(recorded, simulated_on, slack), _match(simulated, recorded_on, slack)
    met = bool(forth and back) and all(there is not None for _, _, there in (*forth, *back))
    shown = _shown(recorded), _shown(simulated)
    rows = [Row(subject, f"{what}: steps", *shown, None, "steps", met)]
    # The last of those that are equally far off.
    pairs = [(at, there, value) for at, value, there in forth[::-1] if there is not None]
    pairs += [(there, at, value) for at, value, there in back[::-1] if there is not None]
    if pairs:
        real_us, ours_us, value = max(pairs, key=lambda pair: _excess(pair[0], pair[1]))
        there, here = real_us / SECOND, ours_us / SECOND
        ok = near(there, here, "s")
        rows.append(Row(subject, f"{what}: {value}", there, here, here - there, "s", ok))
    return rows


def _excess(recorded_us: int, simulated_us: int) -> float:
    """How far off an instant is, in tolerances."""
    allowed = max(NEAR_S * SECOND, NEAR_SHARE * recorded_us)
    return abs(simulated_us - recorded_us) / allowed


def _match(line: Steps, other: Steps, slack: int) -> list[tuple[int, int, int | None]]:
    """Each step of a line (instant, value) with the nearest instant at which the other run has
    about that value; steps that soon pass may be missing.
    """
    ends = [at_us for at_us, _ in other[1:]]
    found: list[tuple[int, int, int | None]] = []
    for place, (at_us, value) in enumerate(line):
        alike = (
            [
                min(max(at_us, start_us), end_us)
                for (start_us, one), end_us in zip(other, [*ends, FOREVER_US], strict=True)
                if abs(one - value) <= slack
            ]
            if other
            else []
        )
        best = min(alike, key=lambda t: abs(t - at_us), default=None)
        lasts = place + 1 == len(line) or line[place + 1][0] - at_us >= LASTS_US
        if lasts or (best is not None and _excess(at_us, best) <= 1):
            found.append((at_us, value, best))
    return found


def _shown(steps: Steps) -> str:
    values = [str(value) for _, value in steps]
    if len(values) > SHOWN_STEPS:
        half = SHOWN_STEPS // 2
        values = [*values[:half], "…", *values[-half:]]
    return " → ".join(values) or "none"
