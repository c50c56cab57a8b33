"""The resourcequota controller, and what owners do about refused pods."""

from __future__ import annotations

import pytest

from simk8s.api.server import Times
from simk8s.controllers.resourcequota import RESYNC_US
from simk8s.kernel.clock import StopReason
from simk8s.state.quota import Quota
from simk8s.state.workloads import JobCondition
from tests.controllers.world import SECOND, World


def used(world, key="default/quota"):
    return world.cluster.policies.quotas.used[key]


def test_a_new_quota_is_counted():
    world = World(times=Times())
    world.nodes(2)
    world.replicaset(3)
    world.run(SECOND)
    world.quota({"pods": 5, "count/replicasets.apps": 9})
    assert used(world) is None
    world.run(2 * SECOND)
    assert used(world) == {"pods": 3, "count/replicasets.apps": 1}


def test_what_ends_is_released_after_the_informers_lag():
    world = World(times=Times())
    world.nodes(2)
    world.quota({"pods": 5, "count/pods": 50})
    world.run(SECOND)
    world.job(completions=4, parallelism=4, lifetime_us=10 * SECOND)
    world.run(9 * SECOND)
    assert used(world) == {"pods": 4, "count/pods": 4}
    world.run(60 * SECOND)
    assert used(world) == {"pods": 0, "count/pods": 4}
    writes = world.runners["resourcequota"].client.writes
    assert writes <= 6, "statuses are written for what has changed, not pod by pod"


def test_a_quota_refuses_and_later_lets_through():
    """7 of 10 fit; as the first Job's pods end, the ReplicaSet's backoff finds room."""
    world = World(times=Times())
    world.nodes(4)
    world.quota({"pods": 7})
    world.run(SECOND)
    world.job(completions=3, parallelism=3, lifetime_us=100 * SECOND)
    world.run(5 * SECOND)
    key = world.replicaset(10)
    world.run(20 * SECOND)
    status = world.replicas(key)
    assert (status.replicas, status.ready) == (4, 4)
    assert status.failure.startswith("exceeded quota: quota, requested: pods=1, used: pods=7")
    assert used(world) == {"pods": 7}
    runner = world.runners["replicaset"]
    tries = runner.client.conflicts
    assert tries >= 10, "5 ms, 10 ms, 20 ms, …"
    world.run(100 * SECOND)
    assert runner.client.conflicts - tries <= 6, "the backoff doubles"
    world.run(1_300 * SECOND)
    status = world.replicas(key)
    assert (status.replicas, status.ready) == (7, 7)
    assert status.failure, "three are still missing"
    world.scale(key, 7)
    world.run(2_400 * SECOND)
    status = world.replicas(key)
    assert (status.replicas, status.ready, status.failure) == (7, 7, "")


def test_refused_rows_are_used_again():
    world = World()
    world.nodes(2)
    world.quota({"pods": 2})
    world.run(SECOND)
    world.replicaset(6)
    world.run(3_000 * SECOND)
    assert len(world.cluster.pods) == 6, "every try would make new rows"
    assert world.store.refused > 10
    assert world.cluster.pods.refusals == {}, "they have an owner"


def test_a_refused_replicaset_comes_right_when_the_quota_goes():
    world = World()
    world.nodes(2)
    key = world.quota({"pods": 2})
    world.run(SECOND)
    name = world.replicaset(6)
    world.run(10 * SECOND)
    assert world.store.objects("resourcequotas").delete(key)
    world.run(3_000 * SECOND)
    status = world.replicas(name)
    assert (status.replicas, status.ready, status.failure) == (6, 6, "")


def test_a_job_tries_again():
    world = World()
    world.nodes(2)
    world.quota({"pods": 1})
    world.run(SECOND)
    key = world.job(completions=3, parallelism=3, lifetime_us=5 * SECOND)
    world.run(4_000 * SECOND)
    assert world.progress(key).condition is JobCondition.COMPLETE
    assert world.progress(key).succeeded == 3


@pytest.mark.parametrize("kind", ["replicasets", "jobs"])
def test_deleted_objects_are_released(kind):
    world = World()
    name = {"replicasets": "count/replicasets.apps", "jobs": "count/jobs.batch"}[kind]
    world.quota({name: 1})
    world.run(SECOND)
    key = world.replicaset(0) if kind == "replicasets" else world.job(parallelism=0)
    assert used(world) == {name: 1}
    world.at(2 * SECOND, lambda: world.store.objects(kind).delete(key))
    world.run(3 * SECOND)
    assert used(world) == {name: 0}


def test_a_pod_that_cannot_end_is_released_by_the_resync():
    world = World(names=["resourcequota"], times=Times())
    node, *_ = world.nodes(1)
    world.quota({"pods": 5, "count/pods": 5})
    world.run(SECOND)
    pod, other = world.pods(2, node)
    world.crash(2 * SECOND, node)
    world.at(3 * SECOND, lambda: world.store.delete_pod(pod))
    world.run(RESYNC_US - SECOND)
    assert used(world) == {"pods": 2, "count/pods": 2}
    world.run(RESYNC_US + SECOND)
    assert used(world) == {"pods": 1, "count/pods": 2}
    assert world.run(100 * RESYNC_US) is StopReason.DRAINED
    world.store.finalize_pod(pod)
    world.store.finalize_pod(other)
    world.run(101 * RESYNC_US)
    assert used(world) == {"pods": 0, "count/pods": 0}


def test_without_quotas_nothing_is_watched():
    world = World()
    world.nodes(2)
    world.replicaset(5)
    world.run(10 * SECOND)
    runner = world.runners["resourcequota"]
    assert (runner.client.writes, len(runner.queue.waits_us)) == (0, 0)


def test_two_runs_are_the_same():
    def run():
        world = World(times=Times())
        world.nodes(3)
        world.quota({"pods": 5, "requests.cpu": "3"})
        world.at(SECOND, lambda: world.replicaset(8))
        world.at(2 * SECOND, lambda: world.job(completions=4, parallelism=2))
        world.run(2_000 * SECOND)
        return world.history, used(world)

    assert run() == run()


def test_a_changed_quota_is_counted_anew():
    world = World()
    world.nodes(2)
    key = world.quota({"pods": 2})
    world.run(SECOND)
    name = world.replicaset(4)
    world.run(5 * SECOND)
    table = world.store.objects("resourcequotas")
    wider = Quota("default", "quota", {"pods": 9, "count/pods": 9})
    assert table.update(key, wider, table.get(key).version)
    world.run(3_000 * SECOND)
    assert world.replicas(name).ready == 4
    assert used(world) == {"pods": 4, "count/pods": 4}
