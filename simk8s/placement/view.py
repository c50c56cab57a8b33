"""What a plugin may look at: the cluster as the scheduler knows it, or that cluster with a few
pods moved.

An `Overlay` answers as if some pods had been removed from or added to named nodes. It copies the
amounts it changes and nothing else, so every plugin is right on it without knowing that it is
one.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable

from simk8s.state.cluster import Cluster
from simk8s.state.nodes import NodeTable
from simk8s.state.pods import PodTable


class View:
    """The scheduler's cache as it stands."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.nodes: NodeTable = cluster.nodes
        self.pods: PodTable = cluster.pods

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
        nodes.spare100_f = nodes.spare100_f.copy()
        nodes.open_lines(nodes.free, nodes.used_f, nodes.spare100_f)
        nodes.gpu_free = nodes.gpu_free.copy()
        nodes.pods_on = list(nodes.pods_on)
        nodes.dirty = []
        self.nodes = nodes
        self._own: set[int] = set()

    def _pods(self, row: int) -> dict[int, None]:
        if row not in self._own:
            self.nodes.pods_on[row] = dict(self.nodes.pods_on[row])
            self._own.add(row)
        return self.nodes.pods_on[row]

    def remove(self, pod: int, row: int) -> None:
        """As if the pod had left the node."""
        self._pods(row)
        self.nodes.release(row, pod, self.cluster.requests_of(pod), self.pods.devices[pod])

    def add(self, pod: int, row: int, devices: int | None = None) -> None:
        """As if the pod ran there; devices default to those it holds."""
        self._pods(row)
        held = self.pods.devices[pod] if devices is None else devices
        self.nodes.charge(row, pod, self.cluster.requests_of(pod), held)
