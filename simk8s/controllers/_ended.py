"""Pods that have ended and are still there, the first to be removed first.

Law: evicted ones go before others, older ones before younger ones. Nothing is kept while there are
no more than may stay: then an ended pod costs one comparison.

Mirrors: gcTerminated and byEvictionAndCreationTimestamp, pkg/controller/podgc v1.36.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush

from simk8s.api.store import Store
from simk8s.api.watch import Verb
from simk8s.state.cluster import TERMINAL
from simk8s.state.pods import FAILED, SUCCEEDED, Loss

Place = tuple[bool, int, int]


class Ended:
    """See the module; `over` is called whenever a pod ends and there are too many."""

    def __init__(self, store: Store, most: int, over: Callable[[], None]) -> None:
        self._store, self._most, self._over = store, most, over
        self._pods = store.cluster.pods
        self._line: list[Place] | None = None
        """A heap, once there were too many."""
        if most:
            store.pods.tap(self._hear, (Verb.ENDED,))

    def close(self) -> None:
        """Nobody asks any more."""
        self._store.pods.untap(self._hear)

    def _hear(self, verb: Verb, pod: int) -> None:
        if self._line is not None:
            heappush(self._line, self._place(pod))
        if self.surplus > 0:
            self._over()

    @property
    def surplus(self) -> int:
        """So many more than may stay."""
        counts = self._store.counts
        return counts[SUCCEEDED] + counts[FAILED] - self._most if self._most else 0

    def take(self) -> list[int]:
        """Those that are too many."""
        phases = self._pods.phase
        if self._line is None:
            self._line = [self._place(p) for p, phase in enumerate(phases) if phase in TERMINAL]
            heapify(self._line)
        found: list[int] = []
        while self._line and len(found) < self.surplus:
            pod = heappop(self._line)[2]
            if phases[pod] in TERMINAL:
                found.append(pod)
        return found

    def _place(self, pod: int) -> Place:
        return self._pods.loss[pod] != Loss.NODE_PRESSURE, self._pods.created_us[pod], pod
