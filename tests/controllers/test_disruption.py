"""Disruption budgets and the evictions that ask them, against recording E5."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simk8s.api.eviction import BROKEN, CREATED, GONE_ALREADY, TOO_MANY, Evictions
from simk8s.api.watch import Verb
from simk8s.state.budgets import DisruptionBudget
from simk8s.state.pods import NEVER
from tests.controllers.world import KEPT, SECOND, PodTimes, Times, World

HALF_A_SECOND = PodTimes((500_000, 500_001), (200_000, 200_001))


def live(replicas=12, start_us=500_000, **budget):
    kubelets = PodTimes((start_us, start_us + 1), HALF_A_SECOND.stop)
    world = World(["replicaset", "disruption"], times=Times(), kubelets=kubelets)
    world.nodes(3)
    world.replicaset(replicas, template=KEPT)
    world.key = world.budget("keep", {"app": "kept"}, **budget)
    draws = world.streams.get("evictions")
    world.evictions = Evictions(world.clock, world.store, world.server, draws)
    world.answers = []
    world.run(10 * SECOND)
    return world


def evict(world, at_us, *pods):
    def ask():
        for pod in pods:
            world.evictions.evict(pod, lambda t, code, pod=pod: world.answers.append((t, code)))

    world.at(at_us, ask)


def status(world):
    return world.store.objects("poddisruptionbudgets").get(world.key).value.status


@pytest.mark.parametrize(
    ("pods", "spec", "desired"),
    [
        (7, {"maxUnavailable": "30%"}, 4),
        (7, {"minAvailable": "50%"}, 4),
        (12, {"minAvailable": 10}, 10),
        (20, {"maxUnavailable": 1}, 19),
        (3, {"maxUnavailable": 5}, 0),
    ],
)
def test_percentages_round_up(pods, spec, desired):
    expected, wanted = DisruptionBudget.of({"selector": {}, **spec}).wanted(pods, pods)
    assert (expected, wanted) == (pods, desired)


def test_what_is_healthy_may_go_down_to_what_is_desired():
    world = live(minAvailable=10)
    found = status(world)
    assert (found.expected, found.healthy, found.desired, found.allowed) == (12, 12, 10, 2)


def test_nothing_may_go_while_pods_start():
    world = World(["replicaset", "disruption"], times=Times(), kubelets=HALF_A_SECOND)
    world.nodes(1)
    world.replicaset(4, template=KEPT)
    world.key = world.budget("keep", {"app": "kept"}, minAvailable=3)
    world.run(400_000)
    assert (status(world).healthy, status(world).allowed) == (0, 0)


def test_four_evictions_at_once_as_recorded():
    """Two pass, one of them 0.5 s late after a conflict; two get 429.

    Replacements start late here: in the recording they were Ready 15 ms after the second try.
    """
    world = live(minAvailable=10, start_us=900_000)
    evict(world, 10 * SECOND, 0, 1, 2, 3)
    world.run(12 * SECOND)
    assert sorted(code for _, code in world.answers) == [CREATED, CREATED, TOO_MANY, TOO_MANY]
    assert world.answers[0][1] == CREATED
    assert (world.answers[0][0] - 10 * SECOND) / SECOND < 0.05
    assert all(0.5 <= (t - 10 * SECOND) / SECOND < 0.6 for t, _ in world.answers[1:])
    assert status(world).allowed == 2, "both have been replaced since"


def test_a_granted_eviction_counts_until_it_is_seen():
    world = live(minAvailable=10)
    evict(world, 10 * SECOND, 0)
    seen = []
    for step in range(1, 400):
        world.at(10 * SECOND + step * 500, lambda: seen.append(status(world)))
    world.run(11 * SECOND)
    assert any(one.disrupted for one in seen)
    assert not status(world).disrupted
    assert min(one.allowed for one in seen) == 1


def test_without_a_budget_or_not_running_a_pod_just_goes():
    world = live(minAvailable=12)
    (free,) = world.stamp("Test/free")(1)
    world.store.create_pods((free,))
    world.run(11 * SECOND)
    evict(world, 11 * SECOND, free, 0)
    world.run(12 * SECOND)
    assert sorted(code for _, code in world.answers) == [CREATED, TOO_MANY]
    assert world.cluster.pods.deletion_us[free] != NEVER
    evict(world, 13 * SECOND, free)
    world.run(14 * SECOND)
    assert world.answers[-1][1] == GONE_ALREADY


def test_two_budgets_of_one_pod_are_an_error():
    world = live(minAvailable=1)
    world.budget("other", {"app": "kept"}, minAvailable=1)
    evict(world, 11 * SECOND, 0)
    world.run(12 * SECOND)
    assert [code for _, code in world.answers] == [BROKEN]


def test_an_unready_pod_goes_while_the_budget_is_kept():
    world = live(minAvailable=11)
    epoch = world.cluster.pods.epoch
    world.at(10 * SECOND, lambda: world.store.set_pod_ready(0, False, epoch[0]))
    evict(world, 11 * SECOND, 0, 1)
    world.run(12 * SECOND)
    assert [code for _, code in world.answers] == [TOO_MANY, CREATED]
    assert world.times("pods", Verb.DELETING, 0)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    spec=st.one_of(
        st.builds(lambda n: {"minAvailable": n}, st.integers(0, 8)),
        st.builds(lambda n: {"maxUnavailable": f"{n}%"}, st.integers(0, 100)),
    ),
    asked=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 7)), max_size=12),
)
def test_a_budget_is_never_overdrawn(spec, asked):
    world = live(replicas=8, **spec)
    desired = status(world).desired
    for tenths, pod in asked:
        evict(world, 10 * SECOND + tenths * 100_000, pod)
    low = []
    for step in range(200):
        world.at(
            10 * SECOND + step * 50_000,
            lambda: low.append(sum(world.cluster.pods.ready[p] for p in world.alive())),
        )
    world.run(25 * SECOND)
    assert min(low) >= min(desired, 8)
    assert len(world.answers) == len(asked)
