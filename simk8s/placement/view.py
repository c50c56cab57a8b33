"""What a plugin may look at: the cluster as the scheduler knows it, or that cluster with a few
pods moved.

An `Overlay` answers as if some pods had been removed from or added to named nodes. It copies the
amounts it changes and nothing else. What counts pods by their labels or volumes reads the tallies
of the real cluster and then `moves`, which pods came and went on top of them.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Hashable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from simk8s.state.cluster import Cluster
from simk8s.state.nodes import Floats, NodeTable
from simk8s.state.objects import Objects
from simk8s.state.pods import PodTable
from simk8s.state.tallies import Tally, Weigh
from simk8s.state.volumes import Volumes

HALF = np.array(0.5)
"""An array: numpy takes longer to look at a Python number than to halve 500 nodes."""
_MORE = np.zeros((2, 1))
"""Room for what one pod asks for, to be added to both lines at once."""


class View:
    """The scheduler's cache as it stands."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.nodes: NodeTable = cluster.nodes
        self.pods: PodTable = cluster.pods
        self.objects: Objects = cluster.objects
        self.volumes: Volumes = cluster.volumes
        self._halves: Floats = np.empty((2, 0))
        self._halves_of: tuple[int, int, int, int] | None = None
        self._halves_rows: slice | NDArray[np.intp] | None = None

    def halves(self, cpu: int, memory: int, rows: slice | NDArray[np.intp]) -> Floats:
        """Half the shares of cpu and memory that are requested with so much more, at most ½:
        `[2, rows]`. Several scores read them, so those of the pod of the moment are kept, for
        the very `rows` they were asked about; do not write to them.
        """
        nodes = self.nodes
        halves_of = (cpu, memory, nodes.dirty_base + len(nodes.dirty), nodes.n)
        if rows is not self._halves_rows or halves_of != self._halves_of:
            self._halves = _halves(nodes, cpu, memory, rows, self._halves)
            self._halves_of, self._halves_rows = halves_of, rows
        return self._halves

    @property
    def moves(self) -> Sequence[tuple[int, int, int]]:
        """(pod, node row, +1 added or −1 removed) on top of the real cluster."""
        return ()

    @property
    def seated(self) -> Collection[int]:
        """Pods that an overlay has put on nodes: no longer nominated to any."""
        return ()

    def tally(
        self,
        key: Hashable,
        weigh: Weigh,
        *,
        live: bool = False,
        among: Iterable[int] | None = None,
    ) -> Tally:
        """Pods of the real cluster counted per node; an overlay's moves are not in it."""
        return self.cluster.tallies.get(key, weigh, live=live, among=among)

    def counts(self, key: Hashable, weigh: Weigh) -> NDArray[np.int64]:
        """As `tally`, with the moves in it; for plugins that look at one node at a time."""
        tally = self.tally(key, weigh)
        if not self.moves:
            return tally.count
        count = tally.count.copy()
        for pod, row, sign in self.moves:
            count[row] += sign * tally.weight(self.cluster.template_of(pod))
        return count

    def pods_on(self, row: int) -> Iterable[int]:
        """Pods counted on a node, in the order in which they were charged."""
        return self.nodes.pods_on[row]

    def overlay(self) -> Overlay:
        """A copy on which pods can be added and removed."""
        return Overlay(self.cluster)


class Overlay(View):
    """A view with its own amounts; `add` and `remove` touch only those."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        nodes = copy.copy(cluster.nodes)
        nodes.free = nodes.free.copy()
        nodes.used_f = nodes.used_f.copy()
        nodes.beyond = nodes.beyond.copy()
        nodes.lowest = list(nodes.lowest)
        nodes.gpu_free = nodes.gpu_free.copy()
        nodes.pods_on = list(nodes.pods_on)
        nodes.dirty = []
        nodes.open_lines(nodes.free, nodes.used_f, nodes.beyond)
        self.nodes = nodes
        self._own: set[int] = set()
        self._devices: dict[int, int] = {}
        """GPU devices of pods that were added here."""
        self._moves: list[tuple[int, int, int]] = []

    def halves(self, cpu: int, memory: int, rows: slice | NDArray[np.intp]) -> Floats:
        return _halves(self.nodes, cpu, memory, rows, None)

    @property
    def moves(self) -> Sequence[tuple[int, int, int]]:
        return self._moves

    @property
    def seated(self) -> Collection[int]:
        return self._devices

    def overlay(self) -> Overlay:
        copied = Overlay(self.cluster)
        for pod, row, sign in self._moves:
            if sign > 0:
                copied.add(pod, row, self._devices[pod])
            else:
                copied.remove(pod, row)
        return copied

    def _own_pods(self, row: int) -> None:
        if row not in self._own:
            self.nodes.pods_on[row] = dict(self.nodes.pods_on[row])
            self._own.add(row)

    def remove(self, pod: int, row: int) -> None:
        """As if the pod had left the node."""
        self._own_pods(row)
        self._move(pod, row, -1)
        held = self._devices.pop(pod, self.pods.devices[pod])
        requests = self.nodes.release(row, pod)
        if held:
            self.nodes.take_devices(row, held, -requests.gpu.milli)

    def add(self, pod: int, row: int, devices: int | None = None) -> None:
        """As if the pod ran there; devices default to those it holds."""
        self._own_pods(row)
        self._move(pod, row, 1)
        held = self.pods.devices[pod] if devices is None else devices
        self._devices[pod] = held
        self.nodes.charge(row, pod, self.cluster.requests_of(pod), held)

    def _move(self, pod: int, row: int, sign: int) -> None:
        undone = (pod, row, -sign)
        if undone in self._moves:
            self._moves.remove(undone)
        else:
            self._moves.append((pod, row, sign))


def _halves(
    nodes: NodeTable,
    cpu: int,
    memory: int,
    rows: slice | NDArray[np.intp],
    room: Floats | None,
) -> Floats:
    used = nodes.used_f[:, rows]
    halves = room if room is not None and room.shape == used.shape else np.empty_like(used)
    _MORE[0, 0], _MORE[1, 0] = cpu, memory
    np.add(used, _MORE, halves)
    np.divide(halves, nodes.twice_f[:, rows], halves)
    if not nodes.roomy(cpu, memory):
        np.minimum(halves, HALF, out=halves)
    return halves
