"""The vector form equals its scalar twin, on the real cluster and on overlays."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from simk8s.placement.base import ALL
from simk8s.placement.plugins.inter_pod_affinity import InterPodAffinity
from tests.placement.plugins import crowds, twins

placed = st.lists(st.tuples(crowds.pods(affinity=True), st.integers(0, 9)), max_size=10)


@settings(max_examples=200, deadline=None)
@given(crowds.node_specs(), placed, crowds.pods(affinity=True), st.data())
def test_vector_equals_twin(specs, running, wanted, data) -> None:
    crowd = crowds.Crowd(specs)
    plugin = InterPodAffinity()
    query = crowd.pending(wanted)
    for number, (pod, row) in enumerate(running):
        crowd.place(pod, row)
        if number == len(running) // 2:
            plugin.filter(query, crowd.view, ALL)
    view = crowd.view
    expected = [twins.affinity_filter(query, view, row) for row in range(view.nodes.n)]
    assert plugin.filter(query, view, ALL).tolist() == expected
    if plugin.key(query, view) is None:
        assert not any(expected)
    rows = sorted(data.draw(st.sets(st.integers(0, len(specs) - 1), min_size=1)))
    raw, told = plugin.score(query, view, np.array(rows)), twins.affinity_raw(query, view, rows)
    if told is None:
        assert raw is None
    else:
        assert raw.tolist() == told
        normal = plugin.finish(query, view, np.array(rows), raw)
        assert normal.tolist() == twins.affinity_normal(told)


@settings(max_examples=100, deadline=None)
@given(crowds.node_specs(), placed, crowds.pods(affinity=True), st.data())
def test_an_overlay_answers_as_a_cluster_without_or_with_the_pods(
    specs, running, wanted, data
) -> None:
    crowd, after = crowds.Crowd(specs), crowds.Crowd(specs)
    plugin = InterPodAffinity()
    query = crowd.pending(wanted)
    changes = data.draw(
        st.lists(
            st.sampled_from(["stays", "goes", "comes"]),
            min_size=len(running),
            max_size=len(running),
        )
    )
    moved = []
    for (pod, row), change in zip(running, changes, strict=True):
        added = crowd.pending(pod).pod if change == "comes" else crowd.place(pod, row)
        if change != "stays":
            moved.append((added, row % len(specs), change))
        if change != "goes":
            after.place(pod, row)
    overlay = crowd.view.overlay()
    for added, row, change in moved:
        (overlay.add if change == "comes" else overlay.remove)(added, row)
    expected = InterPodAffinity().filter(after.pending(wanted), after.view, ALL)
    assert plugin.filter(query, overlay, ALL).tolist() == expected.tolist()
    assert plugin.wakes(query, overlay) or not expected.any()
