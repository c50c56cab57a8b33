"""Repaired rankings equal a full recomputation, whatever happens in between."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simk8s.placement import cycle
from simk8s.placement.framework import Framework, Profile
from simk8s.placement.ranking import Ranking
from simk8s.placement.view import View
from simk8s.state.cluster import Cluster
from simk8s.state.selectors import Taint
from tests.world import add_pod, node, pod_manifest, query

TAINTS = (
    (),
    (Taint("dedicated", "gpu", "NoSchedule"),),
    (Taint("slow", "", "PreferNoSchedule"),),
)
PREFER_A = {
    "nodeAffinity": {
        "preferredDuringSchedulingIgnoredDuringExecution": [
            {
                "weight": 7,
                "preference": {
                    "matchExpressions": [
                        {
                            "key": "topology.kubernetes.io/zone",
                            "operator": "In",
                            "values": ["a"],
                        }
                    ]
                },
            }
        ]
    }
}
SHAPES = (
    pod_manifest("500m", "512Mi"),
    pod_manifest("1500m", "1Gi", affinity=PREFER_A),
    pod_manifest(None, None),
    pod_manifest("1", "3Gi", nodeSelector={"topology.kubernetes.io/zone": "b"}),
)
step = st.tuples(
    st.sampled_from(["place", "place", "place", "end", "taint", "add"]), st.integers(0, 50)
)


TAINTED_FOR_A_WHILE = [
    ("place", 0), ("place", 0), ("place", 0), ("taint", 1), ("place", 0), ("taint", 6), ("place", 0)
]  # fmt: skip
"""A node that is kept up to date rejects the pod, and then no longer."""


@settings(max_examples=60, deadline=None)
@given(st.lists(step, max_size=60))
@example(TAINTED_FOR_A_WHILE)
def test_incremental_equals_full(steps: list[tuple[str, int]]) -> None:
    cluster = Cluster()
    for i in range(5):
        cluster.nodes.add(node(f"n{i}", 4_000 + 500 * i, zone="ab"[i % 2]))
    view, framework = View(cluster), Framework.of(Profile())
    ranking = Ranking(framework, view)
    templates = [cluster.templates.parse(shape, "default") for shape in SHAPES]
    running: list[int] = []
    for verb, number in steps:
        if verb == "taint":
            row = number % cluster.nodes.n
            spec = cluster.nodes.specs[row]
            taints = TAINTS[number % len(TAINTS)]
            cluster.nodes.set_spec(row, node(spec.name, zone=spec.zone, taints=taints))
        elif verb == "add":
            cluster.nodes.add(node(f"x{cluster.nodes.n}", zone="ab"[number % 2]))
        elif verb == "end" and running:
            cluster.release(running.pop(number % len(running)))
        elif verb == "place":
            pod = add_pod(cluster, templates[number % len(templates)])
            q = query(cluster, pod)
            ranked = ranking.rank(q)
            expected = cycle.totals(framework, q, view)
            found = np.where(ranked.total >= 0, ranked.total + ranked.constant, -1.0)
            assert found.tolist() == expected.tolist()
            assert ranked.feasible == int((expected >= 0).sum())
            if ranked.feasible:
                cluster.charge(pod, int(ranked.total.argmax()), 0)
                running.append(pod)


def test_vectors_that_come_back_are_kept_and_repaired() -> None:
    cluster = Cluster()
    for i in range(50):
        cluster.nodes.add(node(f"n{i}"))
    ranking = Ranking(Framework.of(Profile()), View(cluster))
    template = cluster.templates.parse(SHAPES[0], "default")
    first = ranking.rank(query(cluster, add_pod(cluster, template))).total
    second = ranking.rank(query(cluster, add_pod(cluster, template))).total
    assert second is not first, "the first pass of a vector leaves no entry"
    pod = add_pod(cluster, template)
    cluster.charge(pod, 3, 0)
    third = ranking.rank(query(cluster, pod)).total
    assert third is second
    assert third[3] < third[4]
