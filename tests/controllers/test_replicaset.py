"""The ReplicaSet controller against recorded timelines and its own law."""

from __future__ import annotations

from itertools import pairwise

import pytest

from simk8s.api.watch import Verb
from simk8s.state.pods import NEVER
from tests.controllers.world import SECOND, Times, World


def batches(times):
    """Sizes of groups of equal instants, in order."""
    return [times.count(t) for t in dict.fromkeys(times)]


def counts(status):
    """Replicas, ready and available ones."""
    return status.replicas, status.ready, status.available


def test_slow_start_doubles_its_batches():
    world = World(["replicaset"], times=Times(), throttled=False)
    world.nodes(5)
    world.replicaset(20)
    world.run(10 * SECOND)
    assert batches(world.times("pods", Verb.ADDED)) == [1, 2, 4, 8, 5]


def test_at_20_qps_300_pods_take_as_long_as_recorded():
    """Recording of v1.36.2: 300 Ready at 14.5 s, 31 pods at once, then one per 50 ms."""
    world = World(["replicaset"], times=Times())
    world.nodes(100)
    key = world.replicaset(300)
    world.run(60 * SECOND)
    created = world.times("pods", Verb.ADDED)
    # The first thirty tokens go to pods and to Events, which are sent one after another.
    assert created[24] < 0.1 * SECOND
    assert created[30] < 0.5 * SECOND
    gaps = [b - a for a, b in pairwise(created[31:])]
    assert set(gaps) <= {50_000, 100_000}, "a token goes to a pod or to an Event"
    assert gaps.count(100_000) <= 5
    assert created[-1] == pytest.approx(14 * SECOND, abs=0.25 * SECOND)
    assert counts(world.replicas(key)) == (300, 300, 300)


def test_at_most_500_pods_a_sync_and_status_stands_still_meanwhile():
    world = World(["replicaset"], times=Times())
    world.nodes(100)
    key = world.replicaset(600)
    seen = []
    for second in range(1, 40):
        world.at(second * SECOND, lambda: seen.append(world.replicas(key).replicas))
    world.run(40 * SECOND)
    assert set(seen[:23]) == {0}
    assert 500 in seen or 600 in seen


def test_lost_pods_come_back_one_for_one():
    world = World(["replicaset"])
    world.nodes(4)
    key = world.replicaset(10)
    world.run(SECOND)
    victims = world.alive()[:3]
    world.at(5 * SECOND, lambda: [world.store.delete_pod(pod) for pod in victims])
    world.run(20 * SECOND)
    assert len(world.alive()) == 10
    assert not set(victims) & set(world.alive())
    assert world.times("pods", Verb.ADDED)[10:] == [5 * SECOND] * 3
    assert counts(world.replicas(key)) == (10, 10, 10)


def test_a_terminating_pod_is_replaced_while_it_still_runs():
    world = World(["replicaset"])
    (node,) = world.nodes(1)
    world.replicaset(1)
    world.run(SECOND)
    world.crash(2 * SECOND, node)  # so that nobody confirms the deletion
    world.at(3 * SECOND, lambda: world.store.delete_pod(0))
    world.run(10 * SECOND)
    assert world.times("pods", Verb.DELETED) == []
    assert world.times("pods", Verb.ADDED) == [0, 3 * SECOND]


def test_ended_pods_are_replaced_and_stay():
    world = World(["replicaset"])
    world.nodes(1)
    key = world.replicaset(2, lifetime_us=100 * SECOND)
    world.run(150 * SECOND)
    assert len(world.cluster.pods) == 4
    assert world.times("pods", Verb.DELETED) == []
    assert counts(world.replicas(key)) == (2, 2, 2)


def test_scaling_down_deletes_all_at_once_and_the_least_missed_first():
    world = World(["replicaset"])
    world.nodes(2)
    key = world.replicaset(6)
    world.run(SECOND)
    world.at(100 * SECOND, lambda: world.scale(key, 8))
    world.at(101 * SECOND, lambda: world.scale(key, 5))
    world.run(200 * SECOND)
    deleted = [i for _, kind, verb, i in world.history if (kind, verb) == ("pods", Verb.DELETING)]
    assert world.times("pods", Verb.DELETING) == [101 * SECOND] * 3
    assert {6, 7} < set(deleted)  # ready for a short time only
    assert counts(world.replicas(key)) == (5, 5, 5)


def test_scaling_to_zero_and_back():
    world = World(["replicaset"])
    world.nodes(2)
    key = world.replicaset(40)
    world.at(50 * SECOND, lambda: world.scale(key, 0))
    world.at(100 * SECOND, lambda: world.scale(key, 3))
    world.run(60 * SECOND)
    assert world.alive() == []
    world.run(200 * SECOND)
    assert len(world.alive()) == 3


def test_pending_pods_go_before_running_ones():
    world = World(["replicaset"])
    world.nodes(1)
    key = world.replicaset(3)
    world.run(SECOND)
    world.scheduler.schedule = world.scheduler.bell.handler = lambda now_us: None
    world.at(2 * SECOND, lambda: world.scale(key, 5))
    world.at(10_000 * SECOND, lambda: world.scale(key, 3))
    world.run(20_000 * SECOND)
    assert world.alive() == [0, 1, 2]
    assert world.cluster.pods.node[3] == NEVER


def test_two_sets_do_not_mix():
    world = World(["replicaset"])
    world.nodes(3)
    first, second = world.replicaset(4, "a"), world.replicaset(7, "b")
    world.run(10 * SECOND)
    assert (world.replicas(first).replicas, world.replicas(second).replicas) == (4, 7)
    owners = [world.cluster.owner_name(world.cluster.pods.owner[pod]) for pod in world.alive()]
    assert sorted(owners) == ["ReplicaSet/a"] * 4 + ["ReplicaSet/b"] * 7


def test_a_set_that_was_there_before_the_controller_is_found():
    world = World([])
    world.nodes(1)
    world.replicaset(2)
    world.add("replicaset")
    world.run(SECOND)
    assert len(world.alive()) == 2


def test_a_deleted_set_is_left_alone():
    world = World(["replicaset"])
    world.nodes(1)
    key = world.replicaset(2)
    world.run(SECOND)
    world.at(2 * SECOND, lambda: world.store.objects("replicasets").delete(key))
    world.at(3 * SECOND, lambda: world.store.delete_pod(0))
    world.run(10 * SECOND)
    assert world.alive() == [1]


@pytest.mark.parametrize("size", [100, 2_000])
def test_a_pod_event_costs_the_same_in_a_large_set(size):
    """Counted, not timed: what a reconcile looks at does not grow with the set."""
    world = World(["replicaset"], throttled=False)
    world.nodes(10)
    world.replicaset(size)
    world.run(SECOND)
    pods = world.runners["replicaset"].controller._by_owner[0]
    touched = Touches(pods.active)
    pods.active = touched
    for number in range(20):
        world.at((10 + number) * SECOND, lambda n=number: world.store.delete_pod(n))
    world.run(60 * SECOND)
    assert len(touched) == size
    assert touched.walks == 0


class Touches(dict):
    """Counts how often it is gone through."""

    walks = 0

    def __iter__(self):
        self.walks += 1
        return super().__iter__()

    def items(self):
        self.walks += 1
        return super().items()
