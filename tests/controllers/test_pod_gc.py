"""Pods of nodes that do not exist any more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simk8s.api.watch import Verb
from simk8s.controllers._pod_gc_params import Params
from simk8s.controllers.pod_gc import OUT_OF_SERVICE, PodGarbageCollector
from simk8s.kernel.clock import StopReason
from simk8s.state.pods import FAILED, GONE, RUNNING, SUCCEEDED, Loss
from simk8s.state.selectors import NO_EXECUTE, Taint
from tests.controllers import owners
from tests.controllers.world import SECOND, World


def world_with_pods(count):
    world = World(["pod_gc"])
    (node,) = world.nodes(1)
    world.nodes(1)
    return world, node, world.pods(count, node)


@pytest.mark.parametrize("gone_s", [1, 19, 20, 33])
def test_next_turn_and_quarantine(gone_s):
    world, node, _ = world_with_pods(3)
    world.at(gone_s * SECOND, lambda: world.store.delete_node(node))
    world.run(500 * SECOND)
    turn = -(-gone_s // 20) * 20
    times = world.times("pods", Verb.DELETED)
    assert len(times) == 3
    assert times[0] == (turn + 40) * SECOND
    assert [Loss(world.cluster.pods.loss[pod]) for pod in range(3)] == [Loss.NODE_DELETED] * 3


def test_pods_elsewhere_are_not_touched():
    world, node, _ = world_with_pods(2)
    stay = world.pods(2, 1)
    world.at(5 * SECOND, lambda: world.store.delete_node(node))
    world.run(500 * SECOND)
    assert world.alive() == stay


def test_nothing_turns_while_nothing_is_gone():
    world, _, _ = world_with_pods(2)
    assert world.run(100_000 * SECOND) is StopReason.DRAINED
    assert world.runners["pod_gc"].queue.adds == 0


def test_a_node_without_pods_costs_no_write():
    world, _, _ = world_with_pods(1)
    world.at(5 * SECOND, lambda: world.store.delete_node(1))
    assert world.run(100_000 * SECOND) is StopReason.DRAINED
    assert world.writes() == 0


# --- out of service

STUCK = ["node_lifecycle", "taint_eviction", "pod_gc", "statefulset"]


def tainted(world, node):
    taint = Taint(OUT_OF_SERVICE, "nodeshutdown", NO_EXECUTE)
    spec = world.cluster.nodes.specs[node]
    world.store.update_node(node, replace(spec, taints=(*spec.taints, taint)))


def test_pods_of_a_node_out_of_service_go_at_the_next_turn_and_are_replaced():
    world = World(STUCK)
    world.nodes(3, "a")
    world.at(SECOND, lambda: owners.statefulset(world, 3, name="db"))
    world.run(60 * SECOND)
    pods = world.cluster.pods
    (lost,) = [pod for pod in world.alive() if pods.node[pod] == 0]
    world.crash(100 * SECOND, 0)
    world.run(900 * SECOND)
    assert pods.phase[lost] == RUNNING  # it leaves for ever
    assert len(world.alive()) == 2
    world.at(905 * SECOND, lambda: tainted(world, 0))
    world.run(1_000 * SECOND)
    assert pods.phase[lost] == GONE
    assert pods.finished_us[lost] == 920 * SECOND
    assert [pods.node[pod] != 0 for pod in world.alive()] == [True] * 3


def test_a_pod_that_does_not_leave_or_whose_node_is_ready_stays():
    world = World(["pod_gc"])
    world.nodes(2)
    here, there = world.pods(2, 0), world.pods(1, 1)
    world.at(5 * SECOND, lambda: tainted(world, 0))  # ready, and nobody evicts in this world
    world.run(200 * SECOND)
    assert world.alive() == [*here, *there]
    world.store.set_ready(0, False)
    world.run(300 * SECOND)
    assert world.alive() == [*here, *there]
    world.at(305 * SECOND, lambda: world.store.delete_pod(here[1]))
    world.machines.crash((0,))
    world.run(400 * SECOND)
    assert world.cluster.pods.phase[here[1]] == GONE
    assert world.cluster.pods.phase[here[0]] == RUNNING


# --- too many that have ended


def ended_world(count, most, crash=None):
    world = World([(PodGarbageCollector, Params(terminated_pod_threshold=most))])
    world.nodes(1)
    rows = world.pods(count, 0)

    def end():
        for row in rows:
            epoch = world.cluster.pods.epoch[row]
            assert world.store.set_phase(row, FAILED if row % 2 else SUCCEEDED, epoch)

    world.at(65 * SECOND, end)
    if crash is not None:
        world.at(crash * SECOND, world.manager.halt)
        world.at((crash + 16) * SECOND, world.manager.resume)
    world.run(600 * SECOND)
    return world, rows


def test_the_oldest_that_are_too_many_go_at_the_next_turn():
    world, rows = ended_world(30, 20)
    gone = [row for row in rows if world.cluster.pods.phase[row] == GONE]
    assert gone == rows[:10]
    assert world.times("pods", Verb.DELETED)[0] == 80 * SECOND
    assert world.cluster.pods.collected == {r: FAILED if r % 2 else SUCCEEDED for r in gone}
    assert sum(world.store.collected) == 10


def test_a_new_leader_finds_those_that_are_too_many():
    world, rows = ended_world(30, 20, crash=62)
    assert [row for row in rows if world.cluster.pods.phase[row] == GONE] == rows[:10]


def test_as_many_as_may_stay_do_and_nobody_ticks():
    world, rows = ended_world(20, 20)
    assert all(world.cluster.pods.phase[row] != GONE for row in rows)
    assert world.run(100_000 * SECOND) is StopReason.DRAINED


def test_zero_means_any_number():
    world, rows = ended_world(30, 0)
    assert all(world.cluster.pods.phase[row] != GONE for row in rows)
