"""The life cycle of a node against the documented behaviour, second by second (notes 2.8 to 2.10).

Crash at t, last renewal seen by the monitor at or after t − 10.4 s → Unknown at the first tick 50 s
later → NoSchedule at once → NoExecute in its turn of the zone's line → DELETE 300 s after that.
"""

from __future__ import annotations

from itertools import pairwise

import pytest

from simk8s.api.watch import Verb
from simk8s.nodes.troubles import Troubles
from simk8s.state.pods import GONE, RUNNING
from tests.controllers.owners import exists, pod_of, statefulset, story
from tests.controllers.world import SECOND, World

TICK, GRACE, TOLERATION, POLL = 5 * SECOND, 50 * SECOND, 300 * SECOND, SECOND // 10
CONTROLLERS = ("node_lifecycle", "taint_eviction", "pod_gc", "replicaset", "statefulset")
BOTH = ["unreachable:NoExecute", "unreachable:NoSchedule"]


class Cluster(World):
    """Nodes in zones, and what can befall them besides crashes."""

    def __init__(self, *zones):
        super().__init__(CONTROLLERS)
        self.troubles = Troubles(self.clock, self.store, self.kubelets)
        self.zone = [self.nodes(size, name) for size, name in zip(zones, "abcdef", strict=False)]

    def cut(self, since_us, until_us, *rows):
        for row in rows:
            self.at(since_us, lambda row=row: self.troubles.cut_off(row))
            self.at(until_us, lambda row=row: self.troubles.reconnect(row))

    def expected_us(self, node, crash_us):
        """First tick 50 s after the tick that saw the last renewal."""
        renewed_us = self.store.leases.last_renewal_us(node, crash_us)
        seen_us = -(-(renewed_us + 1) // TICK) * TICK
        return -(-(seen_us + GRACE) // TICK) * TICK

    def tainted(self):
        return {node: t for t, node in self.noticed("tainted")}

    def detected(self):
        return {node: t for t, node in self.noticed("detected")}


@pytest.mark.parametrize("crash_us", [100 * SECOND + 377_123 * n for n in range(0, 60, 7)])
def test_crash_to_delete(crash_us):
    world = Cluster(10)
    node = world.zone[0][3]
    world.pods(2, node)
    world.crash(crash_us, node)
    world.run(crash_us + 500 * SECOND)
    unknown_us = world.detected()[node]
    assert unknown_us == world.expected_us(node, crash_us)
    assert 40 * SECOND - 400_000 <= unknown_us - crash_us <= 60 * SECOND
    # The pass that marks it Unknown still took it for ready: it joins the line one pass later.
    execute_us = unknown_us + TICK + POLL
    assert world.times("nodes", Verb.UPDATED, node) == [unknown_us, execute_us]
    assert world.times("pods", Verb.DELETING) == [execute_us + TOLERATION] * 2
    assert 340 * SECOND <= execute_us + TOLERATION - crash_us <= 366 * SECOND


def test_the_kth_node_of_a_zone_waits_its_turn():
    world = Cluster(12, 6)
    first, second = world.zone
    world.crash(100 * SECOND, *first[:4], *second[:2])
    world.run(300 * SECOND)
    for rows, count in ((first, 4), (second, 2)):
        times = sorted(t for node, t in world.tainted().items() if node in rows)
        assert len(times) == count
        assert [b - a for a, b in pairwise(times)] == [10 * SECOND] * (count - 1)


def test_a_replicaset_replaces_at_delete_a_statefulset_when_the_object_is_gone():
    world = Cluster(4)
    statefulset(world, 4, name="db")
    world.run(20 * SECOND)
    world.replicaset(8)
    world.run(50 * SECOND)
    pods = world.cluster.pods
    named = {world.cluster.name_of(pod): pod for pod in world.alive()}
    node = pods.node[named["db-0"]]
    lost = [p for p in world.alive() if pods.node[p] == node]
    members = [p for p in lost if world.cluster.name_of(p).startswith("db-")]
    assert members
    assert len(members) < len(lost)
    world.crash(100 * SECOND, node)
    world.run(400 * SECOND)
    before = len(world.times("pods", Verb.ADDED))
    deleted = {}
    world.run(600 * SECOND)
    for pod in lost:
        (deleted[pod],) = world.times("pods", Verb.DELETING, pod)
    added = [(t, p) for t, k, v, p in world.history if (k, v) == ("pods", Verb.ADDED)][before:]
    # One new pod of the ReplicaSet for each of its own, at the instant of the DELETE.
    assert [t for t, _ in added] == [deleted[p] for p in lost if p not in members]
    # The StatefulSet's are Terminating for as long as the node is silent.
    assert all(exists(world, p) and pods.deletion_us[p] >= 0 for p in members)
    back_us = 1_000 * SECOND
    world.restore(back_us, node)
    world.run(1_100 * SECOND)
    for pod in members:
        (gone_us,) = world.times("pods", Verb.DELETED, pod)
        assert gone_us == back_us
        name = world.cluster.name_of(pod)
        again = [t for t, other in story(world, Verb.ADDED) if other == name]
        assert again[-1] == gone_us
        assert pods.phase[pod_of(world, name)] == RUNNING


def test_a_deleted_node_object_frees_them_after_the_quarantine():
    world = Cluster(4)
    statefulset(world, 4, name="db")
    world.run(50 * SECOND)
    node = world.zone[0][0]
    (stuck,) = [p for p in world.alive() if world.cluster.pods.node[p] == node]
    world.crash(100 * SECOND, node)
    world.at(613 * SECOND, lambda: world.store.delete_node(node))
    world.run(800 * SECOND)
    (gone_us,) = world.times("pods", Verb.DELETED, stuck)
    # The next turn of the loop of 20 s, and the first turn 40 s after that.
    assert gone_us == 660 * SECOND
    assert world.cluster.pods.phase[pod_of(world, world.cluster.name_of(stuck))] == RUNNING


def test_back_ready_and_noschedule_at_once_noexecute_at_the_next_pass():
    world = Cluster(5)
    node = world.zone[0][1]
    world.crash(100 * SECOND, node)
    world.restore(203 * SECOND, node)
    world.run(202 * SECOND)
    assert world.taints(node) == BOTH
    world.run(203 * SECOND)
    assert world.store.ready[node]
    assert world.taints(node) == ["unreachable:NoExecute"]
    world.run(205 * SECOND)
    assert world.taints(node) == []
    assert world.times("nodes", Verb.UPDATED, node)[-2:] == [203 * SECOND, 205 * SECOND]


def test_a_partition_healed_within_the_toleration_evicts_nobody():
    world = Cluster(5)
    node = world.zone[0][1]
    pods = world.pods(3, node)
    world.run(10 * SECOND)
    world.cut(100 * SECOND, 400 * SECOND, node)
    world.run(390 * SECOND)
    table = world.cluster.pods
    assert world.taints(node) == BOTH
    # They run on; that they are not ready is what the control plane says.
    assert all(table.phase[pod] == RUNNING and not table.ready[pod] for pod in pods)
    world.run(900 * SECOND)
    assert world.times("pods", Verb.DELETING) == []
    assert all(table.phase[pod] == RUNNING and table.ready[pod] for pod in pods)
    assert sum(table.restarts[pod] for pod in pods) == 0
    assert world.taints(node) == []


def test_after_a_longer_partition_duplicates_are_removed():
    world = Cluster(5)
    key = world.replicaset(5)
    world.run(50 * SECOND)
    node = world.zone[0][1]
    (lost,) = [p for p in world.alive() if world.cluster.pods.node[p] == node]
    world.cut(100 * SECOND, 900 * SECOND, node)
    world.run(899 * SECOND)
    # Replaced, and running twice: its object stays until the kubelet has confirmed.
    assert world.replicas(key).replicas == 5
    assert exists(world, lost)
    world.run(1_000 * SECOND)
    assert world.times("pods", Verb.DELETED, lost) == [900 * SECOND]
    assert world.cluster.pods.phase[lost] == GONE
    assert len(world.alive()) == 5


def test_a_partition_shorter_than_the_grace_period_is_not_noticed():
    world = Cluster(5)
    node = world.zone[0][1]
    world.cut(100 * SECOND, 138 * SECOND, node)
    world.run(500 * SECOND)
    assert world.moments == []


@pytest.mark.parametrize(
    ("size", "down", "gap_s"),
    [
        (40, 22, None),  # partly disrupted, at most 50 nodes: stands still
        (50, 28, None),  # the threshold is "more than 50"
        (51, 29, 100),  # above: 0.01/s
        (20, 20, 10),  # fully disrupted: 0.1/s, however large
        (60, 60, 10),
        (40, 20, 10),  # half of it is not enough to be disrupted
    ],
)
def test_the_rate_of_a_zone_depends_on_its_own_size_and_state(size, down, gap_s):
    """The other zone has 200 nodes: what counts is the zone's own number."""
    world = Cluster(size, 200)
    world.crash(100 * SECOND, *world.zone[0][:down])
    world.run(900 * SECOND)
    times = sorted(t / SECOND for t in world.tainted().values())
    late = [t for t in times if t > 170]
    if gap_s is None:
        assert late == []
    else:
        assert {round(b - a) for a, b in pairwise(late)} == {gap_s}
        assert len(late) >= 5


def test_all_zones_down_stops_everything_and_forgives():
    world = Cluster(6, 6)
    everybody = [node for rows in world.zone for node in rows]
    world.crash(100 * SECOND, *everybody)
    world.run(400 * SECOND)
    held = [node for node in everybody if "unreachable:NoExecute" in world.taints(node)]
    assert held == []
    world.restore(500 * SECOND, *everybody)
    world.run(520 * SECOND)
    assert all(world.taints(node) == [] for node in everybody)


def test_a_new_controller_manager_counts_anew():
    """Its own first look is when it heard of a node; tolerations start when it sees the taint."""
    world = Cluster(10)
    silent, tainted = world.zone[0][:2]
    pods = world.pods(1, tainted)
    world.crash(60 * SECOND, tainted)
    world.crash(225 * SECOND, silent)
    world.run(250 * SECOND)
    assert world.taints(tainted) == BOTH
    world.at(251 * SECOND, world.manager.halt)
    world.at(267 * SECOND, world.manager.resume)
    world.run(800 * SECOND)
    assert world.detected()[silent] == (270 + 50) * SECOND
    (deleted_us,) = world.times("pods", Verb.DELETING, pods[0])
    assert 567 * SECOND <= deleted_us <= 568 * SECOND
