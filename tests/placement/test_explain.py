"""Explanations: every number agrees with the cycle, and a remedy carried out makes the pod fit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from simk8s.placement.base import Query
from simk8s.placement.cycle import evaluate
from simk8s.placement.diagnosis import fits
from simk8s.placement.explain import MOST_NODES, Explanation, explain
from simk8s.placement.framework import Framework, Profile
from simk8s.placement.search import Search
from simk8s.placement.view import View
from simk8s.state.cluster import Cluster
from simk8s.state.resources import CPU
from simk8s.state.selectors import Taint
from tests.world import GIB, add_pod, node, pod_manifest, query

FRAMEWORK = Framework.of(Profile())
GPU = Taint("dedicated", "gpu", "NoSchedule")


def ask(cluster: Cluster, manifest: dict[str, Any]) -> Query:
    return query(cluster, add_pod(cluster, cluster.templates.parse(manifest, "default")))


def explained(cluster: Cluster, manifest: dict[str, Any]) -> Explanation:
    return explain(FRAMEWORK, ask(cluster, manifest), View(cluster), Search())


def run(cluster: Cluster, manifest: dict[str, Any], row: int) -> None:
    cluster.charge(ask(cluster, manifest).pod, row, 0)


def three() -> Cluster:
    cluster = Cluster()
    for name, cpu in (("n0", 1_000), ("n1", 2_000), ("n2", 3_000)):
        cluster.nodes.add(node(name, cpu, 4 * GIB))
    return cluster


def test_the_smallest_shortage_comes_first() -> None:
    cluster = three()
    run(cluster, pod_manifest("1500m"), 2)
    found = explained(cluster, pod_manifest("2500m"))
    assert found.changes == ("500m more cpu than there is at all on node n1",)
    run(cluster, pod_manifest("700m"), 1)
    assert explained(cluster, pod_manifest("2")).changes == ("500m more free cpu on node n2",)


def test_that_much_more_is_enough_and_one_less_is_not() -> None:
    cluster = three()
    asked = ask(cluster, pod_manifest("3500m"))
    assert explain(FRAMEWORK, asked, View(cluster), Search()).changes[0].startswith("500m more cpu")
    for more, enough in ((499, False), (500, True)):
        spec = cluster.nodes.specs[2]
        cluster.nodes.set_spec(
            2, replace(spec, allocatable={**spec.allocatable, CPU: 3_000 + more})
        )
        assert fits(FRAMEWORK, asked, View(cluster), 2) is enough


@pytest.mark.parametrize(
    ("change", "manifest", "words"),
    [
        ({"taints": (GPU,)}, {}, "tolerate dedicated=gpu:NoSchedule (node n)"),
        ({"unschedulable": True}, {}, "uncordon it (node n)"),
        ({}, {"nodeSelector": {"disk": "ssd"}}, "the label disk=ssd on node n"),
        (
            {"taints": (GPU,)},
            {"nodeSelector": {"disk": "ssd", "a": "b"}},
            "tolerate dedicated=gpu:NoSchedule and the label a=b and the label disk=ssd on node n",
        ),
        ({"cpu": 50}, {}, "50m more cpu than there is at all on node n"),
        ({"memory": 1 << 20}, {}, "127 MiB more memory than there is at all on node n"),
        ({"pods": 0}, {}, "room for one more pod on node n"),
        (
            {},
            {
                "topologySpreadConstraints": [
                    {
                        "maxSkew": 1,
                        "topologyKey": "rack",
                        "whenUnsatisfiable": "DoNotSchedule",
                        "labelSelector": {},
                    }
                ]
            },
            "the label rack on node n",
        ),
    ],
)
def test_one_change(change: dict[str, Any], manifest: dict[str, Any], words: str) -> None:
    cluster = Cluster()
    cluster.nodes.add(node("n", **change))
    found = explained(cluster, pod_manifest(**manifest))
    assert found.feasible == 0
    assert found.changes == (words,)


def test_a_required_term_names_its_nearest_alternative() -> None:
    cluster = Cluster()
    cluster.nodes.add(node("n", labels={"a": "1"}))

    def term(*keys: str) -> dict[str, Any]:
        lines = [{"key": key, "operator": "In", "values": ["1"]} for key in keys]
        return {"matchExpressions": lines}

    terms = {"nodeSelectorTerms": [term("x", "y"), term("a", "b")]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": terms}
    found = explained(cluster, pod_manifest(affinity={"nodeAffinity": required}))
    assert found.changes == ("the label b=1 on node n",)


def test_a_spread_constraint_says_which_skew_would_do() -> None:
    cluster = Cluster()
    for number, zone in enumerate("ab"):
        cluster.nodes.add(node(f"n{number}", 1_000 if zone == "b" else 8_000, zone=zone))
    constraint = {
        "maxSkew": 1,
        "topologyKey": "topology.kubernetes.io/zone",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "x"}},
    }
    manifest = pod_manifest(
        "900m", metadata={"labels": {"app": "x"}}, topologySpreadConstraints=[constraint]
    )
    run(cluster, manifest, 0)
    run(cluster, pod_manifest("900m"), 1)
    found = explained(cluster, manifest)
    assert found.changes[1] == "a maxSkew of 2 for topology.kubernetes.io/zone (node n0)"
    constraint["maxSkew"] = 2
    assert explained(cluster, manifest).feasible == 1


def test_numbers_are_those_of_the_cycle() -> None:
    cluster = three()
    cluster.nodes.add(node("full", 100))
    asked = ask(cluster, pod_manifest("200m"))
    found = explain(FRAMEWORK, asked, View(cluster), Search())
    full = evaluate(FRAMEWORK, asked, View(cluster))
    lines = {line.node: line for line in found.table}
    names = [cluster.nodes.specs[row].name for row in full.feasible.tolist()]
    assert [lines[name].total for name in names] == full.total.tolist()
    for line in found.table:
        if line.fits:
            assert line.total == sum(weighted for _, _, weighted in line.scores.values())
    assert [line.node for line in found.table][-1] == "full"
    assert lines["full"].plugin == "NodeResourcesFit"
    assert lines["full"].reasons == ("Insufficient cpu",)
    assert found.message == ""
    assert found.changes == ()


def test_filters_behind_the_first_are_asked_too() -> None:
    cluster = Cluster()
    cluster.nodes.add(node("n", 50, taints=(GPU,)))
    (line,) = explained(cluster, pod_manifest()).table
    assert line.plugin == "TaintToleration"
    assert list(line.filters) == ["TaintToleration", "NodeResourcesFit"]


def test_many_nodes_are_cut_down_and_counted() -> None:
    cluster = Cluster()
    for i in range(300):
        cluster.nodes.add(node(f"n{i:03}", 50 if i < 250 else 4_000))
    found = explained(cluster, pod_manifest())
    assert len(found.table) == MOST_NODES
    assert sum(line.fits for line in found.table) == 50
    assert found.others == {"Insufficient cpu": 100}


def test_a_failed_prefilter_says_so() -> None:
    cluster = three()
    volume = {"name": "v", "persistentVolumeClaim": {"claimName": "nope"}}
    found = explained(cluster, pod_manifest(volumes=[volume]))
    assert 'persistentvolumeclaim "nope" not found' in found.message
    assert len(found.changes) == 1
    assert "to pass before any node is looked at" in found.changes[0]
