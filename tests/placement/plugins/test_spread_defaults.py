"""Default spreading by zone says the very numbers of the way that goes node by node."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from simk8s.placement.base import ALL
from simk8s.placement.plugins import _spread_defaults as quick
from simk8s.placement.plugins.pod_topology_spread import PodTopologySpread
from simk8s.state import flocks
from simk8s.state.nodes import NodeSpec
from simk8s.state.resources import CPU, MEMORY, PODS
from simk8s.state.selectors import LabelSelector
from tests.placement.plugins import crowds
from tests.world import pod_manifest

LABELS = {"app": "x"}
zones = st.lists(st.sampled_from(["a", "b", "c", None]), min_size=1, max_size=14)
moves = st.lists(
    st.tuples(
        st.sampled_from(["place", "place", "other", "remove", "leave", "node", "gone", "owner"]),
        st.integers(0, 50),
    ),
    max_size=25,
)


def spec(number: int, zone: str | None) -> NodeSpec:
    labels = {crowds.HOST: f"n{number}"} | ({} if zone is None else {crowds.ZONE: zone})
    return NodeSpec(f"n{number}", labels, {CPU: 64_000, MEMORY: 1 << 40, PODS: 110})


def crowd_of(placed_zones) -> crowds.Crowd:
    crowd = crowds.Crowd([spec(number, zone) for number, zone in enumerate(placed_zones)])
    crowd.cluster.objects.put_controller("ReplicaSet", "default", "r", LabelSelector.of(LABELS))
    return crowd


def same(plugin: PodTopologySpread, query, view, rows) -> None:
    """By zone and node by node."""
    plan = plugin._plan(query, view)
    assert plan is not None
    assert plugin._quickly(query, view, plan, rows) is not None
    full = plugin.score_in_full(query, view, plan, rows)
    raw = plugin.score(query, view, rows)
    assert raw is not None
    assert raw.tolist() == full.tolist()
    normal = plugin.finished(query, view, rows)
    assert normal is not None
    assert normal.tolist() == plugin.finish(query, view, rows, full).tolist()


@settings(max_examples=60, deadline=None)
@given(zones, moves, st.sampled_from([2, 128]), st.booleans(), st.data())
def test_the_quick_way_says_the_same(placed_zones, moves, dense, selects, data) -> None:
    saved, flocks.DENSE, quick.DENSE = flocks.DENSE, dense, dense
    try:
        crowd, plugin = crowd_of(placed_zones), PodTopologySpread()
        owner = crowd.cluster.owner("ReplicaSet/r")
        limits = {"nodeSelector": {crowds.ZONE: "a"}} if selects else {}
        query = crowd.pending(("default", pod_manifest(metadata={"labels": LABELS}, **limits)))
        crowd.cluster.pods.owner[query.pod] = owner
        assert not plugin.filter(query, crowd.view, ALL).any()
        assert plugin.passes(query, crowd.view)
        placed: list[int] = []
        for verb, number in moves:
            _move(crowd, placed, verb, number)
            here = np.flatnonzero(crowd.view.nodes.exists)
            if len(here):
                low = number % len(here)
                mixed = data.draw(st.permutations(here[low:].tolist()))
                same(plugin, query, crowd.view, np.array(mixed))
                if len(here) == crowd.view.nodes.n:
                    same(plugin, query, crowd.view, ALL)
                    same(plugin, query, crowd.view, slice(low, len(here)))
    finally:
        flocks.DENSE = quick.DENSE = saved


def _move(crowd: crowds.Crowd, placed: list[int], verb: str, number: int) -> None:
    nodes = crowd.view.nodes
    if verb in ("place", "other"):
        labels = LABELS if verb == "place" else {"app": "y"}
        pod = ("default", pod_manifest(metadata={"labels": labels}))
        placed.append(crowd.place(pod, number, leaving=number % 9 == 8))
    elif verb == "remove" and placed:
        crowd.cluster.release(placed.pop(number % len(placed)))
    elif verb == "leave" and placed:
        crowd.cluster.terminate(placed[number % len(placed)], 1)
    elif verb == "node":
        crowd.cluster.nodes.add(spec(nodes.n, ("a", "d", None)[number % 3]))
    elif verb == "gone" and nodes.exists[number % nodes.n]:
        nodes.remove(number % nodes.n)
    elif verb == "owner":
        crowd.cluster.objects.put_controller("ReplicaSet", "default", f"r{number}", LabelSelector())


def test_a_service_or_another_selector_of_the_owner_is_seen() -> None:
    crowd, plugin = crowd_of(["a", "b"]), PodTopologySpread()
    view, objects = crowd.view, crowd.cluster.objects
    query = crowd.pending(("default", pod_manifest(metadata={"labels": {"app": "x", "t": "1"}})))
    crowd.cluster.pods.owner[query.pod] = crowd.cluster.owner("ReplicaSet/r")
    crowd.place(("default", pod_manifest(metadata={"labels": LABELS})), 0)
    assert plugin.finished(query, view, ALL).tolist() == [66, 100]  # 9 and 6
    objects.put_controller("ReplicaSet", "default", "r", LabelSelector.of({"t": "1"}))
    assert plugin.finished(query, view, ALL).tolist() == [100, 100]
    objects.remove_controller("ReplicaSet", "default", "r")
    assert plugin.finished(query, view, ALL) is None
    objects.put_service("default", "s", LABELS)
    assert plugin.finished(query, view, ALL).tolist() == [66, 100]


def test_an_overlay_counts_its_moves() -> None:
    crowd, plugin = crowd_of(["a", "b"]), PodTopologySpread()
    query = crowd.pending(("default", pod_manifest(metadata={"labels": LABELS})))
    crowd.cluster.pods.owner[query.pod] = crowd.cluster.owner("ReplicaSet/r")
    pod = crowd.place(("default", pod_manifest(metadata={"labels": LABELS})), 0)
    overlay = crowd.view.overlay()
    assert (
        plugin.score(query, overlay, ALL).tolist() == plugin.score(query, crowd.view, ALL).tolist()
    )
    overlay.remove(pod, 0)
    assert (
        plugin.score(query, overlay, ALL).tolist() != plugin.score(query, crowd.view, ALL).tolist()
    )
