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
from simk8s.state.requests import Requests
from tests.world import GIB, node, pod_manifest

PODS = 600


def cluster_of(nodes: int, pods: int = PODS) -> tuple[Cluster, list[Query]]:
    """Nodes of three sizes, and pods of which no two are alike, but for every seventh."""
    cluster, draws = Cluster(), random.Random(nodes)
    for i in range(nodes):
        cluster.nodes.add(node(f"n{i}", 1_000 * draws.randrange(40, 43), 160 * GIB))
    template = cluster.templates.parse(pod_manifest(), "default")
    vectors: list[Requests] = []
    for i in range(pods):
        again = i % 7 == 6
        amounts = (draws.randint(100, 2_000), draws.randint(1 << 27, 4 * GIB), 0, 1, 0)
        vectors.append(vectors[i - 3] if again else cluster.requests.intern(amounts))
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
    if how == "log" and draws.random() < 0.1:
        nodes.trim_dirty()


def choices(nodes: int, incremental: bool, how: str) -> tuple[list[Choice | None], int]:
    """What is chosen for each pod, and how many of the choices were known beforehand."""
    cluster, queries = cluster_of(nodes)
    draws, found, known = random.Random(3), [], 0
    framework = Framework.of(Profile(ties="as_v1_36", percentage=5))
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


@pytest.mark.parametrize("how", ["plain", "order", "spec", "log"])
@pytest.mark.parametrize("nodes", [800, 1_040])
def test_what_is_known_ahead_is_what_would_be_found(nodes: int, how: str) -> None:
    found, known = choices(nodes, True, how)
    expected, _ = choices(nodes, False, how)
    assert found == expected
    assert known > PODS // 8


def test_nothing_is_looked_ahead_for_until_pods_come_one_behind_the_other() -> None:
    cluster, queries = cluster_of(800, 60)
    framework = Framework.of(Profile(ties="as_v1_36", percentage=5))
    selector = Selector(framework, View(cluster), np.random.default_rng(0))
    for query in queries[::2]:
        assert selector.select(query) is not None
    ahead = selector._sampling._ahead
    assert ahead is not None
    assert ahead.batch is None
