"""The hint: best fit decreasing, by priority.

Groups go in the order of priority, then size; each pod takes the feasible node where the last goal
(nodes in use, fragmentation) rises least, among those the one with the least room left, among
those the lowest index. Scores are integers and are kept per group: a pod changes one node only.
"""

from __future__ import annotations

import numpy as np

from simk8s.strategies._packing.devices import best_fit, least_left, opened
from simk8s.strategies._packing.instance import PackingInstance, Placement, room
from simk8s.strategies._packing.objective import stranded
from simk8s.strategies._packing.pods import DEVICE_MILLI, Group, IntArray

#: The goal comes first: no difference in leftover room reaches this.
GOAL_WEIGHT = 1 << 24
#: Resolution of a node's leftover room, per resource.
SHARE = 1 << 16
NOT_HERE = np.iinfo(np.int64).max


def greedy(instance: PackingInstance) -> Placement:
    """Places what it can, one pod after the other."""
    return _Filling(instance).run()


def order(instance: PackingInstance) -> list[int]:
    """Groups by falling priority, then falling size, then as given."""
    scale = _scale(instance)

    def size(g: int) -> tuple[int, int, int, int]:
        group = instance.groups[g]
        gpu = (group.gpu.devices, group.gpu.milli) if group.gpu is not None else (0, 0)
        return (-group.priority, -gpu[0], -gpu[1], -int((group.requests * SHARE // scale).sum()))

    return sorted(range(len(instance.groups)), key=size)


def rank_nodes(instance: PackingInstance, g: int) -> IntArray:
    """The feasible nodes of a group in the empty instance, in the order the hint likes them."""
    filling = _Filling(instance)
    score = filling.scores(instance.groups[g], slice(None))
    score[room(instance, instance.groups[g]) == 0] = NOT_HERE
    ranked = np.argsort(score, kind="stable")
    return np.asarray(ranked[: int((score < NOT_HERE).sum())])


def _scale(instance: PackingInstance) -> IntArray:
    return np.asarray(np.maximum(instance.free.max(axis=1, initial=1), 1))


class _Filling:
    """The cluster while it fills up."""

    def __init__(self, instance: PackingInstance) -> None:
        self.instance = instance
        self.free = instance.free.copy()
        self.devices = instance.devices.copy()
        self.in_use = instance.in_use.copy()
        self.scale = _scale(instance)
        self.companions = instance.typical
        self.counts: dict[tuple[int, int], int] = {}
        self.chosen: dict[tuple[int, int], list[tuple[int, ...]]] = {}

    def run(self) -> Placement:
        for g in order(self.instance):
            self.place(g)
        keys = sorted(self.counts)
        chosen = {k: tuple(self.chosen[k]) for k in keys if k in self.chosen}
        return Placement({k: self.counts[k] for k in keys}, chosen)

    def place(self, g: int) -> None:
        group = self.instance.groups[g]
        now = PackingInstance((group,), self.free, self.in_use, self.devices)
        score = self.scores(group, slice(None))
        score[room(now, group) == 0] = NOT_HERE
        for _ in range(group.count):
            node = int(score.argmin())
            if score[node] == NOT_HERE:
                return
            self.take(g, node)
            score[node] = self.rescore(g, node)

    def take(self, g: int, node: int) -> None:
        group = self.instance.groups[g]
        self.free[:, node] -= group.requests
        self.in_use[node] = True
        self.counts[g, node] = self.counts.get((g, node), 0) + 1
        if group.gpu is not None:
            devices = best_fit(self.devices[:, node].tolist(), group.gpu)
            assert devices is not None
            self.devices[list(devices), node] -= group.gpu.milli
            self.chosen.setdefault((g, node), []).append(devices)

    def rescore(self, g: int, node: int) -> int:
        group = self.instance.groups[g]
        here = self.free[:, node]
        if group.per_node is not None and self.counts[g, node] >= group.per_node:
            return NOT_HERE
        if ((group.requests > here) & (group.requests > 0)).any():
            return NOT_HERE
        if group.gpu is not None and best_fit(self.devices[:, node].tolist(), group.gpu) is None:
            return NOT_HERE
        return int(self.scores(group, slice(node, node + 1))[0])

    def scores(self, group: Group, nodes: slice) -> IntArray:
        """What the last goal loses, then the room left; meaningless where the pod does not fit."""
        asked = np.flatnonzero(group.requests)
        left = self.free[asked, nodes] - group.requests[asked, None]
        room_left = (left * SHARE // self.scale[asked, None]).sum(axis=0, dtype=np.int64)
        return np.asarray(self.losses(group, nodes) * GOAL_WEIGHT + room_left)

    def losses(self, group: Group, nodes: slice) -> IntArray:
        if not self.instance.has_gpus:
            return np.asarray(1 - self.in_use[nodes].astype(np.int64))
        devices, free = self.devices[:, nodes], self.free[:, nodes]
        whole = (devices >= DEVICE_MILLI).sum(axis=0, dtype=np.int64)
        begun = np.zeros_like(whole)
        lost = np.zeros_like(whole)
        if group.gpu is not None:
            begun = opened(devices, group.gpu)
            lost = DEVICE_MILLI * begun - group.gpu.total
        before = stranded(free, whole, self.companions)
        after = stranded(free - group.requests[:, None], whole - begun, self.companions)
        lost = lost + after - before
        if group.shared and group.gpu is not None:
            lost = lost * 2 * DEVICE_MILLI + least_left(devices, group.gpu)
        return np.asarray(lost)
