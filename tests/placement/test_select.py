"""Choosing: searches that end early and ties, held against the full cycle."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from simk8s.placement.cycle import evaluate
from simk8s.placement.framework import Framework, Profile
from simk8s.placement.search import Search
from simk8s.placement.select import Choice, Selector
from simk8s.placement.view import View
from simk8s.state.cluster import Cluster
from tests.placement.test_ties import heap_root
from tests.world import add_pod, node, pod_manifest, query

ZONE = "topology.kubernetes.io/zone"


def spread(hard: bool) -> dict[str, Any]:
    constraint = {
        "maxSkew": 1,
        "topologyKey": ZONE,
        "whenUnsatisfiable": "DoNotSchedule" if hard else "ScheduleAnyway",
        "labelSelector": {"matchLabels": {"app": "x"}},
    }
    return pod_manifest(
        "1", "1Gi", metadata={"labels": {"app": "x"}}, topologySpreadConstraints=[constraint]
    )


def anti() -> dict[str, Any]:
    term = {
        "topologyKey": "kubernetes.io/hostname",
        "labelSelector": {"matchLabels": {"app": "z"}},
    }
    affinity = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    return pod_manifest("250m", metadata={"labels": {"app": "z"}}, affinity=affinity)


def named(names: list[str]) -> dict[str, Any]:
    terms = [
        {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [n]}]} for n in names
    ]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    return pod_manifest("100m", affinity={"nodeAffinity": required})


SHAPES = [
    pod_manifest("900m", "1Gi"),
    pod_manifest("100m", "2Gi"),
    pod_manifest("100"),
    spread(True),
    spread(False),
    anti(),
    named(["n7"]),
    named(["n3", "n100", "n149"]),
    pod_manifest(nodeSelector={ZONE: "b"}),
]


def cluster_of(count: int) -> Cluster:
    cluster, draws = Cluster(), random.Random(count)
    for i in range(count):
        zone = draws.choice("aaabbc")
        cluster.nodes.add(node(f"n{i}", 1_000 * draws.randrange(1, 4), zone=zone))
    return cluster


@pytest.mark.parametrize(("count", "percentage"), [(150, 0), (230, 0), (150, 70), (60, 0)])
def test_a_search_that_ends_early_equals_the_full_cycle(count: int, percentage: int) -> None:
    cluster, draws = cluster_of(count), random.Random(5)
    view = View(cluster)
    framework = Framework.of(Profile(ties="as_v1_36", percentage=percentage))
    selector = Selector(framework, view, np.random.default_rng(0))
    search = Search(percentage)
    ties = 0
    for _ in range(250):
        template = cluster.templates.parse(draws.choice(SHAPES), "default")
        q = query(cluster, add_pod(cluster, template))
        full = evaluate(framework, q, view, search)
        search.advance(len(full.diagnosis.visited), full.diagnosis.nodes)
        choice = selector.select(q)
        assert selector.evaluated == len(full.diagnosis.visited)
        assert selector._search.start == search.start
        assert (choice is None) == (not len(full.feasible))
        if choice is None:
            continue
        fits = set(full.feasible.tolist())
        order = [row for row in full.diagnosis.visited.tolist() if row in fits]
        by_row = dict(zip(full.feasible.tolist(), full.total.tolist(), strict=True))
        totals = [by_row[row] for row in order]
        ties += totals.count(max(totals)) > 1
        score = choice.score if len(order) == 1 else max(totals)
        assert choice == Choice(order[heap_root(totals)], score, len(order))
        cluster.charge(q.pod, choice.node, 0)
    assert ties > 20


def same_nodes(count: int, ties: str) -> Selector:
    cluster = Cluster()
    for i in range(count):
        cluster.nodes.add(node(f"n{(7 * i) % count}", 4_000, zone="ab"[i % 2]))
    framework = Framework.of(Profile(ties=ties))
    return Selector(framework, View(cluster), np.random.default_rng(1))


def choose(selector: Selector) -> int:
    cluster = selector.view.cluster
    template = cluster.templates.parse(pod_manifest(), "default")
    choice = selector.select(query(cluster, add_pod(cluster, template)))
    assert choice is not None
    return choice.node


@pytest.mark.parametrize("count", [5, 90])
def test_lowest_name_is_by_bytes(count: int) -> None:
    selector = same_nodes(count, "lowest_name")
    name = selector.view.nodes.specs[choose(selector)].name
    assert name == min(f"n{i}" for i in range(count))


def test_random_takes_every_one_of_the_best_equally_often() -> None:
    selector = same_nodes(4, "random")
    counts = np.bincount([choose(selector) for _ in range(2_000)], minlength=4)
    assert (abs(counts - 500) < 100).all()


def test_random_is_a_function_of_the_seed() -> None:
    runs = [[choose(same_nodes(9, "random")) for _ in range(3)] for _ in range(2)]
    assert runs[0] == runs[1]


def test_as_v1_36_counts_positions_among_the_feasible() -> None:
    selector = same_nodes(8, "as_v1_36")
    cluster = selector.view.cluster
    order = cluster.nodes.tree.order.tolist()
    full = cluster.templates.parse(pod_manifest("4"), "default")
    for row in (order[0], order[2]):
        cluster.charge(add_pod(cluster, full), row, 0)
    assert choose(selector) == order[1]
    worse = cluster.templates.parse(pod_manifest("1"), "default")
    for row in (order[1], order[3]):
        cluster.charge(add_pod(cluster, worse), row, 0)
    # Feasible positions 0 and 1 are worse, 2 … 5 tie; below position 1 stand 3 and 4.
    assert choose(selector) == order[5]
