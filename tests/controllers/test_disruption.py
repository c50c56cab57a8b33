"""The disruption controller: status of budgets, and what preemption makes of it."""

from __future__ import annotations

import pytest

from simk8s.api.server import Times
from simk8s.kernel.clock import StopReason
from simk8s.state.disruption import DisruptionBudget, DisruptionStatus
from simk8s.state.selectors import LabelSelector
from tests.controllers.world import SECOND, World

TEMPLATE = {
    "metadata": {"labels": {"app": "web"}},
    "spec": {"containers": [{"name": "a", "resources": {"requests": {"cpu": "1"}}}]},
}


def put(world, name="web", **spec):
    raw = {"spec": {"selector": {"matchLabels": {"app": "web"}}, **spec}}
    value = DisruptionBudget.parse(raw, "default", name)
    assert world.store.objects("poddisruptionbudgets").create(f"default/{name}", value) is True
    return f"default/{name}"


def status(world, key="default/web"):
    return world.store.objects("poddisruptionbudgets").get(key).value.status


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ({"minAvailable": 3}, DisruptionStatus(5, 3, 5, 2)),
        ({"minAvailable": "50%"}, DisruptionStatus(5, 3, 5, 2)),
        ({"maxUnavailable": 1}, DisruptionStatus(5, 4, 5, 1)),
        ({"maxUnavailable": "30%"}, DisruptionStatus(5, 3, 5, 2)),
        ({"minAvailable": 9}, DisruptionStatus(5, 9, 5, 0)),
    ],
)
def test_status_of_a_healthy_set(spec, wanted):
    world = World(times=Times())
    world.nodes(3)
    put(world, **spec)
    world.replicaset(5, template=TEMPLATE)
    world.run(10 * SECOND)
    assert status(world) == wanted
    assert world.cluster.objects.budgets["default", "web"].allowed == wanted.allowed
    assert world.run(10_000 * SECOND) is StopReason.DRAINED


def test_a_budget_that_comes_later_counts_what_is_there():
    world = World()
    world.nodes(3)
    world.replicaset(4, template=TEMPLATE)
    world.replicaset(3, name="other")
    world.run(SECOND)
    put(world, minAvailable=1)
    world.run(2 * SECOND)
    assert status(world) == DisruptionStatus(4, 1, 4, 3)


def test_pods_that_are_being_deleted_are_not_healthy():
    world = World()
    node, *_ = world.nodes(1)
    put(world, maxUnavailable=2)
    pod, *_ = world.pods(4, node, TEMPLATE)
    world.run(SECOND)
    assert status(world) == DisruptionStatus(4, 2, 4, 2)
    world.crash(2 * SECOND, node)
    world.at(3 * SECOND, lambda: world.store.delete_pod(pod))
    world.run(4 * SECOND)
    assert status(world) == DisruptionStatus(3, 2, 4, 1)
    world.store.finalize_pod(pod)
    world.run(5 * SECOND)
    assert status(world) == DisruptionStatus(3, 1, 3, 2)


def test_expectation_follows_the_owner():
    world = World()
    world.nodes(3)
    put(world, maxUnavailable="50%")
    key = world.replicaset(4, template=TEMPLATE)
    world.run(SECOND)
    assert status(world) == DisruptionStatus(4, 2, 4, 2)
    world.scale(key, 6)
    world.run(2 * SECOND)
    assert status(world) == DisruptionStatus(6, 3, 6, 3)


def test_an_empty_selector_is_everything_and_none_is_nothing():
    every = DisruptionBudget.parse({"spec": {"selector": {}}}, "x", "a")
    none = DisruptionBudget.parse({"spec": {}}, "x", "a")
    assert every.selector == LabelSelector()
    assert none.selector.nothing


def test_nothing_is_counted_without_budgets():
    world = World()
    world.nodes(2)
    world.replicaset(5)
    world.run(SECOND)
    assert len(world.runners["disruption"].queue.waits_us) == 0
