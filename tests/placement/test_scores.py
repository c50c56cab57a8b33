"""Plugins against the vectors of the behaviour notes (section 10) and their scalar twins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simk8s.placement.base import ALL, Normalize, normalized
from simk8s.placement.plugins._both import Both
from simk8s.placement.plugins.balanced_allocation import BalancedAllocation
from simk8s.placement.plugins.least_allocated import LeastAllocated
from simk8s.placement.plugins.most_allocated import MostAllocated
from simk8s.placement.plugins.node_resources_fit import NodeResourcesFit
from simk8s.placement.view import View
from simk8s.state.cluster import Cluster
from tests.world import GIB, add_pod, node, pod_manifest, query

PLUGINS = (NodeResourcesFit, LeastAllocated, BalancedAllocation, MostAllocated)


def placed(cluster: Cluster, row: int, cpu: str, memory: str) -> None:
    pod = add_pod(cluster, cluster.templates.parse(pod_manifest(cpu, memory), "default"))
    cluster.charge(pod, row, 0)


def scores(cluster: Cluster, plugin: object, cpu: str, memory: str) -> list[int]:
    pod = add_pod(cluster, cluster.templates.parse(pod_manifest(cpu, memory), "default"))
    return [int(s) for s in plugin().score(query(cluster, pod), View(cluster), ALL)]  # type: ignore[operator]


def test_least_allocated_vector() -> None:
    cluster = Cluster()
    row = cluster.nodes.add(node("n", 4_000, 16 * GIB))
    placed(cluster, row, "2", "4Gi")
    assert scores(cluster, LeastAllocated, "600m", "2Gi") == [48]


def test_least_allocated_over_its_capacity_scores_nothing_there() -> None:
    cluster = Cluster()
    row = cluster.nodes.add(node("n", 3_920, 16 * GIB))
    placed(cluster, row, "3850m", "0.5Gi")
    pod = pod_manifest(None, "0.5Gi")  # counts 100m for scoring: 3950m of 3920m
    q = query(cluster, add_pod(cluster, cluster.templates.parse(pod, "default")))
    assert LeastAllocated().score(q, View(cluster), ALL).tolist() == [46]
    assert LeastAllocated().score_one(q, View(cluster), row) == 46


def test_balanced_allocation_vector() -> None:
    cluster = Cluster()
    row = cluster.nodes.add(node("n", 4_000, 16 * GIB))
    placed(cluster, row, "2", "4Gi")  # cpu .5, memory .25: 87; with the pod .625, .3125: 84
    assert scores(cluster, BalancedAllocation, "500m", "1Gi") == [73]


@pytest.mark.parametrize(
    ("raw", "how", "expected"),
    [
        ([0, 1, 2], Normalize.REVERSE, [100, 50, 0]),
        ([0, 0, 0], Normalize.REVERSE, [100, 100, 100]),
        ([0, 0], Normalize.MAX, [0, 0]),
        ([3, 7], Normalize.MAX, [42, 100]),
        ([5, 9], Normalize.NONE, [5, 9]),
    ],
)
def test_default_normalisation(raw: list[int], how: Normalize, expected: list[int]) -> None:
    assert normalized(np.array(raw), how).tolist() == expected


amount = st.integers(1, 3_900)


@given(
    nodes=st.lists(
        st.tuples(st.integers(1, 96_000), st.integers(1, 1 << 40)), min_size=1, max_size=6
    ),
    pods=st.lists(st.tuples(st.integers(0, 5), amount, st.integers(1, 1 << 33)), max_size=12),
    asked=st.tuples(st.one_of(st.none(), amount), st.one_of(st.none(), st.integers(1, 1 << 34))),
)
def test_vector_and_scalar_forms_agree(
    nodes: list[tuple[int, int]],
    pods: list[tuple[int, int, int]],
    asked: tuple[int | None, int | None],
) -> None:
    cluster = Cluster()
    for i, (cpu, memory) in enumerate(nodes):
        cluster.nodes.add(node(f"n{i}", cpu, memory))
    for where, cpu, memory in pods:
        placed(cluster, where % len(nodes), f"{cpu}m", str(memory))
    cpu_asked, memory_asked = asked
    manifest = pod_manifest(
        None if cpu_asked is None else f"{cpu_asked}m",
        None if memory_asked is None else str(memory_asked),
    )
    q = query(cluster, add_pod(cluster, cluster.templates.parse(manifest, "default")))
    view = View(cluster)
    feasible = NodeResourcesFit().filter(q, view, ALL)
    assert feasible.tolist() == [
        NodeResourcesFit().filter_one(q, view, row) for row in range(len(nodes))
    ]
    for made in (LeastAllocated(), BalancedAllocation(), MostAllocated()):
        vector = made.score(q, view, ALL).tolist()
        for row in range(len(nodes)):
            if not feasible[row]:
                assert vector[row] == made.score_one(q, view, row), made.name


@pytest.mark.parametrize("top", [1 << 36, 1 << 43, 1 << 46])
def test_least_allocated_is_exact_at_its_steps(top: int) -> None:
    draws, cluster, asked = np.random.default_rng(7), Cluster(), 1_000
    left = []
    for row in range(600):
        whole = 100 * int(draws.integers(10_000, top // 100))
        requested = whole // 100 * int(draws.integers(1, 101)) + int(draws.integers(-1, 2))
        requested = min(requested, whole)
        cluster.nodes.add(node(f"n{row}", 1_000, whole))
        charged = cluster.requests.intern((260, requested - asked))
        cluster.nodes.charge(row, row, charged, 0)
        left.append((whole - requested) * 100 // whole)
    pod = pod_manifest("500m", str(asked))  # of cpu, 24 % are left
    q = query(cluster, add_pod(cluster, cluster.templates.parse(pod, "default")))
    found = LeastAllocated().score(q, View(cluster), ALL).tolist()
    assert found == [(24 + memory) // 2 for memory in left]


@given(
    used=st.lists(st.tuples(amount, st.integers(1, 1 << 34)), min_size=1, max_size=8),
    asked=st.tuples(amount, st.integers(1, 1 << 34)),
)
def test_both_in_one_pass_are_their_sum(
    used: list[tuple[int, int]], asked: tuple[int, int]
) -> None:
    cluster = Cluster()
    for number, (cpu, memory) in enumerate(used):
        row = cluster.nodes.add(node(f"n{number}", 4_000, 16 * GIB))
        placed(cluster, row, f"{cpu}m", str(memory))
    pod = cluster.templates.parse(pod_manifest(f"{asked[0]}m", str(asked[1])), "default")
    q, view = query(cluster, add_pod(cluster, pod)), View(cluster)
    least, balanced = LeastAllocated(), BalancedAllocation()
    both = Both.of([(least, 1), (balanced, 1)])
    assert both is not None
    for rows in (ALL, slice(0, 1), slice(len(used) // 2, len(used))):
        expected = least.score(q, view, rows) + balanced.score(q, view, rows)
        found = both.score(q, view, rows)
        assert found is not None
        assert found.dtype == np.int32
        assert found.tolist() == expected.tolist()
    assert Both.of([(least, 2), (balanced, 1)]) is None


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3)), max_size=9))
def test_a_kept_balance_follows_its_node_beyond_what_it_has(charges: list[tuple[int, int]]) -> None:
    cluster = Cluster()
    for i in range(4):
        cluster.nodes.add(node(f"n{i}", 4_000, 16 * GIB))
    view, plugin = View(cluster), BalancedAllocation()
    plugin.kept(view)
    for row, size in charges:
        template = cluster.templates.parse(pod_manifest(f"{size * 1300}m", f"{size}Gi"), "default")
        cluster.charge(add_pod(cluster, template), row, 0)
        assert plugin.kept(view).tolist() == BalancedAllocation().kept(view).tolist()
