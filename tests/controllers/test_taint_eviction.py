"""Evictions by NoExecute taints: when, whom, and when not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simk8s.api.watch import Verb
from simk8s.controllers.taint_eviction import patience_us
from simk8s.state.pods import Loss
from simk8s.state.selectors import NO_EXECUTE, UNREACHABLE, Taint, Toleration
from tests.controllers.world import SECOND, TEMPLATE, Times, World

SILENT = Taint(UNREACHABLE, "", NO_EXECUTE)
POISON = Taint("poison", "", NO_EXECUTE)


def tolerating(*tolerations):
    return {"spec": {**TEMPLATE["spec"], "tolerations": list(tolerations)}}


def set_taints(world, node, *taints):
    spec = world.cluster.nodes.specs[node]
    world.store.update_node(node, replace(spec, taints=taints))


def tainted(world, t_us, node, *taints):
    world.at(t_us, lambda: set_taints(world, node, *taints))


def deletions(world):
    return world.times("pods", Verb.DELETING)


def world_with_pods(count=3, template=TEMPLATE, **fields):
    world = World(["taint_eviction"], **fields)
    (node,) = world.nodes(1)
    world.pods(count, node, template)
    return world, node


def test_default_toleration_is_300_seconds():
    world, node = world_with_pods()
    tainted(world, 10 * SECOND, node, SILENT)
    world.run(1000 * SECOND)
    assert deletions(world) == [310 * SECOND] * 3
    assert set(world.cluster.pods.loss) == {Loss.TAINT_EVICTION}


def test_an_untolerated_taint_evicts_at_once():
    world, node = world_with_pods()
    tainted(world, 10 * SECOND, node, POISON)
    world.run(1000 * SECOND)
    assert deletions(world) == [10 * SECOND] * 3


def test_toleration_counts_from_seeing_the_taint():
    world, node = world_with_pods(times=Times())
    tainted(world, 10 * SECOND, node, SILENT)
    world.run(1000 * SECOND)
    lag = Times().watch_lag_us
    assert deletions(world)[0] >= 310 * SECOND + lag
    assert deletions(world)[0] < 310 * SECOND + lag + 50_000


def test_own_seconds_and_for_ever():
    short = tolerating({"key": UNREACHABLE, "operator": "Exists", "tolerationSeconds": 7})
    world, node = world_with_pods(1, short)
    always = world.pods(1, node, tolerating({"operator": "Exists"}))
    tainted(world, 10 * SECOND, node, SILENT)
    world.run(1000 * SECOND)
    assert deletions(world) == [17 * SECOND]
    assert world.alive() == always


def test_no_taint_left_means_no_eviction():
    world, node = world_with_pods()
    tainted(world, 10 * SECOND, node, SILENT)
    tainted(world, 309 * SECOND, node)
    world.run(1000 * SECOND)
    assert deletions(world) == []
    assert len(world.alive()) == 3


def test_a_taint_that_comes_again_counts_from_anew():
    world, node = world_with_pods(1)
    tainted(world, 10 * SECOND, node, SILENT)
    tainted(world, 200 * SECOND, node)
    tainted(world, 250 * SECOND, node, SILENT)
    world.run(1000 * SECOND)
    assert deletions(world) == [550 * SECOND]


def test_another_taint_keeps_the_date():
    world, node = world_with_pods(1)
    tainted(world, 10 * SECOND, node, SILENT)
    tainted(world, 100 * SECOND, node, replace(SILENT, key="node.kubernetes.io/not-ready"))
    world.run(1000 * SECOND)
    assert deletions(world) == [310 * SECOND]


def test_a_pod_bound_to_a_tainted_node_is_seen():
    world, node = world_with_pods(0)
    tainted(world, 10 * SECOND, node, SILENT)
    world.run(20 * SECOND)
    world.pods(1, node)
    world.run(1000 * SECOND)
    assert deletions(world) == [320 * SECOND]


def test_pods_are_watched_only_while_a_node_is_tainted():
    world, node = world_with_pods(0)
    assert world.store.pods not in world.manager._informers._logs
    tainted(world, 10 * SECOND, node, SILENT)
    world.run(15 * SECOND)
    assert world.store.pods in world.manager._informers._logs
    tainted(world, 20 * SECOND, node)
    world.run(30 * SECOND)
    assert world.store.pods not in world.manager._informers._logs


def test_the_clients_rate_paces_patches_first_then_deletions():
    world, node = world_with_pods(100)
    tainted(world, 0, node, POISON)
    world.run(100 * SECOND)
    times = deletions(world)
    assert len(times) == 100
    # 100 patches: 30 at once, then 20 a second; each deletion queues behind those waiting.
    assert times[0] == pytest.approx(70 * 50_000, abs=100_000)
    assert times[-1] == pytest.approx(170 * 50_000, abs=100_000)


@pytest.mark.parametrize(
    ("tolerations", "expected"),
    [
        ([], 0),
        ([("a", 5)], 0),
        ([("a", 5), ("b", None)], 5 * SECOND),
        ([("a", 5), ("b", 3)], 3 * SECOND),
        ([("a", None), ("b", None)], None),
        ([("", None)], None),
        ([("", 0)], 0),
        ([("a", -4), ("b", None)], 0),
    ],
)
def test_patience(tolerations, expected):
    wanted = tuple(Toleration(key, "Exists", "", "", seconds) for key, seconds in tolerations)
    taints = (Taint("a", "", NO_EXECUTE), Taint("b", "", NO_EXECUTE))
    assert patience_us(wanted, taints) == expected
