"""The descheduler: whom each policy picks, and how evictions go."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simk8s.controllers._descheduler import duplicates, spread, utilisation, violations
from simk8s.controllers._descheduler.round import Round
from simk8s.controllers._descheduler_params import (
    HighNodeUtilization,
    LowNodeUtilization,
    Params,
    Policies,
    RemoveDuplicates,
    Thresholds,
    TooManyRestarts,
    TopologySpread,
    Violation,
)
from simk8s.controllers._manager import SHIPPED
from simk8s.controllers.descheduler import POLICIES, Descheduler
from simk8s.kernel.clock import StopReason
from simk8s.state.pods import NEVER, Loss, Phase
from simk8s.state.selectors import NO_SCHEDULE, Taint
from tests.controllers.world import SECOND, World

MINUTE = 60 * SECOND
LABELLED = {"metadata": {"labels": {"app": "web"}}}


def template(cpu="8", memory="1Gi", labels=None, notes=None, **spec):
    requests = {"cpu": cpu, "memory": memory}
    return {
        "metadata": {"labels": labels or {"app": "web"}, "annotations": notes or {}},
        "spec": {"containers": [{"image": "app", "resources": {"requests": requests}}], **spec},
    }


def placed(world, count, node, owner="ReplicaSet/web", **fields):
    """Pods of an owner, running on a node."""
    rows = list(world.stamp(owner, template(**fields))(count))
    world.store.create_pods(rows)
    for pod in rows:
        world.cluster.charge(pod, node, 0)
        assert world.store.bind(pod, node)
    world.clock.run(world.clock.now_us)
    return rows


def round_of(world, **params):
    return Round(world.cluster, world.store.ready, Params(policies=Policies(), **params))


@pytest.fixture
def world():
    return World(names=())


def test_every_policy_has_its_code_and_its_parameters():
    assert list(POLICIES) == list(Policies.model_fields)


def test_duplicates_above_the_mean_go(world):
    """Five pods over three nodes: no node keeps more than two."""
    first, second, _ = world.nodes(3)
    owner = world.cluster.owner("ReplicaSet/one")
    rows = placed(world, 4, first) + placed(world, 1, second)
    for pod in rows:
        world.cluster.pods.owner[pod] = owner
    turn = round_of(world)
    duplicates.duplicates(turn, RemoveDuplicates())
    assert list(turn.chosen) == rows[2:4]


def test_duplicates_stay_where_only_one_node_would_do(world):
    (first, *_others) = world.nodes(1, "a") + world.nodes(2, "b")
    rows = placed(world, 3, first, nodeSelector={"topology.kubernetes.io/zone": "a"})
    turn = round_of(world)
    duplicates.duplicates(turn, RemoveDuplicates())
    assert not turn.chosen
    assert len(rows) == 3


def test_other_images_or_an_excluded_kind_are_no_duplicates(world):
    first, *_ = world.nodes(3)
    placed(world, 4, first)
    turn = round_of(world)
    duplicates.duplicates(turn, RemoveDuplicates(exclude_owner_kinds=["ReplicaSet"]))
    assert not turn.chosen


LOW = LowNodeUtilization(thresholds=Thresholds(cpu=20), target_thresholds=Thresholds(cpu=50))


def test_low_utilisation_takes_from_the_full_until_they_are_at_the_target(world):
    """64 CPUs: 56 of them requested; at 32 (50 %) it stops."""
    full, empty, middle = world.nodes(3)
    rows = placed(world, 7, full)
    placed(world, 1, empty)
    placed(world, 3, middle)
    turn = round_of(world)
    utilisation.low_utilisation(turn, LOW)
    assert list(turn.chosen) == rows[:3]


def test_low_utilisation_takes_no_more_than_the_empty_can_have(world):
    """The one below may come to 50 %: 32 CPUs less 8."""
    fulls = world.nodes(3)
    (empty,) = world.nodes(1)
    for node in fulls:
        placed(world, 7, node)
    placed(world, 1, empty)
    turn = round_of(world)
    utilisation.low_utilisation(turn, LOW)
    assert len(turn.chosen) == 3


@pytest.mark.parametrize("reason", ["nobody is below", "all are below", "cordoned", "too few"])
def test_low_utilisation_does_nothing(world, reason):
    first, second = world.nodes(2)
    placed(world, 1 if reason == "all are below" else 7, first)
    placed(world, 3 if reason == "nobody is below" else 1, second)
    if reason == "cordoned":
        spec = replace(world.cluster.nodes.specs[second], unschedulable=True)
        world.store.update_node(second, spec)
    params = LOW.model_copy(update={"number_of_nodes": 1}) if reason == "too few" else LOW
    turn = round_of(world)
    utilisation.low_utilisation(turn, params)
    assert not turn.chosen


def test_the_least_important_go_first(world):
    full, _empty = world.nodes(2)
    placed(world, 5, full)
    vip = placed(world, 1, full, priority=1000)
    cheap = placed(world, 1, full, priority=-5)
    turn = round_of(world)
    utilisation.low_utilisation(turn, LOW)
    assert next(iter(turn.chosen)) == cheap[0]
    assert vip[0] not in turn.chosen


def test_deviation_thresholds_are_around_the_mean(world):
    """Means 50 %: below 40 and above 60."""
    full, empty, middle = world.nodes(3)
    placed(world, 6, full)
    placed(world, 2, empty)
    placed(world, 4, middle)
    ten = Thresholds(cpu=10)
    params = LowNodeUtilization(
        thresholds=ten, target_thresholds=ten, use_deviation_thresholds=True
    )
    turn = round_of(world)
    utilisation.low_utilisation(turn, params)
    assert {world.cluster.pods.node[pod] for pod in turn.chosen} == {full}
    assert len(turn.chosen) == 2


def test_high_utilisation_empties_the_nearly_empty(world):
    nearly, other, busy = world.nodes(3)
    rows = placed(world, 1, nearly)
    more = placed(world, 2, other)
    placed(world, 6, busy)
    turn = round_of(world)
    utilisation.high_utilisation(turn, HighNodeUtilization(thresholds=Thresholds(cpu=30)))
    # The busy one has 16 CPUs left: two pods, from the emptiest on.
    assert list(turn.chosen) == [*rows, more[0]]


def test_topology_spread_levels_domains(world):
    """6, 1 and 1 pods in three zones with maxSkew 1: three have to move."""
    zones = [world.nodes(1, zone)[0] for zone in "abc"]
    spread_by_zone = [
        {
            "maxSkew": 1,
            "topologyKey": "topology.kubernetes.io/zone",
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {"matchLabels": {"app": "web"}},
        }
    ]
    rows = placed(world, 6, zones[0], topologySpreadConstraints=spread_by_zone, cpu="1")
    for zone in zones[1:]:
        placed(world, 1, zone, topologySpreadConstraints=spread_by_zone, cpu="1")
    turn = round_of(world)
    spread.topology_spread(turn, TopologySpread())
    assert len(turn.chosen) == 3
    assert set(turn.chosen) <= set(rows)


def test_soft_constraints_count_only_if_asked_for(world):
    zones = [world.nodes(1, zone)[0] for zone in "ab"]
    soft = [
        {
            "maxSkew": 1,
            "topologyKey": "topology.kubernetes.io/zone",
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": {"app": "web"}},
        }
    ]
    placed(world, 4, zones[0], topologySpreadConstraints=soft)
    for included, moved in ((False, 0), (True, 2)):
        turn = round_of(world)
        spread.topology_spread(turn, TopologySpread(include_soft_constraints=included))
        assert len(turn.chosen) == moved


def test_restarts_taints_and_affinity(world):
    here, there = world.nodes(1, "a") + world.nodes(1, "b")
    broken, tainted, moved = placed(world, 3, here)
    world.cluster.pods.restarts[broken] = 100
    turn = round_of(world)
    violations.too_many_restarts(turn, TooManyRestarts())
    assert list(turn.chosen) == [broken]
    turn = round_of(world)
    violations.too_many_restarts(turn, TooManyRestarts(states=["CrashLoopBackOff"]))
    assert not turn.chosen
    spec = world.cluster.nodes.specs[here]
    world.store.update_node(here, replace(spec, taints=(Taint("x", "", NO_SCHEDULE),)))
    turn = round_of(world)
    violations.node_taints(turn, Violation())
    assert list(turn.chosen) == [broken, tainted, moved]
    world.store.update_node(here, spec)
    zoned = placed(world, 1, here, nodeSelector={"topology.kubernetes.io/zone": "b"})
    turn = round_of(world)
    violations.node_affinity(turn, Violation())
    assert list(turn.chosen) == zoned
    assert there != here


def test_anti_affinity_evicts_one_of_two(world):
    (here,) = world.nodes(1, "a")
    term = {
        "topologyKey": "topology.kubernetes.io/zone",
        "labelSelector": {"matchLabels": {"app": "web"}},
    }
    anti = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    rows = placed(world, 2, here, affinity=anti)
    other = placed(world, 1, here, labels={"app": "db"})
    turn = round_of(world)
    violations.anti_affinity(turn, Violation())
    assert list(turn.chosen) == rows[:1]
    assert other[0] not in turn.chosen


def test_who_is_never_evicted(world):
    (node,) = world.nodes(1)
    (bare,) = placed(world, 1, node)
    world.cluster.pods.owner[bare] = NEVER
    (daemon,) = placed(world, 1, node, owner="DaemonSet/agent")
    (critical,) = placed(world, 1, node, priority=2_000_000_000)
    (local,) = placed(world, 1, node, volumes=[{"name": "x", "emptyDir": {}}])
    (plain,) = placed(world, 1, node)
    forced = {"descheduler.alpha.kubernetes.io/evict": "true"}
    (asked,) = placed(world, 1, node, notes=forced, priority=2_000_000_000)
    turn = round_of(world)
    found = [turn.evictable(p) for p in (bare, daemon, critical, local, plain, asked)]
    assert found == [False, False, False, False, True, True]
    turn = round_of(world, evict_local_storage_pods=True, priority_threshold=0)
    assert [turn.evictable(p) for p in (local, plain)] == [False, False]
    turn = round_of(world, evict_local_storage_pods=True, priority_threshold=1)
    assert [turn.evictable(p) for p in (local, plain)] == [True, True]


def test_limits_of_a_round(world):
    first, second = world.nodes(2)
    rows = placed(world, 4, first) + placed(world, 4, second)
    for params, most in (
        ({"max_no_of_pods_to_evict_per_node": 1}, 2),
        ({"max_no_of_pods_to_evict_per_namespace": 3}, 3),
        ({"max_no_of_pods_to_evict_total": 5}, 5),
        ({}, 8),
    ):
        turn = round_of(world, **params)
        assert sum(turn.evict(pod, "test") for pod in rows) == most


def running(policies, **params):
    """Everything that ships, and the descheduler."""
    world = World((*SHIPPED, (Descheduler, Params(policies=policies, **params))))
    return world, world.runners["descheduler"].controller


def test_a_node_that_comes_back_gets_its_share_at_the_next_round():
    world, controller = running(Policies(remove_duplicates=RemoveDuplicates()))
    world.nodes(1)
    world.replicaset(6, template=template(cpu="1"))
    world.run(7 * MINUTE)
    world.nodes(2)
    world.run(10 * MINUTE - 1)
    on = world.cluster.nodes.pods_on
    assert len(on[0]) == 6
    world.run(11 * MINUTE)
    assert [len(on[node]) for node in range(3)] == [2, 2, 2]
    assert controller.evicted == {"RemoveDuplicates": 4}
    lost = [pod for pod, loss in enumerate(world.cluster.pods.loss) if loss == Loss.DESCHEDULED]
    assert len(lost) == 4
    assert world.run(86_400 * SECOND) is StopReason.DRAINED


def test_a_budget_holds_and_is_asked_again():
    """Two may go at once; the others follow in later rounds."""
    world, controller = running(Policies(remove_duplicates=RemoveDuplicates()))
    world.nodes(1)
    kept = {"app": "web"}
    world.budget("keep", kept, minAvailable=4)
    world.replicaset(6, template=template(cpu="1"))
    world.run(MINUTE)
    world.nodes(2)
    for turn in range(1, 5):
        world.run(5 * MINUTE * turn + MINUTE)
        pods = world.cluster.pods
        assert sum(phase == Phase.RUNNING for phase in pods.phase) == 6
    on = world.cluster.nodes.pods_on
    assert [len(on[node]) for node in range(3)] == [2, 2, 2]
    assert controller.evicted == {"RemoveDuplicates": 4}
