"""Gangs: nobody before the group and its quorum are there; all or nothing; later ones at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simk8s.api.server import Times
from simk8s.kernel.phase import Phase as Order
from simk8s.nodes.kubelet import PodTimes
from simk8s.placement.plugins.gang_scheduling import (
    NO_QUORUM,
    PERMIT_TIMEOUT_US,
    TOO_FEW_PODS,
    GangScheduling,
)
from simk8s.scheduler.gangs import Gangs
from simk8s.state.audit import audit
from simk8s.state.podgroups import PODGROUPS, PodGroup
from simk8s.state.pods import PENDING, Phase
from simk8s.strategies._kube_scheduler_params import Params
from tests.world import SECOND, World, node, pod_manifest, world

ON = Params.model_validate({"featureGates": {"GangScheduling": True}})


def gang_world(nodes: int = 5, cpu: int = 1_000, on: bool = True, **more: Any) -> World:
    w = world(params=ON if on else None, **more)
    for number in range(nodes):
        w.add_node(node(f"n{number}", cpu))
    return w


def group(w: World, name: str, min_count: int) -> None:
    w.user.write(w.store.objects(PODGROUPS).create, f"default/{name}", PodGroup(min_count))


def members(w: World, name: str, count: int, cpu: str = "800m", **more: Any) -> range:
    lifetime_us = more.pop("lifetime_us", -1)
    manifest = pod_manifest(cpu, schedulingGroup={"podGroupName": name}, **more)
    return w.create(manifest, count, lifetime_us=lifetime_us)


def placed(w: World, pods: range) -> list[int]:
    return [w.cluster.pods.node[p] for p in pods if w.cluster.pods.node[p] >= 0]


def gangs_of(w: World) -> Gangs:
    gangs = w.scheduler._gangs
    assert gangs is not None
    return gangs


def rows(w: World) -> Iterator[tuple[int, int, str]]:
    frame = w.recorder.decisions.frame()
    yield from zip(
        frame["t_us"].to_list(),
        frame["pod"].to_list(),
        frame["outcome"].cast(str).to_list(),
        strict=True,
    )


# --- the gate


def test_the_rules() -> None:
    w = world()
    plain = w.cluster.templates.parse(pod_manifest(), "default")
    mine = w.cluster.templates.parse(pod_manifest(schedulingGroup={"podGroupName": "g"}), "a")
    rule = GangScheduling()
    assert rule.pre_enqueue(plain, None, 0) == ""
    assert 'pod group "g" to appear' in rule.pre_enqueue(mine, None, 9)
    assert rule.pre_enqueue(mine, PodGroup(3), 2) == TOO_FEW_PODS
    assert rule.pre_enqueue(mine, PodGroup(3), 3) == ""
    assert rule.pre_enqueue(mine, PodGroup(0), 1) == ""
    assert rule.permit(PodGroup(2), 1) == NO_QUORUM
    assert rule.permit(PodGroup(2), 2) == ""


def test_pods_wait_for_their_group_and_for_each_other() -> None:
    w = gang_world()
    first = members(w, "g", 2)
    w.run(10 * SECOND)
    assert w.scheduler.queue.lengths() == (0, 0, 2)
    group(w, "g", 3)
    w.run(20 * SECOND)
    assert not list(rows(w)), "two of three"
    last = members(w, "g", 1)
    w.run(30 * SECOND)
    assert sorted(placed(w, first) + placed(w, last)) == [0, 1, 2]
    assert {t for t, _, _ in rows(w)} == {20 * SECOND}
    audit(w.cluster)


def test_a_late_group_lets_its_pods_in_and_no_others() -> None:
    w = gang_world()
    mine, others = members(w, "g", 2), members(w, "h", 2)
    w.run(10 * SECOND)
    group(w, "g", 2)
    w.run(20 * SECOND)
    assert len(placed(w, mine)) == 2
    assert not placed(w, others)
    assert w.scheduler.queue.lengths() == (0, 0, 2)


def test_a_group_of_another_namespace_is_another() -> None:
    w = gang_world()
    pods = members(w, "g", 1)
    w.user.write(w.store.objects(PODGROUPS).create, "other/g", PodGroup(1))
    w.run(10 * SECOND)
    assert not placed(w, pods)


# --- all or nothing


@pytest.mark.parametrize("on", [True, False])
def test_two_gangs_that_need_sixty_percent_each(on: bool) -> None:
    w = gang_world(on=on)
    pods = []
    for name in "ab":
        group(w, name, 3)
        pods.append(members(w, name, 1))
    for _ in range(2):
        pods += [members(w, name, 1) for name in "ab"]
    w.run(60 * SECOND)
    held = [sum(len(placed(w, r)) for r in pods[i::2]) for i in range(2)]
    assert held == ([3, 0] if on else [3, 2])
    assert w.scheduler.queue.lengths()[0] == 0
    audit(w.cluster)


def test_the_gang_that_failed_gets_its_turn() -> None:
    w = gang_world()
    group(w, "a", 3)
    group(w, "b", 3)
    members(w, "a", 3, lifetime_us=60 * SECOND)
    second = members(w, "b", 3)
    w.run(100 * SECOND)
    assert len(placed(w, second)) == 3
    tried = [t // SECOND for t, pod, _ in rows(w) if pod == second[0]]
    assert tried[:5] == [0, 2, 5, 10, 19], "1, 2, 4, 8 s, each to the end of a whole second"
    assert tried[-1] == 60
    audit(w.cluster)


def test_a_failed_gang_says_why() -> None:
    w = gang_world(nodes=2)
    group(w, "g", 3)
    pods = members(w, "g", 3)
    w.run(500_000)
    assert [outcome for _, _, outcome in rows(w)] == ["unschedulable"] * 3
    frame = w.recorder.reasons.frame()
    plugins = dict(zip(frame["text"].to_list(), frame["plugin"].to_list(), strict=True))
    assert sorted(plugins) == ["Insufficient cpu", NO_QUORUM]
    assert plugins[NO_QUORUM] == "GangScheduling"
    assert w.cluster.nodes.free[0].tolist() == [1_000, 1_000]
    assert w.scheduler.queue.lengths() == (0, 2, 1), "who fits backs off, who does not is parked"
    assert [w.cluster.pods.attempts[p] for p in pods] == [1, 1, 1]


def test_more_members_than_needed() -> None:
    w = gang_world(nodes=3)
    group(w, "g", 2)
    pods = members(w, "g", 5, lifetime_us=30 * SECOND)
    w.run(20 * SECOND)
    assert len(placed(w, pods)) == 3
    w.run(40 * SECOND)
    assert len(placed(w, pods)) == 5, "the rest needs no quorum of its own while others run"


def test_later_members_of_a_running_gang_pass_at_once() -> None:
    w = gang_world()
    group(w, "g", 3)
    members(w, "g", 3)
    w.run(10 * SECOND)
    late = members(w, "g", 1)
    w.run(11 * SECOND)
    assert len(placed(w, late)) == 1


def test_a_basic_group_asks_for_nothing_together() -> None:
    w = gang_world(nodes=1)
    group(w, "g", 0)
    pods = members(w, "g", 3)
    w.run(10 * SECOND)
    assert len(placed(w, pods)) == 1


def test_members_go_by_priority_then_by_age() -> None:
    w = gang_world(nodes=4)
    group(w, "g", 3)
    low = members(w, "g", 2)
    high = members(w, "g", 1, priority=10)
    w.run(SECOND)
    assert [pod for _, pod, _ in rows(w)] == [high[0], *low]


def test_a_gang_is_as_important_as_its_most_important_member() -> None:
    w = gang_world(nodes=3)
    group(w, "g", 3)
    members(w, "g", 2)
    other = w.create(pod_manifest("800m", priority=1, preemptionPolicy="Never"), 1)
    last = members(w, "g", 1, priority=9)
    w.run(SECOND)
    assert len(placed(w, last)) == 1
    assert not placed(w, other)


def test_members_see_each_other_on_the_snapshot() -> None:
    w = gang_world(nodes=3, cpu=4_000)
    term = {
        "labelSelector": {"matchLabels": {"app": "x"}},
        "topologyKey": "kubernetes.io/hostname",
    }
    anti = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    group(w, "g", 4)
    labels = {"labels": {"app": "x"}}
    pods = members(w, "g", 4, "100m", affinity=anti, metadata=labels)
    w.run(10 * SECOND)
    assert not placed(w, pods), "three nodes, one each"
    w.add_node(node("n3"))
    w.run(30 * SECOND)
    assert sorted(placed(w, pods)) == [0, 1, 2, 3]


# --- preemption


def test_a_gang_that_preempts_waits_for_its_victims_as_a_whole() -> None:
    w = gang_world(nodes=3, pod_times=PodTimes(stop=(2 * SECOND, 3 * SECOND)))
    low = w.create(pod_manifest("800m"), 2)
    w.run(60 * SECOND)
    group(w, "g", 3)
    pods = members(w, "g", 3, priority=100)
    w.run(61 * SECOND)
    assert not placed(w, pods)
    assert sorted(w.cluster.pods.nominated[p] for p in pods) == [0, 1, 2]
    w.run(120 * SECOND)
    assert sorted(placed(w, pods)) == [0, 1, 2]
    assert [w.cluster.pods.phase[p] for p in low] == [Phase.GONE] * 2
    assert not w.cluster.nominations
    audit(w.cluster)


# --- Permit


def waiting_world() -> tuple[World, range]:
    """One member of two holds a node; the other's node went away while the cycle lasted."""
    w = gang_world(nodes=2, cycle=None)
    group(w, "g", 2)
    pods = members(w, "g", 2)
    gone = w.clock.lane("gone", Order.FAULT, lambda now, _: w.store.delete_node(1))
    gone.at(20, None)
    w.run(SECOND)
    return w, pods


def test_who_has_a_node_waits_for_the_quorum() -> None:
    w, pods = waiting_world()
    assert gangs_of(w).waiting == [pods[0]]
    assert not placed(w, pods), "nobody is bound"
    assert w.cluster.pods.charged[pods[0]] == 0, "but the node is held"
    audit(w.cluster)
    w.add_node(node("late", 1_000))
    w.run(20 * SECOND)
    assert len(placed(w, pods)) == 2
    assert gangs_of(w).waiting == []


def test_who_waits_too_long_gives_the_node_back() -> None:
    w, pods = waiting_world()
    w.run(PERMIT_TIMEOUT_US + SECOND)
    assert gangs_of(w).waiting == []
    assert w.cluster.pods.charged[pods[0]] == -1
    assert w.cluster.nodes.free[0, 0] == 1_000
    audit(w.cluster)
    w.add_node(node("late", 1_000))
    w.run(2 * PERMIT_TIMEOUT_US)
    assert len(placed(w, pods)) == 2


def test_a_waiting_pod_that_is_deleted_is_forgotten() -> None:
    w, pods = waiting_world()
    w.user.write(w.store.delete_pod, pods[0])
    w.run(2 * SECOND)
    assert gangs_of(w).waiting == []
    assert w.cluster.nodes.free[0, 0] == 1_000
    w.run(2 * PERMIT_TIMEOUT_US)
    audit(w.cluster)


# --- whatever comes


def watch_bindings(w: World) -> list[str]:
    """Notes each instant at which pods of a gang have been bound, and fewer than minCount of it
    have got a node; pods that were preempted or have lost their node since still count.
    """
    flaws: list[str] = []
    pods = w.cluster.pods

    def look(now_us: int) -> None:
        for key, stored in w.store.objects(PODGROUPS).items():
            name = key.partition("/")[2]
            mine = [p for p in range(len(pods)) if w.cluster.template_of(p).group == name]
            bound = sum(pods.bound_us[p] >= 0 for p in mine)
            assumed = sum(pods.scheduled_us[p] >= 0 for p in mine)
            if bound and assumed < stored.value.min_count:
                flaws.append(f"{now_us}: {name} has {bound} bound, {assumed} assumed")

    bell = w.clock.bell("watch bindings", Order.SAMPLE, look)
    w.store.pods.subscribe(bell, 0)
    return flaws


gang_sizes = st.lists(
    st.tuples(
        st.integers(1, 6),  # minCount
        st.integers(0, 3),  # further members
        st.sampled_from(["300m", "500m", "900m"]),
        st.integers(0, 2),  # priority
        st.integers(0, 5),  # seconds before the next
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=40, deadline=None)
@given(gang_sizes, st.integers(2, 6), st.integers(0, 3))
def test_never_fewer_than_min_count(
    sizes: list[tuple[int, int, str, int, int]], nodes: int, lost: int
) -> None:
    w = gang_world(nodes=nodes, times=Times(), pod_times=PodTimes())
    flaws = watch_bindings(w)
    at_us = 0
    for number, (least, more, cpu, priority, pause) in enumerate(sizes):
        if number % 2:
            group(w, f"g{number}", least)
        members(w, f"g{number}", least + more, cpu, priority=priority)
        at_us += pause * SECOND // 2 + 1_000
        w.run(at_us)
        if not number % 2:
            group(w, f"g{number}", least)
    w.run(at_us + 2_000)
    for row in range(min(lost, nodes - 1)):
        w.store.delete_node(row)
    w.run(at_us + 700 * SECOND)
    audit(w.cluster)
    assert not flaws
    waiting = gangs_of(w).waiting
    pods = w.cluster.pods
    assert all(pods.phase[p] == PENDING and pods.charged[p] >= 0 for p in waiting)


def digest() -> str:
    w = gang_world(nodes=6, times=Times(), pod_times=PodTimes())
    for number in range(8):
        group(w, f"g{number}", 3)
        members(w, f"g{number}", 4, "600m", priority=number % 3, lifetime_us=40 * SECOND)
    w.run(300 * SECOND)
    audit(w.cluster)
    assert w.store.counts[Phase.SUCCEEDED] >= 24
    return w.recorder.digest()


def test_two_runs_have_one_digest() -> None:
    assert digest() == digest()


def plain_digest(on: bool) -> str:
    w = gang_world(nodes=6, on=on, times=Times(), pod_times=PodTimes())
    for number in range(8):
        w.create(pod_manifest("600m", priority=number % 3), 4, lifetime_us=40 * SECOND)
    w.run(200 * SECOND)
    return w.recorder.digest()


def test_pods_without_a_group_do_not_notice_the_gate() -> None:
    assert plain_digest(True) == plain_digest(False)
