"""What is free on every node at this moment, and who fits where.

Law: exact for cpu, memory, any counted resource, whole GPUs and parts of one. What other filters
say of a node is a mask, taken before the plan: two pods of one plan that repel each other are not
seen (as in cp_sat).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import ALL, Query, Scope
from simk8s.placement.cycle import Verdict
from simk8s.placement.framework import Framework
from simk8s.placement.view import View
from simk8s.state.requests import Requests
from simk8s.state.resources import GPU, PODS

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
PACKED = ("NodeResourcesFit", "GpuShare")


class Seat(NamedTuple):
    """One pod on one node with these devices."""

    query: Query
    node: int
    devices: int


class Masks:
    """Where filters other than those of amounts let a pod go."""

    def __init__(self, framework: Framework, view: View) -> None:
        self._filters = [p for p in framework.filters if p.name not in PACKED]
        self._view = view
        self._known: dict[tuple[int, int], Bools] = {}
        self._version = (-1, -1)

    def of(self, query: Query) -> Bools:
        """One truth a node."""
        nodes = self._view.nodes
        if self._version != (nodes.spec_version, nodes.n):
            self._version = (nodes.spec_version, nodes.n)
            self._known.clear()
        key = (query.template.id, query.requests.id)
        mask = self._known.get(key)
        if mask is None or query.pinned >= 0:
            mask = self._made(query, key)
        return mask

    def _made(self, query: Query, key: tuple[int, int]) -> Bools:
        nodes = self._view.nodes
        mask: Bools = nodes.exists != 0
        keeps = query.pinned < 0
        for plugin in self._filters:
            if plugin.wakes(query, self._view):
                mask = mask & (plugin.filter(query, self._view, ALL) == 0)
                keeps &= plugin.scope is Scope.SPECS
        if query.pinned >= 0:
            mask = mask & (np.arange(len(mask)) == query.pinned)
        models = query.requests.gpu.models
        if models is not None:
            known = np.array([model in models for model in nodes.gpu_models])
            mask = mask & known[nodes.gpu_model]
        if keeps:
            self._known[key] = mask
        return mask


class Room:
    """Free amounts `[resource, node]` and GPU thousandths `[device, node]`, to be written to."""

    def __init__(self, view: View, free: Ints, gpu_free: NDArray[np.int64]) -> None:
        self._view = view
        self.free = free.copy()
        self._gpu_free = gpu_free.copy()
        self._devices: dict[int, Ints] = {}
        """By thousandths: on each node, how many devices have so many left."""
        self.evaluated = 0

    @classmethod
    def empty(cls, view: View) -> Room:
        """As if no pod ran anywhere."""
        nodes = view.nodes
        full = np.where(np.arange(nodes.gpu_free.shape[0])[:, None] < nodes.gpu_count, 1000, 0)
        return cls(view, nodes.allocatable, full)

    def fitting(self, requests: Requests) -> Bools:
        """Which nodes have enough."""
        self.evaluated += self.free.shape[1]
        gpu = requests.gpu
        fits: Bools | None = self._with_devices(gpu.milli) >= gpu.count if gpu.count else None
        for row, amount in requests.wanted:
            if row >= len(self.free):
                return np.zeros(self.free.shape[1], bool)
            enough = self.free[row] >= amount
            fits = enough if fits is None else fits & enough
        assert fits is not None, "every pod asks for a pod slot"
        return fits

    def _with_devices(self, milli: int) -> Ints:
        found = self._devices.get(milli)
        if found is None:
            found = self._devices[milli] = (self._gpu_free >= milli).sum(axis=0)
        return found

    def _recount(self, node: int) -> None:
        left = self._gpu_free[:, node].tolist()
        for milli, counts in self._devices.items():
            counts[node] = sum(free >= milli for free in left)

    def tightest(self, requests: Requests, among: Bools) -> int:
        """The node with the least left of what is asked for (of GPUs, if they are); the first of
        equals. −1 for none.
        """
        rows = np.flatnonzero(among)
        if not len(rows):
            return -1
        if requests.gpu.count:
            return int(rows[self.free[GPU, rows].argmin()])
        left = np.zeros(len(rows))
        for row, amount in requests.wanted:
            if row != PODS:
                whole = np.maximum(self._view.nodes.allocatable[row, rows], 1)
                left += (self.free[row, rows] - amount) / whole
        return int(rows[left.argmin()])

    def take(self, query: Query, node: int) -> Seat:
        """Charge a pod to a node on which it fits."""
        requests, devices = query.requests, 0
        for row, amount in requests.wanted:
            self.free[row, node] -= amount
        gpu = requests.gpu
        if gpu.count:
            left = self._gpu_free[:, node].tolist()
            fitting = sorted((free, d) for d, free in enumerate(left) if free >= gpu.milli)
            for _, device in fitting[: gpu.count]:
                devices |= 1 << device
                self._gpu_free[device, node] -= gpu.milli
            self._recount(node)
        return Seat(query, node, devices)

    def take_all(self, queries: Sequence[Query], nodes: Sequence[int]) -> list[Seat] | None:
        """Charge pods to nodes, one each; None, and nothing charged, if one does not fit."""
        taken: list[Seat] = []
        for query, node in zip(queries, nodes, strict=True):
            if not self.fitting(query.requests)[node]:
                self.give_back(taken)
                return None
            taken.append(self.take(query, node))
        return taken

    def give_back(self, seats: Sequence[Seat]) -> None:
        """As if they had never been taken."""
        for query, node, devices in seats:
            for row, amount in query.requests.wanted:
                self.free[row, node] += amount
            for device in range(devices.bit_length()):
                if devices >> device & 1:
                    self._gpu_free[device, node] += query.requests.gpu.milli
            if devices:
                self._recount(node)


class Limits(Protocol):
    """What else a seat is measured by."""

    def allows(self, query: Query) -> Bools:
        """Where the pod may go."""

    def take(self, query: Query, node: int) -> None:
        """It goes there."""


def seat(
    room: Room, masks: Masks, queries: Sequence[Query], limits: Limits | None = None
) -> list[Seat] | None:
    """A node for every pod, charged to the room; None, and nothing charged, if one has none."""
    seats: list[Seat] = []
    for query in queries:
        among = room.fitting(query.requests) & masks.of(query)
        if limits is not None:
            among &= limits.allows(query)
        node = room.tightest(query.requests, among)
        if node < 0:
            room.give_back(seats)
            return None
        seats.append(room.take(query, node))
        if limits is not None:
            limits.take(query, node)
    return seats


class Hopeless:
    """Gangs for which there was no room, until some node has more."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._known: set[Hashable] = set()
        self._least: Ints = np.zeros((0, 0), np.int64)
        self._version = (-1, -1)

    def look(self) -> None:
        """Forget them if there may be room by now."""
        nodes = self._view.nodes
        version, free = (nodes.spec_version, nodes.n), nodes.free
        same = version == self._version and free.shape == self._least.shape
        if not same or (free > self._least).any():
            self._known.clear()
            self._version, self._least = version, free.copy()

    def add(self, alike: Hashable, room: Room) -> None:
        """There is none in this room."""
        self._known.add(alike)
        np.minimum(self._least, room.free, out=self._least)

    def __contains__(self, alike: Hashable) -> bool:
        return alike in self._known


def waiting(view: View, queue: str, words: str) -> Verdict:
    """Why a pod that a queue keeps has no node."""
    nodes = int(np.count_nonzero(view.nodes.exists))
    return Verdict(nodes, {words: max(nodes, 1)}, (queue,), np.zeros(0, np.intp), words)
