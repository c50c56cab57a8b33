"""What no placement on any node can beat, from totals alone.

These bounds forget that a node is a node: they hold for the whole cluster, reduced or not, cost
nothing, and often meet the greedy hint, which is then optimal without a solver.
"""

from __future__ import annotations

import numpy as np

from simk8s.strategies._packing.instance import PackingInstance, room
from simk8s.strategies._packing.objective import Goal, stranded_devices, weight_of
from simk8s.strategies._packing.pods import DEVICE_MILLI


class Bounds:
    """Bounds of the goals of one instance."""

    def __init__(self, instance: PackingInstance) -> None:
        self.instance = instance
        #: Pods of each group that find room at all, were they alone.
        self.most = [
            min(int(room(instance, group).sum()), group.count) for group in instance.groups
        ]

    def of(self, wanted: tuple[Goal, ...], values: tuple[int, ...], at: int) -> int:
        """The bound of goal `at`, those before it being held at their values."""
        if wanted[at].priority is not None:
            return self._placed(wanted[: at + 1], values)
        everything = sum(values[:at]) == sum(self.most)
        if self.instance.has_gpus:
            return self._fragmentation(everything)
        return int(self.instance.in_use.sum()) + (self._new_nodes() if everything else 0)

    def _placed(self, wanted: tuple[Goal, ...], values: tuple[int, ...]) -> int:
        """The smallest pods that fit in the sum of all nodes, beside the smallest held before."""
        bound = sum(most for most, _ in self._sizes(wanted[-1], 0))
        for r, free in enumerate(self._totals()):
            for goal, value in zip(wanted[:-1], values, strict=False):
                free -= self._smallest(goal, r, value)
            bound = min(bound, self._fitting(wanted[-1], r, free))
        return bound

    def _totals(self) -> list[int]:
        """What is free on the nodes that some group can use: every resource, then GPU milli."""
        instance = self.instance
        useful = np.zeros(instance.node_count, dtype=bool)
        for group in instance.groups:
            useful |= room(instance, group) > 0
        free = np.maximum(instance.free[:, useful], 0).sum(axis=1)
        return [*free.tolist(), int(instance.devices[:, useful].sum())]

    def _sizes(self, goal: Goal, r: int) -> list[tuple[int, int]]:
        """Pods that find room and the size of each, the smallest first."""
        sizes = []
        for group, most in zip(self.instance.groups, self.most, strict=True):
            if group.priority == goal.priority:
                gpu = group.gpu.total if group.gpu is not None else 0
                sizes.append((most, int(group.requests[r]) if r < len(group.requests) else gpu))
        return sorted(sizes, key=lambda pair: pair[1])

    def _smallest(self, goal: Goal, r: int, pods: int) -> int:
        total = 0
        for most, size in self._sizes(goal, r):
            total += min(most, pods) * size
            pods -= min(most, pods)
        return total

    def _fitting(self, goal: Goal, r: int, free: int) -> int:
        pods = 0
        for most, size in self._sizes(goal, r):
            fits = min(most, free // size) if size else most
            pods += fits
            free -= fits * size
        return pods

    def _new_nodes(self) -> int:
        """Enough of the roomiest unused nodes to hold what the used ones cannot, per resource."""
        instance, needed = self.instance, 0
        free = np.maximum(instance.free, 0)
        for r in range(instance.resource_count):
            asked = sum(m * int(g.requests[r])
                        for m, g in zip(self.most, instance.groups, strict=True))  # fmt: skip
            rest = asked - int(free[r, instance.in_use].sum())
            room_of_new = np.cumsum(np.sort(free[r, ~instance.in_use])[::-1])
            if rest > 0:
                needed = max(needed, 1 + int(np.searchsorted(room_of_new, rest)))
        return needed

    def _fragmentation(self, everything: bool) -> int:
        """All parts fit together perfectly, and every device taken had been a stranded one."""
        devices = self.instance.devices
        partial = np.where(devices < DEVICE_MILLI, devices, 0)
        demands = [(g.gpu, most) for g, most in zip(self.instance.groups, self.most, strict=True)
                   if g.gpu is not None and most]  # fmt: skip
        parts = sum(gpu.total * most for gpu, most in demands if not gpu.whole)
        whole = sum(gpu.devices * most for gpu, most in demands if gpu.whole)
        smallest = min((gpu.milli for gpu, _ in demands if not gpu.whole), default=DEVICE_MILLI)
        holds = int(partial[partial >= smallest].sum())
        if everything:
            begun = -(-max(parts - holds, 0) // DEVICE_MILLI)
            left = int(partial.sum()) - parts + DEVICE_MILLI * begun
        else:
            begun = -(-parts // DEVICE_MILLI)
            left = int(partial.sum()) - min(parts, holds)
        return left + self._stranded(whole + begun)

    def _stranded(self, taken: int) -> int:
        """Each device taken was stranded for every typical pod, as long as there were such."""
        instance = self.instance
        whole = (instance.devices >= DEVICE_MILLI).sum(axis=0, dtype=np.int64)
        now = stranded_devices(instance.free, whole, instance.typical).sum(axis=1)
        return weight_of(instance.typical) * int(np.maximum(now - taken, 0).sum())
