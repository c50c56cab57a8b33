"""Change logs and the cursors that read them: a watch is a cursor with a lag.

Law: a log is in commit order; a cursor rings its reader for entries with a verb of its interest
and hands out each entry once, no earlier than `lag_us` after it was dispatched, and rings its
reader's bell for it. An entry is dispatched when the cacher of its resource, one loop that takes
events in order, is through with it. What every cursor has read is dropped.

Mirrors: the watch cache of kube-apiserver v1.36 (dispatch, see fanout) and client-go informers,
whose way (network, decoding) is one number, the lag. Departs: no relists, no resyncs
(level-triggered readers do not need them).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from enum import IntEnum
from operator import itemgetter
from typing import Any

from simk8s.api.fanout import Fanout
from simk8s.kernel.clock import Clock
from simk8s.kernel.wake import Bell

TRIM_AT = 1 << 16


class Verb(IntEnum):
    """What happened to an object."""

    ADDED = 0
    BOUND = 1
    STATUS = 2
    DELETING = 3
    DELETED = 4
    UPDATED = 5
    ENDED = 6
    """A pod has succeeded or failed."""


ADDED, BOUND, STATUS, DELETING, DELETED, UPDATED, ENDED = Verb
"""By themselves: to look a member up on its class costs 70 ns."""

Entry = tuple[int, Verb, Any]
"""(time in µs from which it can be seen, verb, row or key): its commit and the dispatch."""
_SEEN_US = itemgetter(0)
Tap = Callable[[Verb, Any], None]


class Cursor:
    """One reader's place in a log."""

    __slots__ = ("_log", "_wants", "bell", "lag_us", "position")

    def __init__(self, log: ChangeLog, bell: Bell, lag_us: int, wants: int) -> None:
        self._log = log
        self.bell = bell
        self.lag_us = lag_us
        self.position = log.end
        self._wants = wants

    @property
    def wants(self) -> int:
        """Verbs that ring the bell, one bit each."""
        return self._wants

    @wants.setter
    def wants(self, bits: int) -> None:
        self._wants = bits
        self._log.regroup()

    @property
    def behind(self) -> bool:
        """Whether there is an entry that was not handed out."""
        return self.position != self._log.end

    def drain(self, now_us: int) -> list[Entry]:
        """Entries visible now and not handed out before."""
        log = self._log
        start = self.position - log.base
        entries = log.entries
        end = len(entries)
        if end == start:
            return []
        horizon = now_us - self.lag_us
        if entries[-1][0] > horizon:
            if entries[start][0] > horizon:
                return []
            end = bisect_right(entries, horizon, start, end, key=_SEEN_US)
        self.position = log.base + end
        return entries[start:end]


class ChangeLog:
    """What happened to the objects of one kind, in commit order."""

    def __init__(self, clock: Clock, kind: str, fanout: Fanout | None = None) -> None:
        self.kind = kind
        self.base = self.end = 0
        """Positions of the first entry that is kept, and after the last one."""
        self.entries: list[Entry] = []
        self.dispatch_us = 0
        """What one event takes in the dispatch loop at present."""
        self._dispatched_us = 0
        self._fanout = fanout
        self._clock = clock
        self._cursors: list[Cursor] = []
        self._wanting: list[list[Cursor]] = [[] for _ in Verb]  # by verb
        self._taps: list[tuple[Tap, ...]] = [() for _ in Verb]
        if fanout is not None:
            fanout.listen(self._watched)
            self._watched(kind)

    def subscribe(self, bell: Bell, lag_us: int = 0, verbs: Iterable[Verb] = tuple(Verb)) -> Cursor:
        """A cursor at the end of the log; its bell is rung for later entries with one of `verbs`.

        Other entries are handed out too, with the next that rings: a reader skips what it does
        not know.
        """
        cursor = Cursor(self, bell, lag_us, sum(1 << verb for verb in verbs))
        self._cursors.append(cursor)
        self._count()
        self.regroup()
        return cursor

    def tap(self, hear: Tap, verbs: Iterable[Verb]) -> None:
        """Call `hear(verb, item)` at every commit of these verbs. This is for instruments: nobody
        in the simulated world knows of a tap, waits for it or pays for it.
        """
        for verb in verbs:
            self._taps[verb] = (*self._taps[verb], hear)

    def untap(self, hear: Tap) -> None:
        """No more."""
        self._taps = [tuple(one for one in taps if one != hear) for taps in self._taps]

    def regroup(self) -> None:
        """A cursor's interests have changed."""
        self._wanting = [[c for c in self._cursors if c.wants >> verb & 1] for verb in Verb]

    def unsubscribe(self, cursor: Cursor) -> None:
        """The cursor reads no more, and what it has not read need not be kept."""
        self._cursors.remove(cursor)
        self._count()
        self.regroup()

    def append(self, verb: Verb, item: Any) -> None:
        """Record a change that commits now."""
        now_us = seen_us = self._clock.now_us
        entries = self.entries
        busy_us = self._dispatched_us
        if self.dispatch_us or busy_us > now_us:  # one loop, in order: times never go back
            seen_us = (busy_us if busy_us > now_us else now_us) + self.dispatch_us
            self._dispatched_us = seen_us
        entries.append((seen_us, verb, item))
        self.end += 1
        for cursor in self._wanting[verb]:
            if seen_us + cursor.lag_us == now_us:
                cursor.bell.ring()
            else:
                cursor.bell.ring_at(seen_us + cursor.lag_us)
        for hear in self._taps[verb]:
            hear(verb, item)
        if len(entries) >= TRIM_AT:
            self._trim()

    def _count(self) -> None:
        if self._fanout is not None:
            self._fanout.cursors(self.kind, len(self._cursors))

    def _watched(self, resource: str) -> None:
        if resource == self.kind and self._fanout is not None:
            self.dispatch_us = self._fanout.cost_us(resource)

    def _trim(self) -> None:
        read = min((cursor.position for cursor in self._cursors), default=self.end) - self.base
        if read * 2 >= len(self.entries):
            del self.entries[:read]
            self.base += read
