"""Pods of nodes that do not exist any more."""

from __future__ import annotations

import pytest

from simk8s.api.watch import Verb
from simk8s.kernel.clock import StopReason
from simk8s.state.pods import Loss
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
