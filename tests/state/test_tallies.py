"""Tallies repaired from the log of moves equal a recount."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from simk8s.state import tallies
from simk8s.state.cluster import Cluster
from simk8s.state.pods import NEVER
from tests.world import add_pod, node, pod_manifest

moves = st.lists(
    st.tuples(st.sampled_from(["add", "add", "remove", "leave", "look", "node"]), st.integers(0, 9))
)


def weigh(template) -> int:
    return int(template.labels.get("w", 0))


def recount(cluster: Cluster, *, live: bool) -> list[int]:
    found = [0] * cluster.nodes.n
    for pod, row in enumerate(cluster.pods.charged):
        if row != NEVER and not (live and cluster.pods.deletion_us[pod] != NEVER):
            found[row] += weigh(cluster.template_of(pod))
    return found


@settings(max_examples=100, deadline=None)
@given(moves, st.integers(2, 40))
def test_repaired_equals_recounted(steps, limit) -> None:
    saved, tallies.LOG_LIMIT = tallies.LOG_LIMIT, limit
    try:
        _play(steps)
    finally:
        tallies.LOG_LIMIT = saved


def _play(steps) -> None:
    cluster = Cluster()
    cluster.nodes.add(node("n0"))
    templates = [
        cluster.templates.parse(pod_manifest(metadata={"labels": {"w": str(w)}}), "default")
        for w in range(3)
    ]
    placed: list[int] = []
    for verb, number in steps:
        if verb == "add":
            pod = add_pod(cluster, templates[number % 3])
            cluster.charge(pod, number % cluster.nodes.n, 0)
            placed.append(pod)
        elif verb == "remove" and placed:
            cluster.release(placed.pop(number % len(placed)))
        elif verb == "leave" and placed:
            cluster.terminate(placed[number % len(placed)], 1)
        elif verb == "node":
            cluster.nodes.add(node(f"n{cluster.nodes.n}"))
        for live in (True, False) if verb == "look" else ():
            tally = cluster.tallies.get(("w", live), weigh, live=live)
            assert tally.count.tolist() == recount(cluster, live=live)
    for live in (True, False):
        tally = cluster.tallies.get(("w", live), weigh, live=live)
        assert tally.count.tolist() == recount(cluster, live=live)


def test_changed_moves_on_only_with_the_counts() -> None:
    cluster = Cluster()
    cluster.nodes.add(node("n0"))
    light, heavy = (
        cluster.templates.parse(pod_manifest(metadata={"labels": {"w": w}}), "default")
        for w in "01"
    )
    before = cluster.tallies.get("w", weigh, live=True).changed
    cluster.charge(add_pod(cluster, light), 0, 0)
    assert cluster.tallies.get("w", weigh, live=True).changed == before
    cluster.charge(add_pod(cluster, heavy), 0, 0)
    assert cluster.tallies.get("w", weigh, live=True).changed != before
