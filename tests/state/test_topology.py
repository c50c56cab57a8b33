"""Selectors over nodes, decided once per value, equal the same decided node by node."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from simk8s.state.cluster import Cluster
from simk8s.state.nodes import NodeSpec
from simk8s.state.selectors import NodeTerm, Requirement

values = st.sampled_from(["", "a", "b", "3", "007", "-1", "9223372036854775808", "x9", "4 "])
labels = st.dictionaries(st.sampled_from(["k", "l"]), values)
lines = st.builds(
    Requirement,
    st.sampled_from(["k", "l"]),
    st.sampled_from(["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]),
    st.lists(values, max_size=2).map(tuple),
)
names = st.builds(
    Requirement,
    st.just("metadata.name"),
    st.sampled_from(["In", "NotIn"]),
    st.sampled_from(["n0", "n1", "ghost"]).map(lambda n: (n,)),
    st.just(True),
)
terms = st.builds(NodeTerm, st.lists(st.one_of(lines, names), max_size=3).map(tuple))


@settings(max_examples=200, deadline=None)
@given(st.lists(labels, min_size=1, max_size=5), terms)
def test_masks_equal_matches(nodes, term) -> None:
    cluster = Cluster()
    for i, own in enumerate(nodes):
        cluster.nodes.add(NodeSpec(f"n{i}", own, {}))
    expected = [term.matches(own, {"metadata.name": f"n{i}"}) for i, own in enumerate(nodes)]
    assert cluster.nodes.topology.term(term).tolist() == expected


def test_domains_follow_the_specs() -> None:
    cluster = Cluster()
    cluster.nodes.add(NodeSpec("n0", {"k": "a"}, {}))
    assert cluster.nodes.topology.domain("k").values == ["a"]
    cluster.nodes.add(NodeSpec("n1", {}, {}))
    assert cluster.nodes.topology.domain("k").ids.tolist() == [0, -1]
    cluster.nodes.set_spec(0, NodeSpec("n0", {"k": "b"}, {}))
    assert cluster.nodes.topology.domain("k").values == ["b"]
