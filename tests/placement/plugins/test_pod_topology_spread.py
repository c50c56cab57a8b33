"""The vector form equals its scalar twin, on the real cluster and on overlays."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from simk8s.placement.base import ALL
from simk8s.placement.plugins.pod_topology_spread import PodTopologySpread
from simk8s.state.nodes import NodeSpec
from tests.placement.plugins import crowds, twins
from tests.world import pod_manifest

placed = st.lists(st.tuples(crowds.pods(), st.integers(0, 9), st.booleans()), max_size=14)


@settings(max_examples=200, deadline=None)
@given(crowds.node_specs(), placed, crowds.pods(spread=True), st.data())
def test_vector_equals_twin(specs, running, wanted, data) -> None:
    crowd = crowds.Crowd(specs)
    plugin = PodTopologySpread()
    query = crowd.pending(wanted)
    for number, (pod, row, leaving) in enumerate(running):
        crowd.place(pod, row, leaving=leaving)
        if number == len(running) // 2:
            plugin.filter(query, crowd.view, ALL)
    view = crowd.view
    expected = [twins.spread_filter(query, view, row) for row in range(view.nodes.n)]
    assert plugin.filter(query, view, ALL).tolist() == expected
    rows = sorted(data.draw(st.sets(st.integers(0, len(specs) - 1), min_size=1)))
    raw = plugin.score(query, view, np.array(rows))
    if any(not c.hard for c in query.template.spread):
        told = twins.spread_raw(query, view, rows)
        assert raw.tolist() == told
        normal = plugin.finish(query, view, np.array(rows), raw)
        assert normal.tolist() == twins.spread_normal(query, view, rows, told)
    else:
        assert raw is None


@settings(max_examples=100, deadline=None)
@given(crowds.node_specs(), placed, crowds.pods(spread=True))
def test_an_overlay_without_live_pods_counts_as_if_they_were_gone(specs, running, wanted) -> None:
    crowd, after = crowds.Crowd(specs), crowds.Crowd(specs)
    plugin = PodTopologySpread()
    query = crowd.pending(wanted)
    # An empty selector counts nobody at first, and still subtracts who is removed.
    assume(not any(c.selector.empty for c in query.template.spread))
    gone = []
    for pod, row, goes in running:
        added = crowd.place(pod, row)
        if goes:
            gone.append((added, row % len(specs)))
        else:
            after.place(pod, row)
    overlay = crowd.view.overlay()
    for added, row in gone:
        overlay.remove(added, row)
    expected = PodTopologySpread().filter(after.pending(wanted), after.view, ALL)
    assert plugin.filter(query, overlay, ALL).tolist() == expected.tolist()
    for added, row in gone:
        overlay.add(added, row)
    before = plugin.filter(query, crowd.view, ALL)
    assert plugin.filter(query, overlay, ALL).tolist() == before.tolist()


def test_an_empty_selector_counts_nobody_but_matches_its_own_pod() -> None:
    hosts = [NodeSpec(f"n{i}", {crowds.HOST: f"n{i}"}, {0: 4000, 1: 1 << 34, 3: 9}) for i in (0, 1)]
    crowd = crowds.Crowd(hosts)
    for _ in range(3):
        crowd.place(("default", pod_manifest()), 0)
    spread = [
        {
            "maxSkew": 1,
            "topologyKey": crowds.HOST,
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {},
        }
    ]
    query = crowd.pending(("default", pod_manifest(topologySpreadConstraints=spread)))
    assert PodTopologySpread().filter(query, crowd.view, ALL).tolist() == [0, 0]
    overlay = crowd.view.overlay()
    overlay.remove(0, 0)
    assert PodTopologySpread().filter(query, overlay, ALL).tolist() == [0, 1], "−1 is the minimum"
