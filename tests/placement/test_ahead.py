"""Searches computed ahead choose what searches computed when they are asked for would choose."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from simk8s.placement.base import Query
from simk8s.placement.framework import Framework, Profile
from simk8s.placement.select import Choice, Selector
from simk8s.placement.view import View
from simk8s.state.cluster import Cluster
from simk8s.state.nodes import NodeTable
from simk8s.state.requests import Requests
from tests.world import GIB, node, pod_manifest

PODS = 600
SKELETON = Profile(
    ties="as_v1_36",
    filters=("node_unschedulable", "node_name", "taint_toleration", "node_affinity",
             "node_resources_fit"),
    scores=(("taint_toleration", 3), ("node_affinity", 2), ("least_allocated", 1),
            ("balanced_allocation", 1)),
    percentage=10,
)  # fmt: skip
"""No plugin that could wake: what holds for a template is not asked for again."""


def cluster_of(
    nodes: int, pods: int = PODS, same: int = 7, gib: int = 160
) -> tuple[Cluster, list[Query]]:
    """Nodes of three sizes, and pods of which every so many are like one before and the others
    different; 0 = all alike, but for every 23rd.
    """
    cluster, draws = Cluster(), random.Random(nodes)
    for i in range(nodes):
        cluster.nodes.add(node(f"n{i}", 1_000 * draws.randrange(40, 43), gib * GIB))
    template = cluster.templates.parse(pod_manifest(), "default")
    vectors: list[Requests] = []
    for i in range(pods):
        again = i % same == same - 1 if same else i > 0 and i % 23 > 0
        amounts = (draws.randint(100, 2_000), draws.randint(1 << 27, 4 * GIB), 0, 1, 0)
        vectors.append(vectors[max(i - 3, 0)] if again else cluster.requests.intern(amounts))
    ids = np.array([one.id for one in vectors], np.int32)
    rows = cluster.pods.extend(pods, template=template.id, requests=ids)
    return cluster, [Query(row, template, one, 0) for row, one in zip(rows, vectors, strict=True)]


def disturbed(cluster: Cluster, chosen: dict[int, int], draws: random.Random, how: str) -> None:
    """Between two searches: pods leave, and now and then something rarer happens."""
    while len(chosen) > 150 or (chosen and draws.random() < 0.3):
        pod = draws.choice(list(chosen))
        del chosen[pod]
        cluster.release(pod)
    nodes = cluster.nodes
    if how == "spec" and draws.random() < 0.02:
        spec = nodes.specs[row := draws.randrange(nodes.n)]
        labels = {**spec.labels, "x": str(draws.random())}
        nodes.set_spec(row, replace(spec, labels=labels))
    if how == "cordon" and draws.random() < (0.5 if nodes.unschedulable.any() else 0.04):
        cordon(nodes, draws)
    while how == "log" and len(nodes.dirty) > 1 and draws.random() < 0.8:
        nodes.trim_dirty()
    if how == "new" and draws.random() < 0.02:
        nodes.add(node(f"new{nodes.n}", 8_000, 160 * GIB))
    if how == "grown" and draws.random() < 0.02:
        assert cluster.resources[f"example.com/{len(cluster.resources)}"] >= 0
        nodes.fit_resources()
    if how == "defaulted":
        best_effort(cluster, draws)


def cordon(nodes: NodeTable, draws: random.Random) -> None:
    """Every other node, or none any more."""
    cordoned = not nodes.unschedulable.any()
    for row in range(draws.randrange(2), nodes.n, 2):
        nodes.set_spec(row, replace(nodes.specs[row], unschedulable=cordoned))
    if not cordoned:
        for row in nodes.unschedulable.nonzero()[0].tolist():
            nodes.set_spec(row, replace(nodes.specs[row], unschedulable=False))


def best_effort(cluster: Cluster, draws: random.Random) -> None:
    """Now and then pods come that scoring counts as more than they ask for, and go later."""
    if draws.random() < 0.9:
        return
    template = cluster.templates.parse(pod_manifest(None, None), "default")
    assert template.requests.defaulted
    if cluster.nodes.defaulted_pods:
        for pod in list(cluster.charged_of(template.id)):
            cluster.release(pod)
        return
    for pod in cluster.pods.extend(800, template=template.id, requests=template.requests.id):
        cluster.charge(pod, draws.randrange(cluster.nodes.n // 10) * 10, 0)


def choices(
    nodes: int, incremental: bool, how: str, same: int = 7
) -> tuple[list[Choice | None], int]:
    """What is chosen for each pod, and how many of the choices were known beforehand."""
    cluster, queries = cluster_of(nodes, same=same, gib=5 if how == "full" else 160)
    draws, found, known = random.Random(3), [], 0
    shipped = Profile(ties="as_v1_36", percentage=5)
    framework = Framework.of(shipped if same == 7 else replace(SKELETON, percentage=5))
    selector = Selector(framework, View(cluster), np.random.default_rng(0), incremental=incremental)
    ahead = selector._sampling._ahead
    assert (ahead is None) == (not incremental)
    chosen: dict[int, int] = {}
    for index, query in enumerate(queries):
        if how == "order" and index % 40 == 20:
            query = queries[draws.randrange(index)]
            if query.pod in chosen:
                continue
        there = selector.express.find(query)
        known += there is not None
        choice = selector.search(query) if there is None else Choice(*there)
        found.append(choice)
        assert choice is not None
        cluster.charge(query.pod, choice.node, 0)
        chosen[query.pod] = choice.node
        disturbed(cluster, chosen, draws, how)
    return found, known


@pytest.mark.parametrize("same", [7, 2, 0])
@pytest.mark.parametrize("how", ["plain", "order", "spec", "cordon", "log", "new", "grown", "full"])
@pytest.mark.parametrize("nodes", [800, 1_040])
def test_what_is_known_ahead_is_what_would_be_found(nodes: int, how: str, same: int) -> None:
    found, known = choices(nodes, True, how, same)
    expected, _ = choices(nodes, False, how, same)
    assert found == expected
    assert how in ("full", "cordon") or known > PODS // 8


@pytest.mark.parametrize("same", [7, 0])
def test_pods_that_count_for_more_than_they_ask_are_seen(same: int) -> None:
    found, known = choices(800, True, "defaulted", same)
    assert found == choices(800, False, "defaulted", same)[0]
    assert known > 0


def test_nothing_is_looked_ahead_for_until_pods_come_one_behind_the_other() -> None:
    cluster, queries = cluster_of(800, 60)
    framework = Framework.of(Profile(ties="as_v1_36", percentage=5))
    selector = Selector(framework, View(cluster), np.random.default_rng(0))
    for query in queries[::2]:
        assert selector.select(query) is not None
    ahead = selector._sampling._ahead
    assert ahead is not None
    assert ahead.batch is None


def test_what_was_computed_before_specs_changed_is_not_given_out() -> None:
    cluster, queries = cluster_of(1_000, 60, same=0)
    selector = Selector(Framework.of(SKELETON), View(cluster), np.random.default_rng(0))
    for query in queries[:14]:
        assert selector.select(query) is not None
    assert selector.express.find(queries[14]) is not None
    spec = cluster.nodes.specs[999]
    cluster.nodes.set_spec(999, replace(spec, unschedulable=True))
    assert selector.express.find(queries[15]) is None
