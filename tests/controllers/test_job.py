"""The Job controller against a recording of v1.36.2 and its own law."""

from __future__ import annotations

from itertools import pairwise

import pytest

from simk8s.api.watch import Verb
from simk8s.controllers._jobs import End, JobPods
from simk8s.state.workloads import Job, JobCondition
from tests.controllers.world import SECOND, TEMPLATE, PodTimes, Times, World

HALF_A_SECOND = PodTimes((500_000, 500_001), (200_000, 200_001))


def created(world):
    return world.times("pods", Verb.ADDED)


def taken(pods):
    good, bad = pods.take()
    return len(good), len(bad)


def test_completions_in_waves_of_parallelism():
    world = World(["job"])
    world.nodes(2)
    key = world.job(completions=5, parallelism=2, lifetime_us=10 * SECOND)
    world.run(200 * SECOND)
    status = world.progress(key)
    assert (status.succeeded, status.failed, status.active) == (5, 0, 0)
    assert status.condition is JobCondition.COMPLETE
    assert len(created(world)) == 5
    starts = [0, 0, 11, 11, 22]  # 10 s of work, 1 s until the ends are synced
    assert [round(t / SECOND) for t in created(world)] == starts


def test_a_job_of_one_pod_by_default():
    world = World(["job"])
    world.nodes(1)
    key = world.job()
    world.run(60 * SECOND)
    assert world.progress(key).condition is JobCondition.COMPLETE
    assert len(created(world)) == 1


def test_a_failing_job_as_recorded():
    """Recording: pods at 0, 11.34, 32.34, 73.34, 154.34 s, the second counted from 0.655 s."""
    world = World(["job"], times=Times(), kubelets=HALF_A_SECOND)
    world.nodes(3)
    world.pods_fail()
    world.at(655_000, lambda: world.job(backoffLimit=4))
    world.run(400 * SECOND)
    seen = [(t - 655_000) / SECOND for t in created(world)]
    assert seen == pytest.approx([0, 11.345, 32.345, 73.343, 154.351], abs=0.01)
    status = world.progress("default/work")
    assert (status.condition, status.failed) == (JobCondition.FAILED, 5)
    assert (status.finished_us - 655_000) / SECOND == pytest.approx(156.38, abs=0.05)


def test_parallel_failures_count_together():
    """Recording: three failures at once make the next three wait 40 s."""
    world = World(["job"], times=Times(), kubelets=HALF_A_SECOND)
    world.nodes(3)
    world.pods_fail()
    world.at(655_000, lambda: world.job(backoffLimit=6, completions=6, parallelism=3))
    world.run(100 * SECOND)
    seen = [(t - 655_000) / SECOND for t in created(world)]
    assert seen[3:] == pytest.approx([41.342, 41.349, 41.353], abs=0.02)


def test_backoff_doubles_up_to_ten_minutes():
    pods = JobPods("default/work")
    waits = []
    for _ in range(8):
        pods.failed.append(End(0, len(waits)))
        pods.take()
        waits.append(pods.streak.left_us(0) // SECOND)
    assert waits == [10, 20, 40, 80, 160, 320, 600, 600]


def test_a_success_forgets_earlier_failures():
    pods = JobPods("default/work")
    pods.failed += [End(t * SECOND, t) for t in (1, 2, 5)]
    pods.succeeded += [End(3 * SECOND, 3)]
    assert taken(pods) == (1, 3)
    assert pods.streak.left_us(5 * SECOND) == 10 * SECOND
    pods.succeeded += [End(6 * SECOND, 6)]
    pods.take()
    assert pods.streak.left_us(6 * SECOND) == 0


def test_at_most_500_ends_are_counted_in_a_sync():
    pods = JobPods("default/work")
    pods.succeeded += [End(SECOND, pod) for pod in range(499)]
    pods.failed += [End(2 * SECOND, pod) for pod in range(500, 503)]
    assert taken(pods) == (499, 1)
    assert taken(pods) == (0, 2)


def test_a_pod_deleted_before_its_end_has_failed_and_is_replaced_after_the_backoff():
    world = World(["job"])
    world.nodes(2)
    key = world.job(completions=1, lifetime_us=100 * SECOND)
    world.at(50 * SECOND, lambda: world.store.delete_pod(0))
    world.run(400 * SECOND)
    assert created(world) == [0, 60 * SECOND]
    status = world.progress(key)
    assert (status.failed, status.succeeded) == (1, 1)
    assert status.condition is JobCondition.COMPLETE


def test_failure_takes_the_other_pods_along_and_waits_for_them():
    world = World(["job"], kubelets=PodTimes((0, 0), (5 * SECOND, 5 * SECOND + 1)))
    world.nodes(2)
    key = world.job(completions=4, parallelism=4, backoffLimit=0, lifetime_us=100 * SECOND)
    world.at(20 * SECOND, lambda: world.store.delete_pod(0))
    world.run(21 * SECOND + 1)
    assert world.progress(key).condition is JobCondition.FAILURE_TARGET
    assert world.times("pods", Verb.DELETING) == [20 * SECOND] + [21 * SECOND] * 3
    world.run(60 * SECOND)
    status = world.progress(key)
    assert (status.condition, status.failed, status.succeeded) == (JobCondition.FAILED, 4, 0)
    assert status.finished_us >= 26 * SECOND


def test_a_work_queue_starts_nothing_after_its_first_success():
    world = World(["job"])
    world.nodes(1)
    key = world.job(parallelism=3, lifetime_us=10 * SECOND)
    world.run(60 * SECOND)
    assert len(created(world)) == 3
    assert world.progress(key).condition is JobCondition.COMPLETE


def test_an_unfinished_work_queue_keeps_its_other_pods():
    world = World(["job"])
    world.nodes(1)
    key = world.job(parallelism=2, lifetime_us=30 * SECOND)
    world.at(10 * SECOND, lambda: world.store.set_phase(0, 3, world.cluster.pods.epoch[0]))
    world.run(20 * SECOND)
    assert world.progress(key).condition is JobCondition.ACTIVE
    assert world.progress(key).active == 1
    world.run(60 * SECOND)
    assert world.progress(key).succeeded == 2
    assert world.progress(key).condition is JobCondition.COMPLETE


def test_restarts_count_when_containers_are_restarted_in_place():
    template = {"spec": {**TEMPLATE["spec"], "restartPolicy": "OnFailure"}}
    world = World(["job"])
    (node,) = world.nodes(1)
    key = world.job(completions=1, backoffLimit=1, lifetime_us=500 * SECOND, template=template)
    world.crash(10 * SECOND, node)
    world.restore(15 * SECOND, node)
    world.run(900 * SECOND)
    assert world.progress(key).condition is JobCondition.FAILED


def test_less_parallelism_spares_pods_without_counting_failures():
    from dataclasses import replace

    world = World(["job"])
    world.nodes(1)
    key = world.job(completions=4, parallelism=4, lifetime_us=100 * SECOND)

    def narrow():
        stored = world.store.objects("jobs").get(key)
        smaller = replace(stored.value, parallelism=1)
        world.store.objects("jobs").update(key, smaller, stored.version)

    world.at(10 * SECOND, narrow)
    world.run(30 * SECOND)
    assert len(world.alive()) == 1
    assert world.progress(key).failed == 0
    world.run(2_000 * SECOND)
    assert world.progress(key).succeeded == 4


def test_the_api_is_asked_three_times_for_each_batch_of_ends():
    world = World(["job"])
    world.nodes(1)
    world.job(completions=1)
    world.run(60 * SECOND)
    # POST; status active; status ready; uncounted and SuccessCriteriaMet, finalizer, Complete.
    assert world.writes() in (5, 6)


def test_syncs_of_one_job_are_a_second_apart():
    world = World(["job"])
    world.nodes(4)
    world.job(completions=30, parallelism=30, lifetime_us=None)
    ends = [(100 * SECOND + n * 100_000, n) for n in range(30)]
    phase = world.store.set_phase
    for t_us, pod in ends:
        world.at(t_us, lambda p=pod: phase(p, 3, world.cluster.pods.epoch[p]))
    syncs = []
    controller = world.runners["job"].controller
    inner = controller._sync
    controller._sync = lambda key, job, now_us: syncs.append(now_us) or inner(key, job, now_us)
    world.run(200 * SECOND)
    late = [t for t in syncs if t > 100 * SECOND]
    assert all(b - a >= 0.9 * SECOND for a, b in pairwise(late))
    assert len(late) <= 7


@pytest.mark.parametrize(
    ("spec", "completions", "parallelism"),
    [({}, 1, 1), ({"parallelism": 3}, None, 3), ({"completions": 5}, 5, 1)],
)
def test_defaults(spec, completions, parallelism):
    job = Job.of(spec, pods=None)
    assert (job.completions, job.parallelism, job.backoff_limit) == (completions, parallelism, 6)
