"""Replica time of one workload, by hand and against a recount."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simk8s.faults.base import Fault
from simk8s.schema.damage import DipCause, DipKind, DipOutcome
from simk8s.simulation.dips import Data, Taken, Workload

CRASH = Taken(DipCause.NODE_LOST, 3, Fault(100, "nodeCrash", "n-3", (3,), 50), seen=False)
OWN = Taken(DipCause.DELETED, 1)
EVICTED = Taken(DipCause.EVICTION, 2)


def complete(replicas: int) -> Workload:
    """Created at 0, complete at 10."""
    found = Workload("ReplicaSet", "default/web", 0, 0)
    found.want(0, replicas)
    for _ in range(replicas):
        found.gain(10, 5)
    return found


def test_start_up_is_no_damage():
    web = complete(3)
    assert (web.complete_us, web.missed_us[DipKind.STARTUP], web.damages) == (10, 30, 0)
    (dip,) = web.dips
    assert (dip.kind, dip.start_us, dip.end_us, dip.depth) == (DipKind.STARTUP, 0, 10, 3)


def test_a_crash_by_hand():
    """Two of three are gone at 100; known at 140; replacements bound at 150 and 160 are ready at
    170 and 190: 2 x 70 + 1 x 20 = 160.
    """
    web = complete(3)
    web.lose(100, 0, CRASH)
    web.lose(100, 1, CRASH)
    assert web.dip is not None
    web.dip.notice(140)
    web.gain(170, 150)
    web.gain(190, 160)
    web.finish(1_000)
    dip = web.dips[-1]
    assert (dip.kind, dip.cause, dip.outcome) == (
        DipKind.DAMAGE, DipCause.NODE_LOST, DipOutcome.CONVERGED,
    )  # fmt: skip
    assert (dip.start_us, dip.detected_us, dip.replaced_us, dip.end_us) == (100, 140, 160, 190)
    assert (dip.depth, dip.depth_us, dip.missed_us, dip.pods_hit) == (2, 100, 160, 2)
    assert list(dip.nodes) == [3]
    assert dip.steps == [(100, 3, 1), (170, 3, 2), (190, 3, 3)]
    assert web.missed_us[DipKind.DAMAGE] == 160
    assert (web.desired_us, web.below_us, web.worst, web.worst_us) == (3 * 990, 90, 2, 100)


def test_what_its_own_controller_does_in_a_rollout_is_no_damage():
    web = complete(3)
    web.rolling = True
    web.lose(50, 0, OWN)
    web.gain(60, 55)
    assert web.missed_us[DipKind.ROLLOUT] == 10
    assert web.damages == 0


def test_a_rollout_that_is_hit_is_damage_from_then_on():
    web = complete(3)
    web.rolling = True
    web.lose(50, 0, OWN)
    web.lose(60, 1, EVICTED)
    web.gain(70, 65)
    web.gain(80, 75)
    kinds = [(dip.kind, dip.outcome, dip.missed_us) for dip in web.dips[1:]]
    assert kinds == [
        (DipKind.ROLLOUT, DipOutcome.HIT, 10),
        (DipKind.DAMAGE, DipOutcome.CONVERGED, 2 * 10 + 10),
    ]
    assert web.dips[-1].detected_us == 60, "an eviction is known at once"


def test_scaling_up_is_no_damage_and_scaling_down_ends_a_dip():
    web = complete(2)
    web.want(20, 4)
    web.gain(30, 25)
    web.gain(40, 25)
    assert web.missed_us[DipKind.SCALE] == 2 * 10 + 10
    web.lose(50, 0, EVICTED)
    web.want(60, 3)
    assert (web.dips[-1].outcome, web.missed_us[DipKind.DAMAGE]) == (DipOutcome.SCALED_DOWN, 10)


def test_what_takes_no_time_is_no_dip():
    web = complete(2)
    web.lose(50, 0, EVICTED)
    web.gain(50, 50)
    assert len(web.dips) == 1
    assert web.damages == 0


def test_a_pod_too_many_may_go():
    web = complete(2)
    web.gain(20, 15)
    web.lose(30, 0, EVICTED)
    assert web.dip is None


def test_what_is_open_at_the_end_counts_until_then():
    web = complete(2)
    web.lose(50, 0, EVICTED)
    web.finish(90)
    assert (web.dips[-1].outcome, web.dips[-1].end_us) == (DipOutcome.OPEN, None)
    assert (web.missed_us[DipKind.DAMAGE], web.below_us) == (40, 40)


def test_a_workload_that_was_never_complete_starts_up_for_ever():
    web = Workload("ReplicaSet", "default/web", 0, 0)
    web.want(0, 2)
    web.gain(10, 5)
    web.lose(30, 0, EVICTED)
    web.finish(50)
    assert web.complete_us is None
    assert web.missed_us == dict.fromkeys(DipKind, 0) | {DipKind.STARTUP: 2 * 10 + 20 + 2 * 20}
    assert web.desired_us == 0


def test_data_is_out_of_service_from_the_first_ready_on():
    data = Data(0)
    data.back(10, 0)
    data.back(20, 1)
    data.lost(30, 1)
    data.back(45, 1)
    data.lost(50, 0)
    data.lost(60, 1)
    data.keep(70, 1)  # scaled to one: ordinal 1 is not wanted any more
    data.finish(100)
    assert data.out_us == 15 + 10 + 50


CHANGES = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from(["gain", "own", "evicted", "want", "roll"])),
    max_size=60,
)


@given(CHANGES, st.lists(st.integers(0, 5), min_size=60, max_size=60))
def test_integrals_are_what_a_recount_at_every_event_says(changes, wanted):
    web = Workload("ReplicaSet", "default/web", 0, 0)
    now = available = desired = missed = asked = 0
    ever = False
    for number, (after, what) in enumerate(changes):
        missed += after * max(0, desired - available)
        asked += after * desired if ever else 0
        now += after
        if what == "gain":
            available += 1
            web.gain(now, now)
        elif what == "want":
            desired = wanted[number]
            web.want(now, desired)
        elif what == "roll":
            web.rolling = not web.rolling
        elif available:
            available -= 1
            web.lose(now, number, OWN if what == "own" else EVICTED)
        ever = ever or (0 < desired <= available and (what in ("gain", "want")))
        assert (web.dip is not None) == (available < desired)
    web.finish(now)
    assert sum(web.missed_us.values()) == missed == sum(dip.missed_us for dip in web.dips)
    assert web.desired_us == asked
    assert (web.complete_us is not None) == ever
    for earlier, later in zip(web.dips, web.dips[1:], strict=False):
        assert earlier.end_us is not None
        assert earlier.end_us <= later.start_us


@pytest.mark.parametrize("cause", [DipCause.EVICTION, DipCause.DELETED])
def test_only_what_others_take_is_a_hit(cause):
    web = complete(2)
    web.lose(20, 0, Taken(cause, 1))
    assert web.dip is not None
    assert web.dip.pods_hit == (cause is DipCause.EVICTION)
    assert web.dip.kind is DipKind.DAMAGE
