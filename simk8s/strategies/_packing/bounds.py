"""What no placement on any node can beat, from totals alone.

These bounds forget that a node is a node: they hold for the whole cluster, reduced or not, cost
nothing, and often meet the greedy hint, which is then optimal without a solver.
"""

from __future__ import annotations

import numpy as np

from simk8s.strategies._packing.instance import PackingInstance, room
from simk8s.strategies._packing.objective import Goal, stranded
from simk8s.strategies._packing.pods import DEVICE_MILLI


class Bounds:
    """Bounds of the goals of one instance."""

    def __init__(self, instance: PackingInstance) -> None:
        self.instance = instance
        #: Pods of each group that find room at all, were they alone.
        self.most = [
            min(int(room(instance, group).sum()), group.count) for group in instance.groups
        ]

    def of(self, goal: Goal, placed: int) -> int:
        """`placed`: pods in the goals before; the bound of a cost is sharp if that is all."""
        if goal.priority is not None:
            return sum(m for m, g in zip(self.most, self.instance.groups, strict=True)
                       if g.priority == goal.priority)  # fmt: skip
        everything = placed == sum(self.most)
        if self.instance.has_gpus:
            return self._fragmentation(everything)
        return int(self.instance.in_use.sum()) + (self._new_nodes() if everything else 0)

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
        weight = DEVICE_MILLI // max(len(instance.typical), 1)
        total = 0
        for row in instance.typical:
            now = int(stranded(instance.free, whole, row[None, :]).sum()) // DEVICE_MILLI
            total += max(now - taken, 0)
        return weight * total
