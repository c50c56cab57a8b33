"""What every strategy must keep to. Point SIMK8S_STRATEGY at a file of your own to test it, too:

SIMK8S_STRATEGY=./emptiest.py pytest tests/strategies/test_conformance.py
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from simk8s import catalog
from simk8s.kernel.streams import Streams
from simk8s.placement.view import View
from simk8s.state.audit import audit
from simk8s.state.cluster import Cluster
from simk8s.state.pods import Phase
from simk8s.state.selectors import Taint
from simk8s.strategies.base import Context, Plan, Strategy
from tests.world import SECOND, add_pod, node, pod_manifest, query, world

OWN = os.environ.get("SIMK8S_STRATEGY")
NAMES = [*catalog.names("strategies"), *([OWN] if OWN else [])]


def build(name: str, cluster: Cluster) -> Strategy:
    base = Path.cwd()
    made: type[Strategy] = catalog.resolve("strategies", name, base)
    params: Any = catalog.params_of("strategies", name, base)()
    return made(params, Context(View(cluster), Streams(3).get("strategy")))


def small_cluster() -> Cluster:
    cluster = Cluster()
    for i in range(6):
        cluster.nodes.add(node(f"n{i}", 2_000 + 1_000 * (i % 3), zone="ab"[i % 2]))
    cluster.nodes.add(node("tainted", 64_000, taints=(Taint("dedicated", "x", "NoSchedule"),)))
    cluster.nodes.add(node("cordoned", 64_000, unschedulable=True))
    cluster.nodes.add(node("gpu", 64_000, gpus=2, gpu_model="T4"))
    return cluster


def plan_for(strategy: Strategy, cluster: Cluster, shapes: list[dict[str, Any]]) -> list[Plan]:
    pods = [add_pod(cluster, cluster.templates.parse(s, "default")) for s in shapes]
    queries = [query(cluster, pod) for pod in pods]
    if strategy.batch is not None:
        return [strategy.propose(queries, SECOND)]
    plans = []
    for q in queries:
        plan = strategy.propose([q], SECOND)
        for a in plan.assignments:
            cluster.charge(a.pod, a.node, cluster.nodes.choose_devices(a.node, q.requests) or 0)
        plans.append(plan)
    return plans


SHAPES = [pod_manifest("700m", "1Gi") for _ in range(12)] + [
    pod_manifest("50"),  # only the tainted, the cordoned or the GPU node could hold it
    pod_manifest("100"),  # nobody can
    pod_manifest(nodeSelector={"topology.kubernetes.io/zone": "nowhere"}),
]


@pytest.mark.parametrize("name", NAMES)
class TestEveryStrategy:
    def test_it_has_a_name_and_builds_from_its_defaults(self, name: str) -> None:
        strategy = build(name, Cluster())
        assert strategy.name
        assert strategy.framework.filters

    def test_every_pod_is_placed_or_told_why_not_exactly_once(self, name: str) -> None:
        cluster = small_cluster()
        first = len(cluster.pods)
        plans = plan_for(build(name, cluster), cluster, SHAPES)
        answered = [a.pod for plan in plans for a in plan.assignments]
        answered += [pod for plan in plans for pod, _ in plan.rejected]
        assert sorted(answered) == list(range(first, first + len(SHAPES)))
        for plan in plans:
            for _, verdict in plan.rejected:
                assert verdict.reasons, "a rejection has reasons"

    def test_placements_pass_the_filters_and_never_overcommit(self, name: str) -> None:
        cluster = small_cluster()
        strategy = build(name, cluster)
        plans = plan_for(strategy, cluster, SHAPES)
        if strategy.batch is not None:
            for a in plans[0].assignments:
                requests = cluster.requests_of(a.pod)
                devices = cluster.nodes.choose_devices(a.node, requests)
                assert devices is not None
                cluster.charge(a.pod, a.node, devices)
        audit(cluster)
        placed = {a.pod: a.node for plan in plans for a in plan.assignments}
        assert len(placed) == 13, "12 small ones, and 50 CPUs on the GPU node"
        assert placed[12] == cluster.nodes.row("gpu")

    def test_it_answers_alike_on_an_equal_cluster(self, name: str) -> None:
        answers = []
        for _ in range(2):
            cluster = small_cluster()
            plans = plan_for(build(name, cluster), cluster, SHAPES)
            answers.append([(a.pod, a.node) for plan in plans for a in plan.assignments])
        assert answers[0] == answers[1]

    def test_an_empty_cluster_is_no_error(self, name: str) -> None:
        cluster = Cluster()
        (plan,) = plan_for(build(name, cluster), cluster, [pod_manifest()])
        assert not plan.assignments
        assert [pod for pod, _ in plan.rejected] == [0]

    def test_it_runs_a_small_cluster_to_the_end(self, name: str) -> None:
        made: type[Strategy] = catalog.resolve("strategies", name, Path.cwd())
        params: Any = catalog.params_of("strategies", name, Path.cwd())()
        w = world(strategy=made, params=params)
        for i in range(4):
            w.add_node(node(f"n{i}", 2_000))
        w.create(pod_manifest("900m", "1Gi"), 20, lifetime_us=30 * SECOND)
        w.run(600 * SECOND)
        assert w.store.counts[Phase.SUCCEEDED] == 20
        audit(w.cluster)
