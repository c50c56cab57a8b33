"""Fewer nodes for the solver: which candidates to keep of a large cluster.

1. Nodes that no group can use go. Nothing is lost.
2. Of nodes that are alike (free resources, devices, masks, use) only as many stay as could be of
   use: for nodes in use, as many as hold every pod that the class can take, group by group (any
   packing of the class fits there); for fragmentation, one for each such pod. Nothing is lost.
3. If more than `limit` are left, the nodes of the hint stay and the rest is filled by taking turns
   over the groups, each naming the node it likes best next. This may lose the optimum:
   `exact` is False, and a bound proved on the candidates does not bind the whole instance.

Law: the nodes of the hint are always among the candidates, so the hint is always available.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simk8s.strategies._packing.greedy import order, rank_nodes
from simk8s.strategies._packing.instance import PackingInstance, Placement, room
from simk8s.strategies._packing.pods import IntArray


@dataclass(frozen=True, slots=True)
class Candidates:
    """Node indexes, ascending, and whether the optimum is certainly among them."""

    nodes: IntArray
    exact: bool


def reduce(instance: PackingInstance, hint: Placement, limit: int) -> Candidates:
    """At most `limit` candidates, or as many as the hint uses if that is more."""
    rooms = np.array([room(instance, group) for group in instance.groups], dtype=np.int64)
    rooms = rooms.reshape(len(instance.groups), instance.node_count)
    keep = np.zeros(instance.node_count, dtype=bool)
    hinted = sorted({n for _, n in hint.counts})
    keep[hinted] = True
    for members in classes(instance, rooms):
        enough = _enough(instance, rooms[:, members[0]])
        kept = int(keep[members].sum())
        spare = members[~keep[members]][: max(enough - kept, 0)]
        keep[spare] = True
    if int(keep.sum()) <= limit:
        return Candidates(np.flatnonzero(keep), True)
    chosen = _by_turns(instance, keep, hinted, max(limit, len(hinted)))
    return Candidates(chosen, False)


def classes(instance: PackingInstance, rooms: IntArray) -> list[IntArray]:
    """Nodes that are alike for every group, in the order of their first member."""
    useful = np.flatnonzero(rooms.any(axis=0)) if len(rooms) else np.zeros(0, dtype=np.int64)
    if not len(useful):
        return []
    columns = [
        instance.free[:, useful],
        instance.in_use[None, useful].astype(np.int64),
        np.sort(instance.devices[:, useful], axis=0),
        rooms[:, useful],
    ]
    table = np.ascontiguousarray(np.concatenate(columns).T)
    found: dict[bytes, list[int]] = {}
    for node, row in zip(useful.tolist(), table, strict=True):
        found.setdefault(row.tobytes(), []).append(node)
    return [np.array(nodes, dtype=np.int64) for nodes in found.values()]


def _enough(instance: PackingInstance, rooms: IntArray) -> int:
    """Members of a class beyond which another one is of no use; `rooms` is of one member."""
    enough = 0
    for group, fits in zip(instance.groups, rooms.tolist(), strict=True):
        if fits:
            enough += group.count if instance.has_gpus else -(-group.count // fits)
    return enough


def _by_turns(
    instance: PackingInstance, keep: np.ndarray, hinted: list[int], limit: int
) -> IntArray:
    """The hint's nodes, then each group's best in turn until there are `limit`."""
    chosen = dict.fromkeys(hinted)
    wishes = []
    for g in order(instance):
        ranked = rank_nodes(instance, g)
        wishes.append(ranked[keep[ranked]][:limit].tolist())
    for turn in range(max(map(len, wishes), default=0)):
        for wish in wishes:
            if len(chosen) >= limit:
                return np.array(sorted(chosen), dtype=np.int64)
            if turn < len(wish):
                chosen[wish[turn]] = None
    return np.array(sorted(chosen), dtype=np.int64)
