"""Flocks that are told of each pod equal a recount."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from simk8s.state import flocks
from simk8s.state.cluster import Cluster
from simk8s.state.pods import NEVER
from simk8s.state.selectors import LabelSelector, Requirement
from tests.world import add_pod, node, pod_manifest

SELECTORS = (
    LabelSelector.of({"app": "x"}),
    LabelSelector.of({"app": "x", "tier": "y"}),
    LabelSelector((Requirement("tier", "Exists", ()),)),
    LabelSelector((Requirement("app", "NotIn", ("x",)),)),
    LabelSelector(),
)
LABELS = ({"app": "x"}, {"app": "x", "tier": "y"}, {"tier": "z"}, {})
steps = st.lists(
    st.tuples(
        st.sampled_from(["add", "add", "add", "remove", "leave", "look", "node"]),
        st.integers(0, 39),
    ),
    max_size=60,
)


def recount(cluster: Cluster, selector: LabelSelector) -> dict[int, int]:
    found: dict[int, int] = {}
    for pod, row in enumerate(cluster.pods.charged):
        own = cluster.template_of(pod)
        alive = cluster.pods.deletion_us[pod] == NEVER
        counts = own.namespace == "default" and not selector.empty and selector.matches(own.labels)
        if row != NEVER and alive and counts:
            found[row] = found.get(row, 0) + 1
    return found


@settings(max_examples=80, deadline=None)
@given(steps, st.sampled_from([1, 3, 128]), st.sampled_from([2, 64]), st.sampled_from([2, 99]))
def test_told_equals_recounted(steps, dense, changes, most) -> None:
    saved = flocks.DENSE, flocks.CHANGES_LIMIT, flocks.FLOCKS_LIMIT
    flocks.DENSE, flocks.CHANGES_LIMIT, flocks.FLOCKS_LIMIT = dense, changes, most
    try:
        _play(steps)
    finally:
        flocks.DENSE, flocks.CHANGES_LIMIT, flocks.FLOCKS_LIMIT = saved


def _play(steps) -> None:
    cluster = Cluster()
    cluster.nodes.add(node("n0"))
    placed: list[int] = []
    held: dict[int, tuple[int, flocks.Flock, int, dict[int, int]]] = {}
    for verb, number in steps:
        if verb == "add":
            labels, namespace = LABELS[number % 4], ("default", "other")[number % 7 == 6]
            manifest = pod_manifest(metadata={"labels": labels})
            pod = add_pod(cluster, cluster.templates.parse(manifest, namespace))
            cluster.charge(pod, number % cluster.nodes.n, 0)
            placed.append(pod)
        elif verb == "remove" and placed:
            cluster.release(placed.pop(number % len(placed)))
        elif verb == "leave" and placed:
            cluster.terminate(placed[number % len(placed)], 1)
        elif verb == "node":
            cluster.nodes.add(node(f"n{cluster.nodes.n}"))
        elif verb == "look":
            _look(cluster, number % 5, held)


def _look(cluster, which, held) -> None:
    flock = cluster.flocks.get("default", SELECTORS[which])
    expected = recount(cluster, SELECTORS[which])
    assert flock.on == expected
    column = flock.by_node(cluster.nodes.n).tolist()
    assert column == [expected.get(row, 0) for row in range(cluster.nodes.n)]
    if which in held:
        drops, before, changed, counts = held[which]
        news = before.since(changed)
        if drops == cluster.flocks.drops and news is not None:
            assert before is flock
            for row, change in news:
                counts[row] = counts.get(row, 0) + change
            assert {row: count for row, count in counts.items() if count} == expected
    held[which] = (cluster.flocks.drops, flock, flock.changed, expected)


def test_a_new_template_joins_the_flocks_that_are_there() -> None:
    cluster = Cluster()
    cluster.nodes.add(node("n0"))
    told = [cluster.flocks.get("default", selector) for selector in SELECTORS]
    manifest = pod_manifest(metadata={"labels": {"app": "x", "tier": "y"}})
    pod = add_pod(cluster, cluster.templates.parse(manifest, "default"))
    cluster.charge(pod, 0, 0)
    assert [flock.on for flock in told] == [{0: 1}, {0: 1}, {0: 1}, {}, {}]
    cluster.terminate(pod, 1)
    cluster.release(pod)
    assert not any(flock.on for flock in told)
