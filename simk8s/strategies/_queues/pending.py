"""The line before one ClusterQueue: who may be its head, and who waits for something to change.

Two queueing strategies. StrictFIFO: a head that is not admitted stays the head, and nobody behind
it is tried. BestEffortFIFO: it steps aside until quota is freed somewhere in its cohorts, and with
`hashing` all that are equivalent to it do so with it. A workload for which others are being
evicted stays the head with either.

Law: heads come by priority, then by age. Nobody is in two places.

Mirrors: Kueue v0.18 pkg/cache/queue cluster_queue.go: popCycle, inadmissible workloads, sticky
preemptor, SchedulingEquivalenceHashing (beta, on). Departs: a head of which the answer could
only be the same (a strict one that was refused, one overtaken in a cycle that admitted nobody) is
taken along in cycles that others cause and causes none (the original tries over and over, at least
every 100 ms).
"""

from __future__ import annotations

from collections.abc import Hashable
from enum import Enum
from heapq import heappop, heappush

from simk8s.strategies._queues.workload import Workload


class Why(Enum):
    """What became of a head that was not admitted."""

    NO_FIT = "its quota has no room"
    NO_CANDIDATES = "its quota has no room, and nobody may be evicted"
    PREEMPTING = "waiting for evicted workloads to go"
    OVERTAKEN = "another workload of this cycle took the room"


_Entry = tuple[int, int, int, int, Workload]


class Pending:
    """See the module."""

    def __init__(self, strict: bool, hashing: bool = True) -> None:
        self._strict, self._hashing = strict, hashing
        self._heap: list[_Entry] = []
        self._tokens: dict[int, int] = {}
        """Of who is in the heap: what its valid entry says."""
        self._token = 0
        self.parked: dict[int, Workload] = {}
        self._hopeless: set[Hashable] = set()
        """Kinds of which nobody fits; looked up."""
        self.held: Workload | None = None
        """The head that keeps its place: a strict one, or one that has others evicted."""
        self.fresh = False
        """Whether a head could have a new answer."""
        self._cycle = 0
        self._freed_in = -1
        self._flying: Workload | None = None

    def __len__(self) -> int:
        flying = self._flying is not None and self._flying is not self.held
        return len(self._tokens) + len(self.parked) + (self.held is not None) + flying

    def push(self, workload: Workload) -> None:
        """A new one, or one that was evicted."""
        kind = workload.kind
        if not self._strict and kind is not None and kind in self._hopeless:
            self.parked[workload.number] = workload
        else:
            self._activate(workload)

    def _activate(self, workload: Workload) -> None:
        held = self.held
        if held is not None and self._strict and _key(workload) < _key(held):
            self._enter(held)
            self.held = None
        self._enter(workload)
        if self.held is None:
            self.fresh = True

    def _enter(self, workload: Workload) -> None:
        self._token += 1
        self._tokens[workload.number] = self._token
        heappush(self._heap, (*_key(workload), self._token, workload))

    def remove(self, workload: Workload) -> None:
        """It is gone, wherever it was."""
        self._tokens.pop(workload.number, None)
        self.parked.pop(workload.number, None)
        if self.held is workload:
            self.held, self.fresh = None, True

    def pop(self) -> Workload | None:
        """The head, for one cycle."""
        self._cycle += 1
        self.fresh = False
        self._flying = self.held
        while self._flying is None and self._heap:
            *_, token, workload = heappop(self._heap)
            if self._tokens.get(workload.number) == token:
                del self._tokens[workload.number]
                self._flying = workload
        return self._flying

    def admitted(self) -> None:
        """The head is; the next one may be tried."""
        self.held = self._flying = None
        self.fresh = bool(self._tokens)

    def refuse(self, why: Why, moved: bool = True) -> None:
        """The head is not; `moved`: somebody else of its tree was admitted in the cycle."""
        workload, self._flying = self._flying, None
        assert workload is not None
        missed = self._freed_in >= self._cycle
        self.held = None
        if why is Why.PREEMPTING or (self._strict and why is not Why.OVERTAKEN):
            self.held = workload
            self.fresh = missed
        elif why is Why.OVERTAKEN or missed:
            self._enter(workload)
            self.fresh = missed or moved
        else:
            self.parked[workload.number] = workload
            self._park_alike(workload.kind)
            self.fresh = bool(self._tokens)

    def _park_alike(self, kind: Hashable) -> None:
        if not self._hashing or kind is None:
            return
        self._hopeless.add(kind)
        for *_, token, other in self._heap:
            if other.kind == kind and self._tokens.get(other.number) == token:
                del self._tokens[other.number]
                self.parked[other.number] = other

    def freed(self) -> None:
        """Quota has been freed: all that wait are to be tried again."""
        self._freed_in = self._cycle
        self._hopeless.clear()
        for workload in self.parked.values():
            self._enter(workload)
        self.parked.clear()
        self.fresh = bool(self._tokens) or self.held is not None


def _key(workload: Workload) -> tuple[int, int, int]:
    return -workload.priority, workload.since_us, workload.number
