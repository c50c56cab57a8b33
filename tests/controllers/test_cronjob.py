"""The CronJob controller: instants, policies, history."""

from __future__ import annotations

import pytest

from simk8s.controllers._cronjob_params import Params, seconds_of
from simk8s.controllers.cronjob import CronJobController
from simk8s.state.cronjobs import CRONJOBS
from simk8s.state.workloads import JOBS, JobCondition
from tests.controllers.owners import cronjob, respec, status
from tests.controllers.world import SECOND, PodTimes, Times, World

MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
HALF_A_SECOND = PodTimes((500_000, 500_001), (200_000, 200_001))
EPOCH_MINUTE = seconds_of("2026-01-01T00:00:00Z") // 60


def live(*more, start=None):
    cron = (CronJobController, Params(start=start)) if start else "cronjob"
    made = World([cron, "job", *more], times=Times(), kubelets=HALF_A_SECOND)
    made.nodes(3)
    made.born = []
    table = made.store.objects(JOBS)
    create = table.create

    def note(key, value):
        stored = create(key, value)
        if stored:
            made.born.append((made.clock.now_us, key))
        return stored

    note.request = None
    note.verb, note.__dict__["__self__"] = "POST", table
    table.create = note
    return made


def minutes(world):
    return [round(t / MINUTE, 2) for t, _ in world.born]


def test_a_job_at_every_due_time_shortly_after_it_as_recorded():
    """Recording E3: the Job is there 0.10 to 0.12 s past the minute."""
    world = live()
    key = cronjob(world, "* * * * *")
    world.run(5 * MINUTE + SECOND)
    assert [t // MINUTE for t, _ in world.born] == [1, 2, 3, 4, 5]
    assert all(100_000 <= t % MINUTE <= 120_000 for t, _ in world.born)
    names = [name for _, name in world.born]
    assert names == [f"default/tick-{EPOCH_MINUTE + n}" for n in range(1, 6)]
    seen = status(world, CRONJOBS, key)
    assert seen.last_schedule_us == 5 * MINUTE
    assert seen.active == (names[-1],)
    assert 4 * MINUTE + 10 * SECOND < seen.last_success_us < 4 * MINUTE + 20 * SECOND


@pytest.mark.parametrize(
    ("policy", "expected"), [("Allow", [1, 2, 3, 4]), ("Replace", [1, 2, 3, 4])]
)
def test_long_jobs_run_beside_each_other_or_are_replaced(policy, expected):
    world = live("garbage_collector")
    key = cronjob(world, "* * * * *", lifetime_us=150 * SECOND, concurrencyPolicy=policy)
    world.run(4 * MINUTE + 5 * SECOND)
    assert [t // MINUTE for t, _ in world.born] == expected
    running = [pod for pod in world.alive() if world.cluster.pods.deletion_us[pod] < 0]
    assert len(running) == (3 if policy == "Allow" else 1)
    assert len(status(world, CRONJOBS, key).active) == len(running)


def test_forbid_starts_the_missed_one_when_the_other_has_ended():
    world = live()
    cronjob(world, "* * * * *", lifetime_us=90 * SECOND, concurrencyPolicy="Forbid")
    world.run(5 * MINUTE)
    # 1:00.1 to 2:31.6 or so, then the one that was due at 2:00 at once.
    assert minutes(world)[:3] == pytest.approx([1.0, 2.56, 4.1], abs=0.1)
    names = [int(name.rpartition("-")[2]) - EPOCH_MINUTE for _, name in world.born]
    assert names[:3] == [1, 2, 4]


def test_a_starting_deadline_lets_missed_times_go():
    world = live()
    cronjob(
        world,
        "* * * * *",
        lifetime_us=90 * SECOND,
        concurrencyPolicy="Forbid",
        startingDeadlineSeconds=10,
    )
    world.run(6 * MINUTE)
    names = [int(name.rpartition("-")[2]) - EPOCH_MINUTE for _, name in world.born]
    assert names == [1, 3, 5]


def test_suspended_it_does_nothing_and_catches_up_with_the_last_time_only():
    world = live()
    key = cronjob(world, "* * * * *", suspend=True)
    world.run(10 * MINUTE + 30 * SECOND)
    assert world.born == []
    world.at(10 * MINUTE + 30 * SECOND, lambda: respec(world, CRONJOBS, key, suspend=False))
    world.run(11 * MINUTE + SECOND)
    names = [int(name.rpartition("-")[2]) - EPOCH_MINUTE for _, name in world.born]
    assert names == [10, 11]


def test_history_limits():
    world = live("garbage_collector")
    cronjob(world, "* * * * *", successfulJobsHistoryLimit=2)
    world.run(10 * MINUTE + 40 * SECOND)
    jobs = [stored.value.status.condition for _, stored in world.store.objects(JOBS).items()]
    assert jobs == [JobCondition.COMPLETE] * 2
    pods = world.cluster.pods
    assert sum(phase == 3 for phase in pods.phase) == 2, "pods go with their Jobs"


def test_failed_jobs_have_a_limit_of_their_own():
    world = live("garbage_collector")
    world.pods_fail()
    cronjob(world, "* * * * *", job={"backoffLimit": 0})
    world.run(10 * MINUTE + 40 * SECOND)
    jobs = [stored.value.status.condition for _, stored in world.store.objects(JOBS).items()]
    assert jobs == [JobCondition.FAILED]


def test_deleted_it_takes_its_jobs_along():
    world = live("garbage_collector")
    key = cronjob(world, "* * * * *")
    world.run(3 * MINUTE + 30 * SECOND)
    world.store.objects(CRONJOBS).delete(key)
    world.run(10 * MINUTE)
    assert len(world.store.objects(JOBS)) == 0
    assert len(world.born) == 3
    assert world.alive() == []


def test_zones_and_a_clock_that_begins_elsewhere():
    world = live(start="2026-03-28T22:00:00Z")
    cronjob(world, "0 3 * * *", timeZone="Europe/Berlin")
    world.run(30 * HOUR)
    # Clocks go forward in that night: 3:00 there is 1:00 UTC.
    assert [round(t / HOUR, 3) for t, _ in world.born] == [3.0, 27.0]


def test_a_schedule_that_never_comes_again_is_no_work():
    world = live()
    cronjob(world, "0 0 30 2 *")
    world.run(HOUR)
    assert world.born == []
