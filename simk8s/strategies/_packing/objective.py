"""What a good packing is, in order of importance.

One stage per priority from the top: the most pods placed. Then one last stage: without GPUs the
fewest nodes in use; with GPUs the least fragmentation, which is, summed over all nodes,

* the milli left on devices that are partially used, and
* 1000 for every whole free device that CPU, memory or another resource of its node strands:
  `max(0, free devices - min over r of floor(left_r / companion_r))`,

where `companion` is what a typical GPU pod asks beside one whole device. Both are linear in the
number of pods per node, but for one rounding per node and resource.

Law: the value of a placement is an integer per stage; placements compare stage by stage.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simk8s.strategies._packing.instance import (
    DEVICE_MILLI,
    IntArray,
    PackingInstance,
    Placement,
)

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

    def better(self, one: int, other: int) -> bool:
        return self.key(one) < self.key(other)


def goals(instance: PackingInstance) -> tuple[Goal, ...]:
    placing = tuple(Goal(f"placed_priority_{p}", True, p) for p in instance.priorities)
    return (*placing, Goal(FRAGMENTATION if instance.has_gpus else NODES_IN_USE, False))


def evaluate(instance: PackingInstance, placement: Placement) -> tuple[int, ...]:
    """The value of every goal, in order."""
    placed = dict.fromkeys(instance.priorities, 0)
    for (g, _), count in placement.counts.items():
        placed[instance.groups[g].priority] += count
    return (*placed.values(), cost(instance, placement))


def compare_key(instance: PackingInstance, values: tuple[int, ...]) -> tuple[int, ...]:
    """Sorts placements of one instance: the smallest is the best."""
    return tuple(goal.key(v) for goal, v in zip(goals(instance), values, strict=True))


def cost(instance: PackingInstance, placement: Placement) -> int:
    if not instance.has_gpus:
        used = instance.in_use.copy()
        used[[n for _, n in placement.counts]] = True
        return int(used.sum())
    free, devices = leftovers(instance, placement)
    return int(fragmentation(free, devices, companions(instance)).sum())


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


def fragmentation(free: IntArray, devices: IntArray, companion: IntArray) -> IntArray:
    """Milli per node that the definition above calls fragmented."""
    partial = np.where(devices < DEVICE_MILLI, devices, 0).sum(axis=0)
    whole = (devices >= DEVICE_MILLI).sum(axis=0, dtype=np.int64)
    return np.asarray(partial + DEVICE_MILLI * (whole - usable(free, whole, companion)))


def usable(free: IntArray, whole: IntArray, companion: IntArray) -> IntArray:
    """How many of the `whole` free devices of each node its other resources can serve."""
    served = whole.copy()
    for r in np.flatnonzero(companion):
        np.minimum(served, np.maximum(free[r], 0) // companion[r], out=served)
    return served


def companions(instance: PackingInstance) -> IntArray:
    """The instance's own, or the mean of its GPU pods; nothing at all without GPU pods.

    Rounded down to whole units (see `PackingInstance.units`), so that the model is exact.
    """
    if instance.companions is not None:
        raw = instance.companions
    else:
        milli, total = 0, np.zeros(instance.resource_count, dtype=np.int64)
        for group in instance.groups:
            if group.gpu is not None:
                milli += group.count * group.gpu.total
                total += group.count * group.requests
        raw = np.array([int(t) * DEVICE_MILLI // milli if milli else 0 for t in total], np.int64)
    return np.asarray(raw // instance.units * instance.units)
