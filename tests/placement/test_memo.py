"""Answers are given out again on the same state alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from simk8s.placement.framework import Framework, Profile
from simk8s.placement.memo import Memo
from simk8s.placement.view import View
from simk8s.state.cluster import Cluster
from simk8s.state.pods import NEVER
from tests.world import add_pod, node, pod_manifest, query


def charge(cluster: Cluster) -> None:
    cluster.charge(0, 0, 0)


def release(cluster: Cluster) -> None:
    cluster.release(1)


def nominate(cluster: Cluster) -> None:
    cluster.nominate(0, 0)


def respec(cluster: Cluster) -> None:
    cluster.nodes.set_spec(0, replace(cluster.nodes.specs[0], unschedulable=True))


def terminate(cluster: Cluster) -> None:
    cluster.terminate(1, 5)


def service(cluster: Cluster) -> None:
    cluster.objects.put_service("default", "s", {"app": "web"})


@pytest.mark.parametrize("change", [charge, release, nominate, respec, terminate, service])
def test_any_change_forgets(change: Callable[[Cluster], None]) -> None:
    cluster = Cluster()
    cluster.nodes.add(node("n"))
    template = cluster.templates.parse(pod_manifest(), "default")
    for _ in range(4):
        add_pod(cluster, template)
    cluster.charge(1, 0, 0)
    cluster.tallies.get("all", lambda _: 1, live=True)
    memo: Memo[str] = Memo(Framework.of(Profile()), View(cluster))
    memo.put(query(cluster, 2), "no")
    assert memo.get(query(cluster, 3)) == "no"
    change(cluster)
    assert memo.get(query(cluster, 3)) is None


def test_pods_that_differ_are_not_answered_for() -> None:
    cluster = Cluster()
    cluster.nodes.add(node("n"))
    manifests = [
        pod_manifest(),
        pod_manifest("200m"),
        pod_manifest(priority=1),
        pod_manifest(volumes=[{"name": "v", "emptyDir": {}}]),
    ]
    made = [cluster.templates.parse(m, "default") for m in manifests]
    one, *others = [query(cluster, add_pod(cluster, template)) for template in made]
    memo: Memo[str] = Memo(Framework.of(Profile()), View(cluster))
    memo.put(one, "no")
    memo.put(others[-1], "no")
    assert [memo.get(other) for other in others] == [None] * 3
    assert cluster.pods.nominated[one.pod] == NEVER
