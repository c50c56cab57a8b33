"""To which phase a pod's step belongs, where the boundary of two phases cuts through a wave.

A phase begins when the driver asks for something, whatever the cluster is busy with. Of a wave that
is under way, the recorded run has done so many pods before that instant and the others after it; a
simulated run in which every pod is a few hundredths of a second earlier has done some more.

Law: a boundary is put where the recorded run has it, between the same two pods, if, and only if,
every pod of the phase took its step near the recorded instant of its rank, and so did those that
change sides: within 0.25 s, or 10 % of the time since their phase began. Otherwise it stays where
it is in time. Nothing is counted twice or left out, and what changed sides is compared as all is.
"""

from __future__ import annotations

from collections.abc import Sequence

from simk8s.simulation.recording.actions import Phase
from simk8s.simulation.recording.timeline import Timeline

NEAR_US, NEAR_PERCENT = 250_000, 10
Shares = dict[tuple[str, str], list[list[int]]]
"""(group, step) -> sorted instants, a list for each phase."""


def plain(timeline: Timeline, phases: Sequence[Phase]) -> Shares:
    """Instants by the phase in which they fall."""
    return {
        (group, step): [timeline.within(group, step, one.start_us, one.end_us) for one in phases]
        for group, step in timeline.steps
    }


def dealt(recorded: Shares, simulated: Timeline, phases: Sequence[Phase]) -> Shares:
    """The simulated run's instants, on the sides on which the recorded run's are."""
    none: list[list[int]] = [[] for _ in phases]
    found = {}
    for key, times in simulated.steps.items():
        since = sorted(t for t in times if t >= phases[0].start_us)
        found[key] = _dealt(recorded.get(key, none), since, phases)
    return found


def _dealt(recorded: list[list[int]], times: list[int], phases: Sequence[Phase]) -> list[list[int]]:
    """Instants of one step of one group, dealt out to the phases."""
    found, first = [], 0
    for phase, here, after in zip(phases, recorded, [*recorded[1:], []], strict=True):
        cut = max(first, sum(t < phase.end_us for t in times))
        wanted = first + len(here)
        across = times[wanted:cut]
        if (
            cut != wanted
            and all_near(here, times[first:wanted], phase.start_us)
            and all_near(after[: len(across)], across, phase.end_us)
        ):
            cut = wanted
        found.append(times[first:cut])
        first = cut
    return found


def all_near(recorded: list[int], simulated: list[int], start_us: int) -> bool:
    """Whether there are as many of both, each near the one of its rank."""
    return len(recorded) == len(simulated) and all(
        near(there, here, start_us) for there, here in zip(recorded, simulated, strict=True)
    )


def near(recorded_us: int, simulated_us: int, start_us: int) -> bool:
    """Whether two instants are, in a phase that began at `start_us`."""
    allowed_us = max(NEAR_US, (recorded_us - start_us) * NEAR_PERCENT // 100)
    return abs(simulated_us - recorded_us) <= allowed_us
