"""How many pods of one namespace and selector run on each node, for the many owners of few pods.

Where ten thousand owners have fifteen pods each, a column over all nodes for every owner is mostly
zeros, and a log that every one of them reads is mostly about others. A flock holds the nodes that
have a pod of it and is told of every pod that comes or goes, by whoever knows its template.

Law: `on[n]` is the number of pods with that namespace and selector that are charged to node n and
are not being deleted; nodes without one are not in it. A flock that was dropped is told no more:
whoever holds one looks whether `Flocks.drops` has moved on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simk8s.state.selectors import LabelSelector

if TYPE_CHECKING:
    from simk8s.state.cluster import Cluster
    from simk8s.state.shapes import PodTemplate

FLOCKS_LIMIT = 1 << 16
"""Flocks kept; beyond it all are dropped."""
CHANGES_LIMIT = 64
DENSE = 128
"""From so many nodes on there is a column, too."""

Key = tuple[str, LabelSelector]
Line = tuple[str, str, str]


class Flock:
    """The pods of one namespace and selector, by node. Do not write to it."""

    __slots__ = ("_base", "_changes", "column", "on")

    def __init__(self) -> None:
        self.on: dict[int, int] = {}
        """Node row -> pods, more than 0."""
        self.column: NDArray[np.int64] | None = None
        """The same by node row, once there are many; it may be longer than the node table."""
        self._changes: list[tuple[int, int]] = []
        self._base = 0

    @property
    def changed(self) -> int:
        """Moves on whenever a count changes."""
        return self._base + len(self._changes)

    def since(self, changed: int) -> list[tuple[int, int]] | None:
        """(node row, by how much) of all changes after that state; None if it is too long ago."""
        return self._changes[changed - self._base :] if changed >= self._base else None

    def move(self, row: int, change: int, nodes: int) -> None:
        """So many pods more on a node, of so many nodes."""
        on = self.on
        count = on.get(row, 0) + change
        if count:
            on[row] = count
        else:
            del on[row]
        if self.column is not None or len(on) >= DENSE:
            self.by_node(nodes)[row] = count
        changes = self._changes
        changes.append((row, change))
        if len(changes) > CHANGES_LIMIT:
            self._base += len(changes) // 2
            del changes[: len(changes) // 2]

    def by_node(self, nodes: int) -> NDArray[np.int64]:
        """The column for so many nodes."""
        if self.column is None:
            self.column = np.zeros(nodes, np.int64)
            self.column[list(self.on)] = list(self.on.values())
        elif len(self.column) < nodes:
            missing = np.zeros(nodes - len(self.column), np.int64)
            self.column = np.concatenate((self.column, missing))
        return self.column[:nodes]


class Flocks:
    """All flocks of a cluster, and which of them a template belongs to."""

    def __init__(self, cluster: Cluster) -> None:
        self.drops = 0
        """How often all flocks have been dropped."""
        self._cluster = cluster
        self.by_key: dict[Key, Flock] = {}
        """Where there is none, nobody has to be told of moves."""
        self._by_line: dict[Line, list[tuple[Key, Flock]]] = {}
        """By the rarest label that its selector demands."""
        self._others: list[tuple[Key, Flock]] = []
        """Those whose selectors demand no label with one value."""
        self._of: dict[int, list[Flock]] = {}
        """By template number, for templates that had pods come or go."""

    def get(self, namespace: str, selector: LabelSelector) -> Flock:
        """The flock of these; counted if it is new."""
        key = (namespace, selector)
        known = self.by_key.get(key)
        return self._make(key) if known is None else known

    def move(self, pod: int, row: int, sign: int) -> None:
        """A pod that is not being deleted came to a node (1), or left it or begins to (−1)."""
        cluster = self._cluster
        template = cluster.pods.template[pod]
        flocks = self._of.get(template)
        if flocks is None:
            flocks = self._of[template] = self._joined(cluster.templates.items[template])
        for flock in flocks:
            flock.move(row, sign, cluster.nodes.n)

    def _joined(self, template: PodTemplate) -> list[Flock]:
        near = list(self._others)
        for label in template.labels.items():
            near += self._by_line.get((template.namespace, *label), ())
        return [flock for key, flock in near if _selects(key, template)]

    def _make(self, key: Key) -> Flock:
        if len(self.by_key) >= FLOCKS_LIMIT:
            self._drop_all()
        flock = self.by_key[key] = Flock()
        self._cluster.counts = True
        templates = self._cluster.templates
        line, among = templates.rarest(*key)
        if line is None:
            self._others.append((key, flock))
        else:
            self._by_line.setdefault(line, []).append((key, flock))
        for number in range(len(templates.items)) if among is None else among:
            if _selects(key, templates.items[number]):
                self._count(flock, number)
        return flock

    def _count(self, flock: Flock, template: int) -> None:
        joined = self._of.get(template)
        if joined is not None:
            joined.append(flock)
        cluster = self._cluster
        charged, nodes = cluster.pods.charged, cluster.nodes.n
        for pod in cluster.charged_of(template):
            if cluster.is_live(pod):
                flock.move(charged[pod], 1, nodes)

    def _drop_all(self) -> None:
        self.drops += 1
        self.by_key.clear()
        self._by_line.clear()
        self._others.clear()
        self._of.clear()


def _selects(key: Key, template: PodTemplate) -> bool:
    """An empty selector counts nobody, though it matches everybody."""
    namespace, selector = key
    if selector.empty or template.namespace != namespace:
        return False
    return selector.matches(template.labels)
