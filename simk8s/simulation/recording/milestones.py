"""What is compared of a run: when counts reach a tenth, a half, all; sizes of steps; pacing.

Law: a milestone is computed the same way for both runs, from the instants that `sides` gives its
phase; a phase sees what happened from its first action until the next phase.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from simk8s.simulation.recording.actions import Phase
from simk8s.simulation.recording.timeline import STEPS, Field, Timeline, before

Unit = Literal["s", "pods", "requests"]
FRACTIONS = ((0, "first"), (10, "10 %"), (25, "25 %"), (50, "50 %"), (75, "75 %"), (90, "90 %"),
             (100, "last"))  # fmt: skip
BURST_US = 500_000
ENOUGH = 10
"""Gaps of a recording whose median says anything."""
SECOND = 1e6
Steps = list[tuple[int, int]]
"""(instant since the phase began, value from then on), the value at its beginning first."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A number of one run: instants and durations in seconds, or a count of pods."""

    subject: str
    milestone: str
    value: float
    unit: Unit


def answered(timeline: Timeline, phase: Phase) -> list[Measure]:
    """How long the driver's requests took."""
    waits = sorted(
        done_us - sent_us
        for sent_us, done_us in timeline.requests
        if phase.start_us <= sent_us < phase.end_us
    )
    if not waits:
        return []
    times = [Measure("driver", f"requests: p{p}", _at(waits, p) / SECOND, "s") for p in (50, 99)]
    return [Measure("driver", "requests: answered", len(waits), "requests"), *times]


def measures(
    timeline: Timeline, phase: Phase, group: str, times: Mapping[str, list[int]], enough: int
) -> list[Measure]:
    """Everything that is measured of one group of pods in a phase: `times` are its steps'
    instants; so many gaps are `enough` for a pace.
    """
    found: list[Measure] = []
    for step in STEPS:
        if times.get(step):
            found += _counts(group, step, [t - phase.start_us for t in times[step]], enough)
    return found + _latencies(timeline, phase, group) + _alive(timeline, phase, group)


def _counts(group: str, step: str, times: list[int], enough: int) -> list[Measure]:
    count = len(times)
    found = [Measure(group, f"{step}: pods", count, "pods")]
    shown: dict[int, str] = {}
    for percent, word in FRACTIONS:
        place = max(0, -(-count * percent // 100) - 1)
        shown[place] = word if percent not in (0, 100) or count > 1 else "the one"
    found += [
        Measure(group, f"{step}: {word}", times[place] / SECOND, "s")
        for place, word in shown.items()
    ]
    if count >= 20 and step in ("created", "deleting"):
        burst = sum(t - times[0] < BURST_US for t in times)
        found.append(Measure(group, f"{step}: burst in 0.5 s", burst, "pods"))
        gaps = sorted(b - a for a, b in pairwise(times[burst - 1 :]))
        if len(gaps) >= enough:
            # The pace afterwards; within a burst gaps are the server's, not the client's.
            found.append(Measure(group, f"{step}: gap p50", _at(gaps, 50) / SECOND, "s"))
    return found


def _latencies(timeline: Timeline, phase: Phase, group: str) -> list[Measure]:
    """From created to bound, of pods created in the phase."""
    waits = sorted(
        steps["bound"] - steps["created"]
        for pod, steps in timeline.pods.items()
        if timeline.group_of[pod] == group
        and phase.start_us <= steps.get("created", -1) < phase.end_us
        and "bound" in steps
    )
    if not waits:
        return []
    return [
        Measure(group, f"created to bound: p{percent}", _at(waits, percent) / SECOND, "s")
        for percent in (50, 90, 99)
    ]


def _at(values: list[int], percent: int) -> int:
    return values[max(0, -(-len(values) * percent // 100) - 1)]


def _alive(timeline: Timeline, phase: Phase, group: str) -> list[Measure]:
    """Most and fewest pods that neither end nor leave, at any instant of the phase."""
    changes = []
    for pod, steps in timeline.pods.items():
        if timeline.group_of[pod] == group and "created" in steps:
            changes.append((steps["created"], 1))
            gone = [steps[step] for step in ("ended", "deleting", "deleted") if step in steps]
            if gone:
                changes.append((min(gone), -1))
    alive = most = least = sum(change for t, change in changes if t < phase.start_us)
    for t, change in sorted(changes):
        if phase.start_us <= t < phase.end_us:
            alive += change
            most, least = max(most, alive), min(least, alive)
    return [
        Measure(group, "alive: most", most, "pods"),
        Measure(group, "alive: fewest", least, "pods"),
    ]


def fields_in(timeline: Timeline, phase: Phase) -> list[Field]:
    """Fields that changed in a phase."""
    return [
        field
        for field, line in timeline.fields.items()
        if any(phase.start_us <= t < phase.end_us for t, _ in line)
    ]


def steps_of(timeline: Timeline, phase: Phase, field: Field, beyond_us: int = 0) -> Steps:
    """A field's values in a phase, and so long after it."""
    line, end_us = timeline.fields.get(field, []), phase.end_us + beyond_us
    start = before(line, phase.start_us)
    found: Steps = [] if start is None else [(0, start)]
    return found + [(t - phase.start_us, v) for t, v in line if phase.start_us <= t < end_us]
