"""Queueing hints: what may help a pod that a plugin rejected."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from simk8s.placement.base import FilterPlugin
from simk8s.placement.events import Change, Event, node_events, pod_added, pod_deleted
from simk8s.placement.framework import Framework, Profile
from simk8s.placement.view import View
from simk8s.state.cluster import Cluster
from simk8s.state.nodes import NodeSpec
from simk8s.state.resources import CPU, MEMORY
from simk8s.state.selectors import Taint
from simk8s.state.shapes import PodTemplate
from tests.world import add_pod, node, pod_manifest, query

CORDON = Taint("dedicated", "x", "NoSchedule")
LABELLED: dict[str, Any] = {"metadata": {"labels": {"app": "db"}}}
TERM = {"labelSelector": {"matchLabels": {"app": "db"}}, "topologyKey": "rack"}
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
NEAR = {"podAffinity": {REQUIRED: [TERM]}}
FAR = {"podAntiAffinity": {REQUIRED: [TERM]}}
SPREAD = [
    {
        "maxSkew": 1,
        "topologyKey": "rack",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "db"}},
    }
]


class Ask:
    """Asks one plugin of the default profile, registration included."""

    def __init__(self, name: str, **spec: Any) -> None:
        self.cluster = Cluster()
        framework = Framework.of(Profile())
        self.plugin: FilterPlugin = next(p for p in framework.filters if p.name == name)
        template = self.template(**spec)
        self.query = query(self.cluster, add_pod(self.cluster, template))
        self.view = View(self.cluster)

    def template(self, namespace: str = "default", **spec: Any) -> PodTemplate:
        return self.cluster.templates.parse(pod_manifest(**spec), namespace)

    def any(self, *events: Event) -> bool:
        return any(
            event.change & self.plugin.events != 0
            and self.plugin.hint(event, self.query, self.view)
            for event in events
        )

    def node(self, before: NodeSpec | None, after: NodeSpec | None) -> bool:
        return self.any(*node_events(before, after))


PLAIN = node("n", 1_000, labels={"rack": "r1"})


def test_changes_of_a_node_are_told_apart() -> None:
    changed = replace(PLAIN, labels={}, taints=(CORDON,), allocatable={CPU: 1})
    kinds = [event.change for event in node_events(PLAIN, changed)]
    assert kinds == [Change.NODE_ALLOCATABLE, Change.NODE_LABELS, Change.NODE_TAINTS]
    assert [e.change for e in node_events(None, PLAIN)] == [Change.NODE_ADD]
    assert [e.change for e in node_events(PLAIN, None)] == [Change.NODE_DELETE]
    assert not list(node_events(PLAIN, PLAIN))
    closed = replace(PLAIN, unschedulable=True)
    assert not list(node_events(PLAIN, closed)), "a cordon helps nobody"
    assert [e.change for e in node_events(closed, PLAIN)] == [Change.NODE_TAINTS]


def test_resources_fit() -> None:
    ask = Ask("NodeResourcesFit", cpu="500m", memory="1Gi")
    assert ask.any(pod_deleted(ask.template()))
    assert not ask.any(pod_added(ask.template()))
    assert ask.node(None, PLAIN)
    assert not ask.node(None, node("n", 400))
    more = replace(PLAIN, allocatable={**PLAIN.allocatable, CPU: 2_000})
    assert ask.node(PLAIN, more)
    assert not ask.node(more, PLAIN), "it has got less"
    tiny = replace(PLAIN, allocatable={**PLAIN.allocatable, CPU: 100})
    assert not ask.node(tiny, replace(tiny, allocatable={**tiny.allocatable, CPU: 200}))
    idle = Ask("NodeResourcesFit", cpu="500m", memory=None)
    memory = replace(PLAIN, allocatable={**PLAIN.allocatable, MEMORY: 1 << 40})
    assert not idle.node(PLAIN, memory), "more of what it does not ask for"


def test_taints_and_cordons() -> None:
    tainted = replace(PLAIN, taints=(CORDON,))
    ask = Ask("TaintToleration")
    assert ask.node(tainted, PLAIN)
    assert not ask.node(PLAIN, tainted)
    assert not ask.node(None, tainted)
    assert ask.node(None, PLAIN)
    closed = replace(PLAIN, unschedulable=True)
    cordon = Ask("NodeUnschedulable")
    assert cordon.node(closed, PLAIN)
    assert not cordon.node(None, closed)
    assert not cordon.node(tainted, PLAIN), "it was open before"


def test_node_affinity() -> None:
    ask = Ask("NodeAffinity", nodeSelector={"rack": "r1"})
    other = replace(PLAIN, labels={"rack": "r2"})
    assert ask.node(None, PLAIN)
    assert not ask.node(None, other)
    assert ask.node(other, PLAIN)
    assert not ask.node(PLAIN, replace(PLAIN, labels={"rack": "r1", "more": "x"}))


def test_ports() -> None:
    def container(port: int) -> list[dict[str, Any]]:
        return [{"name": "c", "image": "i", "ports": [{"containerPort": 1, "hostPort": port}]}]

    ask = Ask("NodePorts", containers=container(80))
    assert ask.any(pod_deleted(ask.template(containers=container(80))))
    assert not ask.any(pod_deleted(ask.template(containers=container(81))))
    assert not ask.any(pod_deleted(ask.template()))
    assert ask.node(None, PLAIN)
    assert not ask.node(PLAIN, replace(PLAIN, labels={}))


@pytest.mark.parametrize(
    ("affinity", "added", "deleted"), [(NEAR, True, False), (FAR, False, True)]
)
def test_pod_affinity_and_pods(affinity: dict[str, Any], added: bool, deleted: bool) -> None:
    ask = Ask("InterPodAffinity", affinity=affinity)
    meant, other = ask.template(**LABELLED), ask.template()
    assert ask.any(pod_added(meant)) is added
    assert ask.any(pod_deleted(meant)) is deleted
    assert not ask.any(pod_added(other), pod_deleted(other))
    assert not ask.any(pod_added(ask.template("elsewhere", **LABELLED)))


def test_pod_affinity_and_nodes() -> None:
    bare, moved = node("n"), replace(PLAIN, labels={"rack": "r2"})
    near, far = Ask("InterPodAffinity", affinity=NEAR), Ask("InterPodAffinity", affinity=FAR)
    assert near.node(None, PLAIN)
    assert not near.node(None, bare)
    assert far.node(None, bare), "a node without the key is in nobody's domain"
    assert near.node(PLAIN, moved)
    assert far.node(PLAIN, moved)
    assert near.node(bare, PLAIN)
    assert not near.node(PLAIN, bare)
    assert far.node(PLAIN, bare)
    assert not far.node(bare, PLAIN)


def test_a_pod_went_that_kept_this_one_away() -> None:
    """kubernetes/kubernetes#135325, in v1.36; all of its terms must mean the pod."""
    ask = Ask("InterPodAffinity", **LABELLED)
    other = {"labelSelector": {"matchLabels": {"app": "web"}}, "topologyKey": "rack"}
    both = {"podAntiAffinity": {REQUIRED: [TERM, other]}}
    hostile = ask.template(affinity=FAR)
    assert ask.any(pod_deleted(hostile))
    assert not ask.any(pod_added(hostile))
    assert not ask.any(pod_deleted(ask.template(affinity=both)))
    assert not ask.any(pod_deleted(ask.template("elsewhere", affinity=FAR)))


def test_one_label_in_both_kinds_of_term() -> None:
    bare, moved = node("n"), replace(PLAIN, labels={"rack": "r2"})
    ask = Ask("InterPodAffinity", affinity={**NEAR, **FAR})
    assert ask.node(PLAIN, bare), "it may have left the domain of a pod that is in the way"
    assert ask.node(bare, PLAIN), "it may have joined the domain of a pod that is wanted"
    assert ask.node(PLAIN, moved)
    assert not ask.node(PLAIN, replace(PLAIN, labels={**PLAIN.labels, "more": "x"}))


def test_spreading() -> None:
    ask = Ask("PodTopologySpread", topologySpreadConstraints=SPREAD)
    meant = ask.template(**LABELLED)
    assert ask.any(pod_added(meant))
    assert ask.any(pod_deleted(meant))
    assert not ask.any(pod_added(ask.template()))
    assert not ask.any(pod_added(ask.template("elsewhere", **LABELLED)))
    relabelled = Event(Change.POD_LABELS, pod=meant, was=ask.template())
    assert ask.any(relabelled)
    bare = node("n")
    assert ask.node(None, PLAIN)
    assert ask.node(PLAIN, None), "an empty domain may be gone"
    assert not ask.node(None, bare)
    assert ask.node(PLAIN, replace(PLAIN, labels={"rack": "r2"}))
    assert ask.node(PLAIN, replace(PLAIN, taints=(CORDON,)))
    assert not ask.node(PLAIN, replace(PLAIN, labels={**PLAIN.labels, "more": "x"}))


def test_volumes() -> None:
    def claim(name: str) -> list[dict[str, Any]]:
        return [{"name": "v", "persistentVolumeClaim": {"claimName": name}}]

    ask = Ask("VolumeRestrictions", volumes=claim("a"))
    assert ask.any(pod_deleted(ask.template(volumes=claim("a"))))
    assert not ask.any(pod_deleted(ask.template(volumes=claim("b"))))
    assert not ask.any(pod_deleted(ask.template("elsewhere", volumes=claim("a"))))
    assert ask.any(Event(Change.VOLUMES))
    limits = Ask("NodeVolumeLimits", volumes=claim("a"))
    assert limits.any(pod_deleted(limits.template(volumes=claim("b"))))
    assert not limits.any(pod_deleted(limits.template()))
