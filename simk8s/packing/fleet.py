"""Pods that are alike and nodes that are alike, counted: what a relaxation looks at.

A class is nodes with the same capacity, devices and pods that may come. Beyond `MOST_CLASSES`
classes that differ in capacity alone are merged, coarser and coarser: `total` is the sum over the
class, `largest` the most of any of its nodes, so that what holds for a class holds for its nodes.

Law: reads only; every placement on the nodes is one on the classes, merged or not.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from simk8s.packing.problem import BoolArray, IntArray

MOST_CLASSES = 128
_STEPS = (64, 16, 4, 2, 1)
"""Capacities are told apart in so many steps, coarser and coarser; the last is not at all."""


@dataclass(frozen=True, eq=False)
class Pods:
    """Groups of pods: `[G, R]` requests, `[G]` of everything else."""

    requests: IntArray
    counts: IntArray
    devices: IntArray
    """GPU devices each of them wants, `milli` thousandths of every one."""
    milli: IntArray
    mask: IntArray
    """Row of `Nodes.allowed`."""
    per_node: IntArray | None = None
    """How many may share a node."""

    def __len__(self) -> int:
        return len(self.counts)


@dataclass(frozen=True, eq=False)
class Nodes:
    """Nodes one by one: `capacity` `[R, N]`, `gpu_left` `[D, N]` in milli, `allowed` `[M, N]`."""

    capacity: IntArray
    gpu_left: IntArray
    allowed: BoolArray
    busy: BoolArray
    """In use whatever is placed."""


@dataclass(frozen=True, eq=False)
class Fleet:
    """Groups against classes of nodes."""

    pods: Pods
    nodes: IntArray
    """`[C]`: how many nodes."""
    total: IntArray
    """`[R, C]`."""
    largest: IntArray
    """`[R, C]`."""
    busy: BoolArray
    left: list[dict[int, int]]
    """Per class: milli left -> devices with that, over all nodes."""
    largest_gpu: IntArray
    """`[C]`: most milli on one node."""
    allowed: BoolArray
    """`[M, C]`."""
    alike: bool
    """Nodes of a class are the same in everything."""
    room: IntArray = field(init=False)
    """`[G, C]`: of each group what a class could hold if it had nothing else, at most all."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "room", _room(self))

    @cached_property
    def key(self) -> tuple[bytes, ...]:
        """Equal keys: the same fleet."""
        pods = self.pods
        arrays = [pods.requests, pods.counts, pods.devices, pods.milli, pods.mask, self.nodes,
                  self.total, self.largest, self.busy, self.allowed]  # fmt: skip
        left = repr(self.left).encode()
        return (*(hashlib.blake2b(each.tobytes()).digest() for each in arrays), left)


def fleet_of(pods: Pods, nodes: Nodes) -> Fleet:
    """Classes in the order of their first node."""
    capacity = np.maximum(nodes.capacity, 0)
    devices = np.sort(nodes.gpu_left, axis=0)
    coarse = np.vstack([nodes.allowed, nodes.busy[None]]).astype(np.int64)
    classes = _classes(np.vstack([coarse, capacity, devices]))
    alike = len(classes) <= MOST_CLASSES
    if not alike:
        classes = _merged(coarse, np.vstack([capacity, devices.sum(axis=0)[None]]))
    first = [members[0] for members in classes]
    allowed = [nodes.allowed[:, members].any(axis=1) for members in classes]
    return Fleet(
        pods,
        nodes=np.array([len(members) for members in classes], np.int64),
        total=_columns([capacity[:, m].sum(axis=1) for m in classes], len(capacity)),
        largest=_columns([capacity[:, m].max(axis=1) for m in classes], len(capacity)),
        busy=nodes.busy[first],
        left=[_histogram(devices[:, members]) for members in classes],
        largest_gpu=np.array([devices[:, m].sum(axis=0).max() for m in classes], np.int64),
        allowed=np.array(allowed, np.bool_).reshape(len(classes), len(nodes.allowed)).T,
        alike=alike,
    )


def _columns(columns: list[IntArray], rows: int) -> IntArray:
    return np.array(columns, np.int64).reshape(len(columns), rows).T


def _classes(table: IntArray) -> list[IntArray]:
    found: dict[bytes, list[int]] = {}
    for node, column in enumerate(np.ascontiguousarray(table.T)):
        found.setdefault(column.tobytes(), []).append(node)
    return [np.array(members, np.int64) for members in found.values()]


def _merged(coarse: IntArray, amounts: IntArray) -> list[IntArray]:
    """Capacities to so many steps of the largest; if even that is too much, everything is one."""
    whole = np.maximum(amounts.max(axis=1, keepdims=True), 1)
    for steps in _STEPS:
        classes = _classes(np.vstack([coarse, amounts * (steps - 1) // whole]))
        if len(classes) <= MOST_CLASSES:
            return classes
    return _classes(coarse[-1:])


def _histogram(left: IntArray) -> dict[int, int]:
    values, counts = np.unique(left[left > 0], return_counts=True)
    return dict(zip(values.tolist(), counts.tolist(), strict=True))


def _room(fleet: Fleet) -> IntArray:
    pods = fleet.pods
    room: IntArray = np.tile(pods.counts[:, None], (1, len(fleet.nodes)))
    each = room.copy()
    for r in range(len(fleet.largest)):
        asked = pods.requests[:, r : r + 1]
        fits = fleet.largest[r][None, :] // np.maximum(asked, 1)
        np.minimum(each, np.where(asked > 0, fits, each), out=each)
    if pods.per_node is not None:
        np.minimum(each, pods.per_node[:, None], out=each)
    np.minimum(room, each * fleet.nodes[None, :], out=room)
    room[~fleet.allowed[pods.mask]] = 0
    for devices, milli in sorted(set(zip(pods.devices.tolist(), pods.milli.tolist(), strict=True))):
        if devices:
            mine = (pods.devices == devices) & (pods.milli == milli)
            most = [_holds(fleet, c, devices, milli) for c in range(len(fleet.nodes))]
            room[mine] = np.minimum(room[mine], most)
    return room


def _holds(fleet: Fleet, c: int, devices: int, milli: int) -> int:
    """Pods that the devices of a class hold."""
    nodes = int(fleet.nodes[c]) if fleet.alike else 1
    slots = {left // milli: 0 for left in fleet.left[c]}
    for left, count in fleet.left[c].items():
        slots[left // milli] += count // nodes
    most = sum(fits * count for fits, count in slots.items()) // devices
    # y pods need k distinct devices each: possible exactly if the sum of min(slots, y) >= k * y.
    while sum(min(fits, most) * count for fits, count in slots.items()) < devices * most:
        most -= 1
    return most * nodes
