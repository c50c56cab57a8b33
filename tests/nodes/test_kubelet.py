"""What happens to pods when machines crash and come back."""

from __future__ import annotations

from simk8s.nodes.kubelet import PodTimes
from simk8s.state.audit import audit
from simk8s.state.pods import Loss, Phase
from tests.world import SECOND, node, pod_manifest, world


def test_a_reboot_restarts_what_is_still_bound_and_loses_its_work() -> None:
    w = world()
    w.add_node(node("n"))
    pod = w.create(pod_manifest(), 1, lifetime_us=100 * SECOND)[0]
    w.run(40 * SECOND)
    w.machines.crash([0])
    assert not w.store.leases.renewing(0)
    w.run(60 * SECOND)
    w.machines.restore([0])
    w.run(159 * SECOND)
    assert w.cluster.pods.phase[pod] == Phase.RUNNING
    assert w.cluster.pods.restarts[pod] == 1
    assert 39 * SECOND <= w.cluster.pods.lost_work_us[pod] <= 40 * SECOND
    w.run(161 * SECOND)
    assert w.cluster.pods.phase[pod] == Phase.SUCCEEDED
    assert w.machines.crashes == [1]
    assert w.machines.down_us(0) == 20 * SECOND


def test_a_pod_that_must_not_restart_fails() -> None:
    w = world()
    w.add_node(node("n"))
    pod = w.create(pod_manifest(restartPolicy="Never"), 1)[0]
    w.run(SECOND)
    w.machines.crash([0])
    w.machines.restore([0])
    w.run(2 * SECOND)
    assert w.cluster.pods.phase[pod] == Phase.FAILED
    assert w.cluster.pods.loss[pod] == Loss.NODE_CRASH
    audit(w.cluster)


def test_a_deleted_pod_on_a_dead_node_stays_until_the_node_is_back() -> None:
    w = world()
    w.add_node(node("n"))
    pod = w.create(pod_manifest(), 1)[0]
    w.run(SECOND)
    w.machines.crash([0])
    w.user.write(w.store.delete_pod, pod)
    w.run(600 * SECOND)
    assert w.cluster.pods.phase[pod] == Phase.RUNNING
    assert w.cluster.pods.deletion_us[pod] > 0
    w.machines.restore([0])
    w.run(601 * SECOND)
    assert w.cluster.pods.phase[pod] == Phase.GONE


def test_overlapping_faults_end_with_the_last() -> None:
    w = world()
    w.add_node(node("n"))
    w.machines.crash([0])
    w.machines.crash([0])
    w.machines.restore([0])
    assert not w.machines.up(0)
    w.machines.restore([0])
    assert w.machines.up(0)
    assert w.machines.crashes == [1]


def test_termination_takes_its_time_within_the_grace_period() -> None:
    w = world(pod_times=PodTimes(stop=(60 * SECOND, 61 * SECOND)))
    w.add_node(node("n"))
    pod = w.create(pod_manifest(terminationGracePeriodSeconds=5), 1)[0]
    w.run(10 * SECOND)
    w.user.write(w.store.delete_pod, pod)
    w.run(14 * SECOND)
    assert w.cluster.pods.phase[pod] == Phase.RUNNING
    w.run(16 * SECOND)
    assert w.cluster.pods.phase[pod] == Phase.GONE
