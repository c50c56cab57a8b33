"""Counts by domain, repaired from changes, equal a sum over all nodes."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simk8s.placement.eligible import Counter
from simk8s.placement.view import View
from simk8s.schema.labels import HOSTNAME_LABEL, ZONE_LABEL
from simk8s.state import tallies
from simk8s.state.cluster import Cluster
from simk8s.state.shapes import PodTemplate
from tests.world import add_pod, node, pod_manifest

moves = st.lists(
    st.tuples(st.sampled_from(["add", "add", "add", "remove", "look", "node"]), st.integers(0, 9))
)


def weigh(template: PodTemplate) -> int:
    return int(template.labels.get("w", 0))


@pytest.mark.parametrize("limit", [1, 4, 4096])
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(moves)
def test_repaired_equals_summed(monkeypatch, limit: int, steps: list[tuple[str, int]]) -> None:
    monkeypatch.setattr(tallies, "CHANGES_LIMIT", limit)
    cluster, counter = Cluster(), Counter()
    view = View(cluster)
    cluster.nodes.add(node("n0"))
    templates = [
        cluster.templates.parse(pod_manifest(metadata={"labels": {"w": str(w)}}), "default")
        for w in range(3)
    ]
    placed: list[int] = []
    for verb, number in [*steps, ("look", 0)]:
        if verb == "add":
            placed.append(add_pod(cluster, templates[number % 3]))
            cluster.charge(placed[-1], number % cluster.nodes.n, 0)
        elif verb == "remove" and placed:
            cluster.release(placed.pop(number % len(placed)))
        elif verb == "node":
            cluster.nodes.add(node(f"n{cluster.nodes.n}", zone="ab"[number % 2]))
        for label in (ZONE_LABEL, HOSTNAME_LABEL) if verb == "look" else ():
            watch = counter.watch(view, "w", weigh, live=False, topology_key=label)
            found = watch.read(view, label, None).tolist()
            expected: dict[str, float] = {}
            for spec, pods in zip(cluster.nodes.specs, cluster.nodes.pods_on, strict=True):
                here = sum(weigh(cluster.template_of(pod)) for pod in pods)
                value = spec.labels[label]
                expected[value] = expected.get(value, 0.0) + here
            assert found == [*expected.values(), 0.0]
            assert watch.held == sum(found)


def test_a_counter_forgets_when_the_cluster_is_another() -> None:
    counter, one = Counter(), View(Cluster())
    assert counter.moved(one)
    assert not counter.moved(View(one.cluster))
    assert counter.moved(View(Cluster()))
