"""How much of something each node holds, counted from the pods that come and go.

A tally weighs pods by their template (0 = not counted) and keeps the sum per node. It is repaired
from the log of moves when somebody looks; a reader that fell too far behind recounts.

Law: `tally(n) = Σ weight(template(p))` over the pods p charged to node n; a tally that ignores
terminating pods leaves out those whose deletion has begun.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from simk8s.state.cluster import Cluster
    from simk8s.state.shapes import PodTemplate

Counts = NDArray[np.int64]
Weigh = Callable[["PodTemplate"], int]
Move = tuple[int, int, "Kind"]
"""(pod, node row, what happened)."""

LOG_LIMIT = 1 << 16
CHANGES_LIMIT = 1 << 12
TALLIES_LIMIT = 1 << 12
"""Tallies kept by key; one of 5,000 nodes takes 40 KB."""


class Kind(IntEnum):
    """What happened to a pod on a node; terminating pods come and go on their own terms."""

    ADDED = 0
    REMOVED = 1
    TERMINATING = 2
    ADDED_TERMINATING = 3
    REMOVED_TERMINATING = 4


LIVE_SIGN = (1, -1, -1, 0, 0)
"""By kind: change of a tally that ignores terminating pods."""
ALL_SIGN = (1, -1, 0, 1, -1)
"""By kind: change of a tally that counts them."""


class Tally:
    """One count per node. Do not write to `count`."""

    __slots__ = ("_base", "_changes", "_signs", "_weigh", "count", "position", "weighed")

    def __init__(self, weigh: Weigh, *, live: bool) -> None:
        self._weigh = weigh
        self.weighed: dict[int, int] = {}
        """Template number -> its weight, as far as known."""
        self._signs = LIVE_SIGN if live else ALL_SIGN
        self.count: Counts = np.zeros(0, np.int64)
        self.position = -1
        self._changes: list[tuple[int, int]] = []
        self._base = 0

    @property
    def changed(self) -> int:
        """Moves on whenever a count changes."""
        return self._base + len(self._changes)

    def since(self, changed: int) -> list[tuple[int, int]] | None:
        """(node row, by how much) of all changes after that state; None if it is too long ago."""
        return self._changes[changed - self._base :] if changed >= self._base else None

    def restart(self, n: int) -> None:
        """Count anew from nothing; whoever followed the changes has to do the same."""
        self.count = np.zeros(n, np.int64)
        self._base = self.changed + 1
        self._changes.clear()

    def weight(self, template: PodTemplate) -> int:
        """What one pod of that template counts for."""
        known = self.weighed.get(template.id)
        if known is None:
            known = self.weighed[template.id] = self._weigh(template)
        return known

    def sign(self, kind: Kind) -> int:
        """By how much a move of that kind changes the tally, in weights."""
        return self._signs[kind]

    def fit(self, n: int) -> None:
        """Make room for n nodes."""
        if len(self.count) < n:
            grown = np.zeros(n, np.int64)
            grown[: len(self.count)] = self.count
            self.count = grown

    def apply(self, template: PodTemplate, row: int, kind: Kind) -> None:
        """Count one move."""
        change = self._signs[kind] * self.weight(template)
        if change:
            self.count[row] += change
            self._changes.append((row, change))
            if len(self._changes) > CHANGES_LIMIT:
                half = len(self._changes) // 2
                del self._changes[:half]
                self._base += half


class Tallies:
    """All tallies of a cluster, by key, and the log of moves that they read."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.by_key: dict[Hashable, Tally] = {}
        """Where there is none, nobody has to be told of moves."""
        self._log: list[Move] = []
        self._base = 0

    @property
    def end(self) -> int:
        """Position after the last move."""
        return self._base + len(self._log)

    def note(self, pod: int, row: int, kind: Kind) -> None:
        """A pod came to a node, left it, or began to terminate there."""
        if not self.by_key:
            return
        self._log.append((pod, row, kind))
        if len(self._log) > LOG_LIMIT:
            half = len(self._log) // 2
            del self._log[:half]
            self._base += half

    def get(
        self, key: Hashable, weigh: Weigh, *, live: bool, among: Iterable[int] | None = None
    ) -> Tally:
        """The tally of that key, up to date; `weigh` must be determined by the key. `among`: the
        templates that may weigh something, as far as there are pods of them.
        """
        tally = self.by_key.get(key)
        if tally is None:
            if len(self.by_key) >= TALLIES_LIMIT:
                self.by_key.clear()  # who holds one goes on with it
            tally = self.by_key[key] = Tally(weigh, live=live)
            self._cluster.counts = True
            if among is not None:
                self._count(tally, among)
        self.refresh(tally)
        return tally

    def _count(self, tally: Tally, among: Iterable[int]) -> None:
        cluster = self._cluster
        tally.fit(cluster.nodes.n)
        for template in among:
            for pod in cluster.charged_of(template):
                kind = cluster.arrival(pod)
                tally.apply(cluster.templates.items[template], cluster.pods.charged[pod], kind)
        tally.position = self.end

    def refresh(self, tally: Tally) -> None:
        """Bring a tally of this cluster up to date."""
        n, end = self._cluster.nodes.n, self.end
        tally.fit(n)
        if tally.position < self._base:
            self._recount(tally)
        elif tally.position != end:
            template_of, weighed = self._cluster.template_of, tally.weighed
            shape_of = self._cluster.pods.template
            for pod, row, kind in self._log[tally.position - self._base :]:
                if weighed.get(shape_of[pod], 1):
                    tally.apply(template_of(pod), row, kind)
        tally.position = end

    def _recount(self, tally: Tally) -> None:
        cluster = self._cluster
        tally.restart(cluster.nodes.n)
        for row, pods in enumerate(cluster.nodes.pods_on):
            for pod in pods:
                tally.apply(cluster.template_of(pod), row, cluster.arrival(pod))
