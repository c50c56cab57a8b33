"""A boundary between phases decides nothing by itself, and hides nothing either."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simk8s.simulation.recording.actions import Phase, phases_of
from simk8s.simulation.recording.comparison import compare
from simk8s.simulation.recording.reading import read
from simk8s.simulation.recording.sides import NEAR_US, dealt, plain
from simk8s.simulation.recording.timeline import Timeline

S = 1_000_000
KEY = ("DaemonSet default/ds", "deleting")
PHASES = [Phase("PATCH", 0, S), Phase("POST jobs", S, 10 * S)]
FIRST = [20_000 + 2_000 * n for n in range(12)]
CUT = [880_000 + 20_000 * n for n in range(12)]
"""A wave of twelve that the second phase cuts in two: six and six."""
LATER = [3 * S + 50_000 * n for n in range(40)]
WAVES = FIRST + CUT + LATER


def run(times, step="deleting", ready=()):
    made = Timeline()
    for pod, t in enumerate(times):
        made.step(t, pod, KEY[0], step)
    for t, value in ready:
        made.value(t, "daemonsets", "default/ds", "ready", value)
    return made


def outs(simulated, recorded=None):
    found = compare(recorded or run(WAVES), simulated, PHASES)
    return {(place, row.milestone) for place, phase in enumerate(found) for row in phase.rows
            if not row.ok}  # fmt: skip


def counts(times):
    return [len(one) for one in dealt(plain(run(WAVES), PHASES), run(times), PHASES)[KEY]]


@pytest.mark.parametrize("off_us", [-200_000, -60_000, -1, 0, 1, 60_000, 100_000])
def test_a_wave_that_comes_a_little_earlier_or_later_is_the_same_wave(off_us):
    moved = FIRST + [t + off_us for t in CUT] + LATER
    assert counts(moved) == [18, 46]
    assert outs(run(moved)) == set()


@pytest.mark.parametrize("off_us", [-300_000, 300_000])
def test_a_wave_that_comes_too_early_or_too_late_is_out(off_us):
    moved = [*FIRST, *(t + off_us for t in CUT), *LATER]
    assert {(0, "deleting: pods"), (1, "deleting: first")} & outs(run(moved))


def test_a_wave_of_another_size_is_out():
    """Nothing of the next phase fills a wave up: what is missing came neither before nor after."""
    for times in (FIRST + CUT[2:] + LATER, [*FIRST, *CUT[:10], *(t + S for t in CUT[10:]), *LATER]):
        assert outs(run(times)) != set(), len(times)
    assert (0, "deleting: pods") in outs(run(FIRST[:9] + CUT + LATER))
    assert (0, "deleting: pods") in outs(run([*FIRST, *(t + 1 for t in FIRST[:3]), *CUT, *LATER]))


def test_waves_in_another_order_are_out():
    """The pace comes first and the wave of twelve afterwards."""
    slow = [30_000 + 60_000 * n for n in range(12)]
    recorded = run([*slow, *(S + 1_000 * n for n in range(12))])
    swapped = run([*(30_000 + 1_000 * n for n in range(12)), *(S + 60_000 * n for n in range(12))])
    assert outs(swapped, recorded) != set()


def test_nothing_changes_sides_for_what_is_not_there():
    """One pod too many before the boundary and none too few behind it: it stays where it is."""
    early = sorted([*WAVES, 990_000])
    assert counts(early) in ([19, 46], [18, 47])
    assert counts([*FIRST, *CUT[:5], S + 400_000, *CUT[6:], *LATER])[0] == 18, (
        "the next has its rank"
    )
    assert counts([*FIRST[:9], *CUT, *LATER]) == [15, 46], "three of the first wave are missing"


def test_sizes_of_steps_are_looked_for_a_little_beyond_a_boundary():
    steps = [(0, 120), (30_000, 108), (990_000, 120), (2 * S, 100)]
    recorded = run(WAVES, ready=steps)
    late = run(WAVES, ready=[*steps[:2], (1_010_000, 120), steps[3]])
    assert outs(late, recorded) == set()
    too_late = run(WAVES, ready=[*steps[:2], (1_300_000, 120), steps[3]])
    assert (0, "ready: steps") in outs(too_late, recorded) or (0, "ready: 120") in outs(
        too_late, recorded
    )
    other = run(WAVES, ready=[steps[0], (30_000, 100), *steps[2:]])
    assert (0, "ready: steps") in outs(other, recorded)


@given(st.lists(st.integers(0, 10 * S - 1), max_size=30), st.lists(st.integers(0, 10 * S - 1),
       max_size=30))  # fmt: skip
def test_every_instant_is_dealt_once_and_moves_only_to_where_it_is_near(there, here):
    recorded, simulated = run(there), run(here)
    real = plain(recorded, PHASES)
    (found,) = dealt(real, simulated, PHASES).values() or ([[], []],)
    assert [*found[0], *found[1]] == sorted(here)
    for t in found[0]:
        assert t < S or any(abs(t - r) <= NEAR_US for r in real[KEY][0])
    for t in found[1]:
        assert t >= S or any(abs(t - r) <= NEAR_US for r in real[KEY][1])


@given(st.permutations(range(6)), st.integers(-NEAR_US, NEAR_US))
def test_a_run_is_near_itself_wherever_the_boundary_falls(order, off_us):
    at = 880_000 + off_us
    phases = [Phase("a", 0, at), Phase("b", at, 10 * S)]
    times = [WAVES[n] for n in order] + WAVES[6:]
    found = compare(run(WAVES), run(sorted(times)), phases)
    assert all(row.ok for phase in found for row in phase.rows)


# --- the real recording against itself, altered: the rollout of its DaemonSet

E3 = Path(__file__).parents[4] / "shared" / "control-plane" / "E3.jsonl.gz"
GROUP = "DaemonSet default/ds"


@pytest.fixture(scope="module")
def rollout():
    if not E3.exists():
        pytest.skip("no recordings here")
    found = read(E3)
    phases = phases_of(found.actions, found.done_us, found.timeline.end_us)
    (start,) = [n for n, one in enumerate(phases) if one.title == "PATCH daemonsets/ds (template)"]
    return found.timeline, phases, start


def altered(rollout, alter):
    """Phases of the rollout with what is out, after `alter(step, instants since its start)`."""
    recorded, phases, start = rollout
    other, since = deepcopy(recorded), phases[start].start_us
    for (group, step), times in other.steps.items():
        if group == GROUP:
            before = sorted(t for t in times if t < since)
            times[:] = before + alter(step, sorted(t - since for t in times if t >= since), since)
    found = compare(recorded, other, phases)
    return {n - start for n, one in enumerate(found) if one.out}


def moved(by_us, first=12, last=24):
    def alter(step, times, since):
        return [since + t + (by_us if first <= n < last else 0) for n, t in enumerate(times)]

    return alter


@pytest.mark.parametrize("by_us", [-200_000, -75_000, -50_000, 0, 50_000, 200_000])
def test_the_second_wave_of_the_rollout_may_come_a_little_earlier_or_later(rollout, by_us):
    out = altered(rollout, moved(by_us))
    assert out <= {0, 1}
    assert not out or abs(by_us) == 200_000, "its gaps to the third wave are what differs then"


@pytest.mark.parametrize("by_us", [-350_000, 350_000, 900_000])
def test_further_off_it_is_out(rollout, by_us):
    assert altered(rollout, moved(by_us))


@pytest.mark.parametrize("wave", [0, 12])
def test_waves_of_other_sizes_are_out(rollout, wave):
    """Two pods fewer in one wave, and two more at the end."""

    def alter(step, times, since):
        late = [times[-1] + 50_000, times[-1] + 100_000]
        return [since + t for t in [*times[:wave], *times[wave + 2 :], *late]]

    assert altered(rollout, alter)


def test_waves_in_another_order_of_the_rollout_are_out(rollout):
    """The pace of a pod each 50 ms first, the two waves at the end."""

    def alter(step, times, since):
        return sorted(since + times[0] + times[-1] - t for t in times)

    assert altered(rollout, alter) == {0, 1}
