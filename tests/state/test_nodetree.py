"""Nodes are looked at one zone after the other."""

from __future__ import annotations

from simk8s.state.nodetree import NodeTree, zone_of

A, B, C = ({"topology.kubernetes.io/zone": z} for z in "abc")


def order(tree: NodeTree) -> list[int]:
    return tree.order.tolist()


def test_zones_take_turns_and_exhausted_ones_are_skipped() -> None:
    tree = NodeTree()
    for row, labels in enumerate((A, A, A, B, C, C)):
        tree.add(row, labels)
    assert order(tree) == [0, 3, 4, 1, 5, 2]


def test_a_zone_that_empties_loses_its_place() -> None:
    tree = NodeTree()
    for row, labels in enumerate((A, B, B)):
        tree.add(row, labels)
    tree.remove(0, A)
    tree.add(3, A)
    assert order(tree) == [1, 3, 2]


def test_a_node_that_changes_zone_stands_last_there() -> None:
    tree = NodeTree()
    for row, labels in enumerate((A, A, B, B)):
        tree.add(row, labels)
    tree.update(0, A, B)
    assert order(tree) == [1, 2, 3, 0]
    tree.update(1, A, {**A, "other": "label"})
    assert order(tree) == [1, 2, 3, 0]


def test_legacy_labels_win() -> None:
    legacy = {"failure-domain.beta.kubernetes.io/zone": "old", **A}
    assert zone_of(legacy) == ("", "old")
    assert zone_of({"topology.kubernetes.io/region": "r", **B}) == ("r", "b")
