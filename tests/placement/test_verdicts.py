"""Why a pod fits nowhere, in the scheduler's words; and whom it would displace."""

from __future__ import annotations

from simk8s.kernel.streams import Streams
from simk8s.placement import cycle
from simk8s.placement.framework import Framework, Profile
from simk8s.placement.preemption import preempt
from simk8s.placement.select import Selector
from simk8s.placement.view import View
from simk8s.state.cluster import Cluster
from simk8s.state.selectors import Taint
from tests.world import GIB, add_pod, node, pod_manifest, query


def crowded() -> Cluster:
    cluster = Cluster()
    for i in range(3):
        cluster.nodes.add(node(f"full{i}", 1_000, 4 * GIB))
    cluster.nodes.add(node("small", 500, 4 * GIB))
    cluster.nodes.add(node("tainted", taints=(Taint("gpu", "", "NoSchedule"),)))
    cluster.nodes.add(node("cordoned", unschedulable=True))
    return cluster


def fill(cluster: Cluster, row: int, priority: int, started_us: int, cpu: str = "800m") -> int:
    template = cluster.templates.parse(pod_manifest(cpu, "1Gi", priority=priority), "default")
    pod = add_pod(cluster, template)
    cluster.charge(pod, row, 0)
    cluster.pods.running_us[pod] = started_us
    return pod


def test_message_counts_reasons_and_sorts_them_as_strings() -> None:
    cluster = crowded()
    for row in range(3):
        fill(cluster, row, 0, 0)
    pod = add_pod(cluster, cluster.templates.parse(pod_manifest("600m"), "default"))
    framework = Framework.of(Profile())
    verdict = cycle.verdict(framework, query(cluster, pod), View(cluster))
    assert verdict.message == (
        "0/6 nodes are available: 1 node(s) had untolerated taint(s), "
        "1 node(s) were unschedulable, 4 Insufficient cpu."
    )
    assert verdict.resolvable.tolist() == [0, 1, 2], "the small node could never hold it"
    assert verdict.plugins == ("NodeResourcesFit", "NodeUnschedulable", "TaintToleration")


def test_preemption_takes_the_lowest_priorities_then_the_latest_start() -> None:
    cluster = crowded()
    fill(cluster, 0, 5, 100)
    first = fill(cluster, 1, 1, 100)
    later = fill(cluster, 2, 1, 2_000_000)
    urgent = cluster.templates.parse(pod_manifest("600m", priority=10), "default")
    q = query(cluster, add_pod(cluster, urgent))
    view, framework = View(cluster), Framework.of(Profile())
    found = preempt(framework, q, view, cycle.verdict(framework, q, view).resolvable)
    assert found is not None
    assert (found.node, found.victims) == (2, (later,))
    assert first not in found.victims


def test_what_still_fits_is_put_back_most_important_first() -> None:
    cluster = Cluster()
    cluster.nodes.add(node("n", 1_000, 8 * GIB))
    keep = fill(cluster, 0, 3, 0, "300m")
    victim = fill(cluster, 0, 1, 0, "300m")
    other = fill(cluster, 0, 2, 0, "300m")
    urgent = cluster.templates.parse(pod_manifest("400m", "1Gi", priority=10), "default")
    q = query(cluster, add_pod(cluster, urgent))
    view, framework = View(cluster), Framework.of(Profile())
    found = preempt(framework, q, view, cycle.verdict(framework, q, view).resolvable)
    assert found is not None
    assert found.victims == (victim,)
    assert {keep, other}.isdisjoint(found.victims)


def test_a_pod_that_never_preempts_does_not() -> None:
    cluster = crowded()
    fill(cluster, 0, 0, 0)
    meek = pod_manifest("600m", priority=10, preemptionPolicy="Never")
    q = query(cluster, add_pod(cluster, cluster.templates.parse(meek, "default")))
    view, framework = View(cluster), Framework.of(Profile())
    assert preempt(framework, q, view, cycle.verdict(framework, q, view).resolvable) is None


def test_a_nominated_pod_keeps_its_room_from_lower_priorities() -> None:
    cluster = Cluster()
    cluster.nodes.add(node("n0", 1_000))
    waiting = add_pod(cluster, cluster.templates.parse(pod_manifest("800m", priority=5), "default"))
    cluster.nominate(waiting, 0)
    selector = Selector(Framework.of(Profile()), View(cluster), Streams(0).get("x"))
    low = add_pod(cluster, cluster.templates.parse(pod_manifest("500m"), "default"))
    high = add_pod(cluster, cluster.templates.parse(pod_manifest("500m", priority=9), "default"))
    assert selector.select(query(cluster, low)) is None
    assert selector.select(query(cluster, high)) is not None
    assert selector.select(query(cluster, waiting)) is not None, "its own nomination is no rival"
    cluster.nominate(waiting, -1)
    assert selector.select(query(cluster, low)) is not None
