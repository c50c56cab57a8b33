"""What is to be packed, and what a packing is.

An instance is plain arrays: groups of identical pods, nodes as columns `[R, N]`, GPU devices as
`[D, N]`. A placement says how many pods of a group go to a node, and onto which devices.

Law: everything here is read-only; whoever packs works on copies.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from simk8s.strategies._packing.pods import BoolArray, GpuDemand, Group, IntArray
from simk8s.strategies._packing.typical import companions_from

#: Sums of requests stay below this, so that neither numpy nor the solver can overflow.
LARGEST_SUM = 1 << 60


@dataclass(frozen=True, eq=False)
class PackingInstance:
    """Groups, nodes, and what of the nodes is free.

    `gpu_free` holds milli per device, 0 for a device that is full or not there. Each row of
    `companions` `[K, R]` is what some typical GPU pod asks beside one whole device; left out, they
    are drawn from the GPU pods of the instance (see `typical.py`). `resolution` is for parts of an
    instance, which keep its units.
    """

    groups: tuple[Group, ...]
    free: IntArray
    in_use: BoolArray
    gpu_free: IntArray | None = None
    companions: IntArray | None = None
    resolution: IntArray | None = None

    def __post_init__(self) -> None:
        resources, nodes = self.free.shape
        if self.in_use.shape != (nodes,):
            raise ValueError(f"in_use has shape {self.in_use.shape}, expected ({nodes},)")
        if self.gpu_free is not None and self.gpu_free.shape[1:] != (nodes,):
            raise ValueError(f"gpu_free has shape {self.gpu_free.shape}, expected (D, {nodes})")
        if self.companions is not None and self.companions.shape[1:] != (resources,):
            raise ValueError(f"companions has shape {self.companions.shape}")
        for group in self.groups:
            _check_group(group, resources, nodes)
        if nodes and resources and self.groups:
            total = sum(float(g.count) * float(g.requests.max(initial=0)) for g in self.groups)
            if total >= LARGEST_SUM:
                raise ValueError("the requests add up to more than the solver can count")

    @property
    def node_count(self) -> int:
        return int(self.free.shape[1])

    @property
    def resource_count(self) -> int:
        return int(self.free.shape[0])

    @property
    def pod_count(self) -> int:
        return sum(group.count for group in self.groups)

    @property
    def has_gpus(self) -> bool:
        """Some node has devices: fragmentation, not the number of nodes, is what to spare."""
        return self.gpu_free is not None and bool(self.gpu_free.shape[0])

    @cached_property
    def devices(self) -> IntArray:
        """`gpu_free`, or an empty `[0, N]`."""
        if self.gpu_free is None:
            return np.zeros((0, self.node_count), dtype=np.int64)
        return self.gpu_free

    @cached_property
    def units(self) -> IntArray:
        """Per resource the greatest common divisor of the requests: keeps coefficients small."""
        if self.resolution is not None:
            return self.resolution
        units = np.ones(self.resource_count, dtype=np.int64)
        for r in range(self.resource_count):
            divisor = int(np.gcd.reduce([int(g.requests[r]) for g in self.groups] or [0]))
            units[r] = max(divisor, 1)
        return units

    @cached_property
    def typical(self) -> IntArray:
        """`companions`, or those of the groups, in whole units: that keeps the model exact."""
        raw = self.companions
        if raw is None:
            raw = companions_from(self.groups, self.resource_count)
        return np.asarray(raw // self.units * self.units)

    @cached_property
    def priorities(self) -> tuple[int, ...]:
        """Distinct priorities, the highest first."""
        return tuple(sorted({group.priority for group in self.groups if group.count}, reverse=True))

    def part(self, nodes: IntArray, counts: dict[int, int]) -> PackingInstance:
        """Some nodes and, of some groups, some pods, in the order given.

        Units and typical companions stay what they are: a cost means the same in a part.
        """
        groups = []
        for g, count in counts.items():
            group = self.groups[g]
            allowed = None if group.allowed is None else group.allowed[nodes]
            groups.append(replace(group, count=count, allowed=allowed))
        gpu = None if self.gpu_free is None else self.gpu_free[:, nodes]
        return PackingInstance(tuple(groups), self.free[:, nodes], self.in_use[nodes], gpu,
                               self.typical, self.units)  # fmt: skip


def _check_group(group: Group, resources: int, nodes: int) -> None:
    if group.count < 0 or (group.per_node is not None and group.per_node < 0):
        raise ValueError("negative number of pods")
    if group.requests.shape != (resources,):
        raise ValueError(f"requests have shape {group.requests.shape}, expected ({resources},)")
    if group.requests.min(initial=0) < 0:
        raise ValueError("negative request")
    if group.allowed is not None and group.allowed.shape != (nodes,):
        raise ValueError(f"allowed has shape {group.allowed.shape}, expected ({nodes},)")


@dataclass(frozen=True, slots=True)
class Placement:
    """How many pods of group g go to node n, keys `(g, n)` ascending, only positive counts.

    `devices[(g, n)]` holds, for GPU pods, one tuple of device indexes for each of those pods.
    """

    counts: dict[tuple[int, int], int] = field(default_factory=dict)
    devices: dict[tuple[int, int], tuple[tuple[int, ...], ...]] = field(default_factory=dict)

    @property
    def placed(self) -> int:
        return sum(self.counts.values())


def room(instance: PackingInstance, group: Group) -> IntArray:
    """How many pods of the group each node could take if they came alone, at most `count`."""
    most = np.full(instance.node_count, group.count, dtype=np.int64)
    if group.per_node is not None:
        np.minimum(most, group.per_node, out=most)
    for r in np.flatnonzero(group.requests):
        np.minimum(most, instance.free[r] // group.requests[r], out=most)
    np.maximum(most, 0, out=most)
    if group.allowed is not None:
        most[group.allowed == 0] = 0
    if group.gpu is not None:
        np.minimum(most, gpu_room(instance.devices, group.gpu, group.count), out=most)
    return most


def gpu_room(devices: IntArray, gpu: GpuDemand, count: int) -> IntArray:
    """How many such pods the devices of each node hold, at most `count`."""
    slots = devices // gpu.milli
    most = np.minimum(slots.sum(axis=0, dtype=np.int64) // gpu.devices, count)
    if gpu.devices == 1 or not len(slots) or slots.max(initial=0) <= 1:
        return np.asarray(most)
    # y pods need k distinct devices each: possible exactly if the sum of min(slots, y) >= k * y.
    while True:
        short = np.minimum(slots, most).sum(axis=0) < gpu.devices * most
        if not short.any():
            return np.asarray(most)
        most[short] -= 1
