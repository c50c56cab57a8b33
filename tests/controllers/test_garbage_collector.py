"""The garbage collector: dependents go when their owner has gone."""

from __future__ import annotations

from simk8s.api.watch import Verb
from tests.controllers.world import SECOND, TEMPLATE, PodTimes, Times, World

HALF_A_SECOND = PodTimes((500_000, 500_001), (200_000, 200_001))


def live():
    names = ["deployment", "replicaset", "job", "garbage_collector"]
    world = World(names, times=Times(), kubelets=HALF_A_SECOND)
    world.nodes(4)
    return world


def test_a_deleted_deployment_takes_its_replicasets_and_pods_along():
    """Recording E5: ReplicaSet 9 ms, pods 26–75 ms after their Deployment."""
    world = live()
    key = world.deployment(12)
    other = world.deployment(3, name="stays")
    world.run(10 * SECOND)
    world.at(10 * SECOND, lambda: world.store.objects("deployments").delete(key))
    world.run(20 * SECOND)
    assert (world.sets(key), len(world.sets(other)), len(world.alive())) == ([], 1, 3)
    times = [t - 10 * SECOND for t in world.times("pods", Verb.DELETING)]
    assert len(times) == 12
    assert max(times) < 0.25 * SECOND


def test_many_pods_go_at_twice_the_usual_pace():
    world = live()
    key = world.replicaset(100)
    world.run(20 * SECOND)
    world.at(20 * SECOND, lambda: world.store.objects("replicasets").delete(key))
    world.run(40 * SECOND)
    assert world.alive() == []
    took = (max(world.times("pods", Verb.DELETING)) - 20 * SECOND) / SECOND
    assert abs(took - (2 * 100 - 30) / 40) < 0.3, "a GET and a DELETE each at 40 QPS"


def test_pods_that_a_running_sync_still_creates_go_too():
    world = live()
    key = world.replicaset(100)
    world.at(1 * SECOND, lambda: world.store.objects("replicasets").delete(key))
    world.run(30 * SECOND)
    assert len(world.times("pods", Verb.ADDED)) > 40
    assert world.alive() == []


def test_ended_pods_of_a_job_go_too():
    world = live()
    key = world.job(completions=3, parallelism=3, lifetime_us=SECOND)
    world.run(20 * SECOND)
    world.at(20 * SECOND, lambda: world.store.objects("jobs").delete(key))
    world.run(30 * SECOND)
    assert len(world.times("pods", Verb.DELETED)) == 3


def test_old_revisions_leave_running_pods_alone():
    world = live()
    key = world.deployment(2, revisionHistoryLimit=0)
    for number in range(3):
        image = {"spec": {"containers": [{"image": f"v{number}", **TEMPLATE["spec"]}]}}
        world.at((10 + 10 * number) * SECOND, lambda image=image: world.patch(key, template=image))
    world.run(60 * SECOND)
    assert (len(world.sets(key)), len(world.alive())) == (1, 2)
