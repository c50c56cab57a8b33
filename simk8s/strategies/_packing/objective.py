"""What a good packing is, in order of importance.

One stage per priority from the top: the most pods placed. Then one last stage: without GPUs the
fewest nodes in use; with GPUs the least fragmentation, which is, summed over all nodes,

* the milli left on devices that are partially used, and
* the whole free devices, 1000 milli each, that the node's other resources strand: the mean over
  some typical GPU pods of `max(0, free devices - min over r of floor(left_r / companion_r))`,
  where `companion` is what such a pod asks beside one whole device.

Both are linear in the pods per node, but for one rounding per node, typical pod and resource.

Law: the value of a placement is an integer per stage; placements compare stage by stage.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simk8s.strategies._packing.instance import PackingInstance, Placement
from simk8s.strategies._packing.pods import DEVICE_MILLI, IntArray

NODES_IN_USE = "nodes_in_use"
FRAGMENTATION = "gpu_fragmentation"


@dataclass(frozen=True, slots=True)
class Goal:
    """One stage: pods of one priority placed (maximise), or the cost (minimise)."""

    name: str
    maximise: bool
    priority: int | None = None

    def key(self, value: int) -> int:
        """The smaller the better."""
        return -value if self.maximise else value

    def sharper(self, one: int, other: int) -> int:
        """Of two bounds the one that says more."""
        return min(one, other) if self.maximise else max(one, other)


def goals(instance: PackingInstance) -> tuple[Goal, ...]:
    placing = tuple(Goal(f"placed_priority_{p}", True, p) for p in instance.priorities)
    return (*placing, Goal(FRAGMENTATION if instance.has_gpus else NODES_IN_USE, False))


def evaluate(
    instance: PackingInstance, placement: Placement, wanted: tuple[Goal, ...]
) -> tuple[int, ...]:
    """The value of every wanted goal, in order."""
    placed: dict[int | None, int] = {}
    for (g, _), count in placement.counts.items():
        priority = instance.groups[g].priority
        placed[priority] = placed.get(priority, 0) + count
    return tuple(
        cost(instance, placement) if goal.priority is None else placed.get(goal.priority, 0)
        for goal in wanted
    )


def order_of(wanted: tuple[Goal, ...], values: tuple[int, ...]) -> tuple[int, ...]:
    """Sorts values: the smallest is the best."""
    return tuple(goal.key(value) for goal, value in zip(wanted, values, strict=True))


def cost(instance: PackingInstance, placement: Placement) -> int:
    if not instance.has_gpus:
        used = instance.in_use.copy()
        used[[n for _, n in placement.counts]] = True
        return int(used.sum())
    free, devices = leftovers(instance, placement)
    return int(fragmentation(free, devices, instance.typical).sum())


def leftovers(instance: PackingInstance, placement: Placement) -> tuple[IntArray, IntArray]:
    """Free resources and devices once the placement is carried out."""
    free, devices = instance.free.copy(), instance.devices.copy()
    for (g, n), count in placement.counts.items():
        group = instance.groups[g]
        free[:, n] -= group.requests * count
        if group.gpu is not None:
            for chosen in placement.devices[g, n]:
                devices[list(chosen), n] -= group.gpu.milli
    return free, devices


def fragmentation(free: IntArray, devices: IntArray, companions: IntArray) -> IntArray:
    """Milli per node that the definition above calls fragmented."""
    partial = np.where(devices < DEVICE_MILLI, devices, 0).sum(axis=0, dtype=np.int64)
    whole = (devices >= DEVICE_MILLI).sum(axis=0, dtype=np.int64)
    return np.asarray(partial + stranded(free, whole, companions))


def stranded(free: IntArray, whole: IntArray, companions: IntArray) -> IntArray:
    """Milli per node on `whole` free devices that the other resources cannot serve."""
    return np.asarray(weight_of(companions) * stranded_devices(free, whole, companions).sum(axis=0))


def weight_of(companions: IntArray) -> int:
    """Milli for each device that one typical pod cannot use."""
    return DEVICE_MILLI // max(len(companions), 1)


def stranded_devices(free: IntArray, whole: IntArray, companions: IntArray) -> IntArray:
    """`[K, N]` free devices that typical pod k could not use on node n."""
    served = np.tile(whole, (len(companions), 1))
    for r in np.flatnonzero(companions.any(axis=0)).tolist():
        asked = np.maximum(companions[:, r : r + 1], 1)
        serves = np.maximum(free[r], 0) // asked
        serves[companions[:, r] == 0] = served.max(initial=0)
        np.minimum(served, serves, out=served)
    return np.asarray(whole - served)
