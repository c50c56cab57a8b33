"""The DaemonSet controller against recording E3 of v1.36.2 and its own law."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simk8s.api.watch import Verb
from simk8s.controllers._revisions import revision_of
from simk8s.kernel.phase import Phase as Order
from simk8s.state.daemonsets import DAEMONSETS, DaemonSet
from simk8s.state.pods import FAILED, NEVER, RUNNING, SUCCEEDED
from simk8s.state.selectors import Taint
from tests.controllers.owners import daemonset, exists, respec, status, story
from tests.controllers.world import NEXT, SECOND, TEMPLATE, PodTimes, Times, World

HALF_A_SECOND = PodTimes((500_000, 500_001), (200_000, 200_001))


def live(nodes=10, *more, kubelets=HALF_A_SECOND):
    made = World(["daemonset", *more], times=Times(), kubelets=kubelets)
    made.nodes(nodes)
    return made


def where(world):
    """Nodes of the pods that neither ended nor leave, sorted."""
    return sorted(world.cluster.pods.node[pod] for pod in world.alive())


def taint(world, node, *taints):
    spec = world.cluster.nodes.specs[node]
    made = tuple(Taint.parse(text) for text in taints)
    world.store.update_node(node, replace(spec, taints=made))


def rolling(unavailable=None, surge=None):
    limits = {"maxUnavailable": unavailable, "maxSurge": surge}
    given = {name: value for name, value in limits.items() if value is not None}
    return {"updateStrategy": {"rollingUpdate": given}}


def watched(world, key, nodes):
    """Most nodes without an available pod at any change, and most pods on one node."""
    worst = {"down": 0, "most": 0}
    pods = world.cluster.pods

    def look():
        up, on = set(), {}
        for pod in range(len(pods)):
            if pods.pinned.get(pod) is None or not exists(world, pod):
                continue
            node = pods.pinned[pod]
            if pods.deletion_us[pod] == NEVER:
                on[node] = on.get(node, 0) + 1
                if pods.phase[pod] == RUNNING and pods.ready[pod]:
                    up.add(node)
        worst["down"] = max(worst["down"], nodes - len(up))
        worst["most"] = max(worst["most"], *on.values())

    def note(now_us):
        cursor.drain(now_us)
        look()

    bell = world.clock.bell("test/daemons", Order.DELIVER, note)
    cursor = world.store.pods.subscribe(bell)
    return worst


def test_every_node_gets_a_pod_as_recorded():
    """Recording E3: 100 nodes; 31 pods within 0.34 s, then 20 a second."""
    world = live(100)
    key = daemonset(world)
    world.run(10 * SECOND)
    assert where(world) == list(range(100))
    made = [t for t, _ in story(world, Verb.ADDED)]
    assert sum(t <= 340_000 for t in made) in range(29, 35)
    assert made[99] - made[40] == pytest.approx(59 * 50_000, abs=150_000)
    seen = status(world, DAEMONSETS, key)
    assert (seen.desired, seen.current, seen.ready, seen.available, seen.updated) == (100,) * 5
    assert (seen.misscheduled, seen.unavailable) == (0, 0)


def test_new_nodes_get_one_and_nodes_that_go_lose_theirs():
    world = live(5, "pod_gc")
    key = daemonset(world)
    world.run(5 * SECOND)
    world.at(5 * SECOND, lambda: world.nodes(3))
    world.run(10 * SECOND)
    assert where(world) == list(range(8))
    world.at(10 * SECOND, lambda: world.store.delete_node(2))
    world.run(100 * SECOND)
    assert where(world) == [0, 1, 3, 4, 5, 6, 7]
    assert status(world, DAEMONSETS, key).desired == 7


def test_taints_keep_pods_away_unless_they_are_tolerated():
    world = live(6)
    taint(world, 0, "dedicated=db:NoSchedule")
    taint(world, 1, "dedicated=db:NoExecute")
    taint(world, 2, "node.kubernetes.io/unschedulable:NoSchedule")
    taint(world, 3, "node.kubernetes.io/not-ready:NoExecute")
    key = daemonset(world)
    world.run(5 * SECOND)
    assert where(world) == [2, 3, 4, 5], "cordoned and silent nodes keep their daemons"
    world.at(5 * SECOND, lambda: taint(world, 4, "dedicated=db:NoSchedule"))
    world.at(5 * SECOND, lambda: taint(world, 5, "dedicated=db:NoExecute"))
    world.at(5 * SECOND, lambda: taint(world, 0))
    world.run(10 * SECOND)
    assert where(world) == [0, 2, 3, 4], "NoSchedule lets what is there stay"
    seen = status(world, DAEMONSETS, key)
    assert (seen.desired, seen.misscheduled) == (3, 1)


def test_selectors_choose_nodes():
    world = live(0)
    for name in ("ssd", "hdd", "ssd"):
        row = world.nodes(1)[0]
        spec = world.cluster.nodes.specs[row]
        world.store.update_node(row, replace(spec, labels={"disk": name}))
    picky = {"spec": {**TEMPLATE["spec"], "nodeSelector": {"disk": "ssd"}}}
    daemonset(world, template=picky)
    world.run(5 * SECOND)
    assert where(world) == [0, 2]


@pytest.mark.parametrize(("unavailable", "most"), [(None, 1), (3, 3), ("25%", 3)])
def test_an_update_takes_down_no_more_than_it_may(unavailable, most):
    world = live(10)
    key = daemonset(world, **rolling(unavailable))
    world.run(10 * SECOND)
    worst = watched(world, key, 10)
    respec(world, DAEMONSETS, key, template=NEXT)
    world.run(60 * SECOND)
    assert worst == {"down": most, "most": 1}
    seen = status(world, DAEMONSETS, key)
    assert (seen.updated, seen.available) == (10, 10)
    assert len({revision_of(world.cluster.template_of(pod)) for pod in world.alive()}) == 1


def test_nodes_whose_pods_have_just_gone_are_not_available():
    """While a sync creates, the last pods of its batch go: they are down, though nowhere listed."""
    world = live(120)
    key = daemonset(world, **rolling("10%"))
    world.run(15 * SECOND)
    worst = watched(world, key, 120)
    respec(world, DAEMONSETS, key, template=NEXT)
    world.run(40 * SECOND)
    assert worst == {"down": 12, "most": 1}
    assert status(world, DAEMONSETS, key).updated == 120


def test_an_update_goes_on_at_once_or_reports_first():
    """E3: a sync that has created pods goes on with deletions if it sees them: 12 of 27 did."""
    world = live(120)
    key = daemonset(world, **rolling("10%"))
    world.run(15 * SECOND)
    log = world.store.objects(DAEMONSETS).log
    reports = []
    cursor = log.subscribe(
        world.clock.bell("test/reports", Order.DELIVER, lambda t: reports.extend(cursor.drain(t)))
    )
    respec(world, DAEMONSETS, key, template=NEXT)
    world.run(40 * SECOND)
    assert status(world, DAEMONSETS, key).updated == 120
    assert 52 < len(reports) < 78, "52 if all went on at once, 78 if none did"


def test_surge_puts_the_new_pod_beside_the_old_one():
    world = live(10)
    key = daemonset(world, **rolling(0, "20%"))
    world.run(10 * SECOND)
    worst = watched(world, key, 10)
    respec(world, DAEMONSETS, key, template=NEXT)
    world.run(60 * SECOND)
    assert worst == {"down": 0, "most": 2}
    assert status(world, DAEMONSETS, key).updated == 10
    assert where(world) == list(range(10))


def test_a_broken_revision_stalls_after_as_many_nodes_as_may_be_down():
    world = live(5)
    key = daemonset(world)
    world.run(10 * SECOND)
    set_phase = world.store.set_phase

    def unready(pod, phase, epoch, ready=True):
        return set_phase(pod, phase, epoch, False)

    unready.request = set_phase.request
    world.kubelets._report = world.kubelets._client.sender(unready)
    respec(world, DAEMONSETS, key, template=NEXT)
    world.run(60 * SECOND)
    assert status(world, DAEMONSETS, key).updated == 1
    world.kubelets._report = world.kubelets._client.sender(set_phase)
    respec(world, DAEMONSETS, key, template=TEMPLATE)
    world.run(120 * SECOND)
    seen = status(world, DAEMONSETS, key)
    assert (seen.updated, seen.available) == (5, 5), "an old pod that is not available goes free"


def test_min_ready_seconds_pace_an_update():
    world = live(4)
    key = daemonset(world, minReadySeconds=20)
    world.run(30 * SECOND)
    start_us = world.clock.now_us
    respec(world, DAEMONSETS, key, template=NEXT)
    world.run(200 * SECOND)
    went = [t - start_us for t, _ in story(world, Verb.DELETING)]
    gaps = [b - a for a, b in pairwise(went)]
    assert len(went) == 4
    # Counted from the whole second in which the pod became ready.
    assert all(19.7 * SECOND <= gap <= 22 * SECOND for gap in gaps)


def test_on_delete_waits_for_somebody():
    world = live(3)
    key = daemonset(world, updateStrategy={"type": "OnDelete"})
    world.run(5 * SECOND)
    respec(world, DAEMONSETS, key, template=NEXT)
    world.run(10 * SECOND)
    assert status(world, DAEMONSETS, key).updated == 0
    world.at(10 * SECOND, lambda: world.store.delete_pod(world.alive()[0]))
    world.run(20 * SECOND)
    assert status(world, DAEMONSETS, key).updated == 1


def test_failed_pods_are_replaced_with_backoff():
    world = live(1)
    daemonset(world)
    pods = world.cluster.pods

    def fail():
        for pod in world.alive():
            if pods.phase[pod] == RUNNING:
                world.store.set_phase(pod, FAILED, pods.epoch[pod])

    for tenth in range(10, 1_200):
        world.at(tenth * SECOND // 10, fail)
    world.run(121 * SECOND)
    made = [t for t, _ in story(world, Verb.ADDED)]
    gaps = [(b - a) / SECOND for a, b in pairwise(made)]
    assert gaps[1:6] == pytest.approx([1, 2, 4, 8, 16], abs=0.7)


def test_a_pod_that_has_ended_comes_again_at_once():
    world = live(1)
    daemonset(world)
    world.run(5 * SECOND)
    (pod,) = world.alive()
    epoch = world.cluster.pods.epoch[pod]
    world.at(5 * SECOND, lambda: world.store.set_phase(pod, SUCCEEDED, epoch))
    world.run(10 * SECOND)
    assert len(world.alive()) == 1


def test_deleted_it_takes_its_pods_along():
    world = live(4, "garbage_collector")
    key = daemonset(world)
    world.run(5 * SECOND)
    world.store.objects(DAEMONSETS).delete(key)
    world.run(20 * SECOND)
    assert world.alive() == []


def test_both_limits_nought_means_one():
    spec = {"updateStrategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}}
    assert DaemonSet.of(spec, pods=None).limits(10) == (0, 1)
    spec = {"updateStrategy": {"rollingUpdate": {"maxUnavailable": "15%"}}}
    assert DaemonSet.of(spec, pods=None).limits(10) == (0, 2)


STEPS = st.one_of(
    st.tuples(st.just("image"), st.integers(0, 3)),
    st.tuples(st.just("add"), st.integers(1, 3)),
    st.tuples(st.just("remove"), st.integers(0, 5)),
    st.tuples(st.just("taint"), st.integers(0, 5)),
    st.tuples(st.just("untaint"), st.integers(0, 5)),
    st.tuples(st.just("kill"), st.integers(0, 5)),
    st.tuples(st.just("wait"), st.integers(1, 20)),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEPS, max_size=8), st.sampled_from([(1, None), ("50%", None), (0, 1), (1, 2)]))
def test_whatever_happens_every_eligible_node_ends_up_with_one(steps, limits):
    world = live(5, "garbage_collector", "pod_gc", "taint_eviction")
    key = daemonset(world, **rolling(*limits))
    now_us = SECOND
    for what, number in steps:
        world.run(now_us)
        node = number % world.cluster.nodes.n
        there = world.cluster.nodes.exists[node]
        if what == "image":
            template = {"metadata": {"labels": {"n": str(number)}}, **TEMPLATE}
            respec(world, DAEMONSETS, key, template=template)
        elif what == "add":
            world.nodes(number)
        elif what == "remove" and there:
            world.store.delete_node(node)
        elif what in ("taint", "untaint") and there:
            taint(world, node, *(["x=y:NoExecute"] if what == "taint" else []))
        elif what == "kill" and world.alive():
            world.store.delete_pod(world.alive()[number % len(world.alive())])
        now_us += (number if what == "wait" else 1) * SECOND
    world.run(now_us + 2_000 * SECOND)
    nodes = world.cluster.nodes
    open_ = [n for n in range(nodes.n) if nodes.exists[n] and not nodes.specs[n].taints]
    assert where(world) == open_
    seen = status(world, DAEMONSETS, key)
    assert (seen.desired, seen.updated, seen.available) == (len(open_),) * 3
    assert seen.misscheduled == 0
