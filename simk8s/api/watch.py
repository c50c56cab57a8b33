"""Change logs and the cursors that read them: a watch is a cursor with a lag.

Law: a log is in commit order; a cursor rings its reader for entries with a verb of its interest
and hands out each entry once, no earlier than `lag_us` after it was dispatched, and rings its
reader's bell for it. An entry is dispatched when the cacher of its resource, one loop that takes
events in order, is through with it.

How: nothing is kept but what a reader has not read yet, with the reader. Where dispatch and lag
take no time and no instrument listens, an entry goes straight to those who know its verb.

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

TRIM_AT = 1 << 10
"""Entries that were read are dropped when there are so many of them, and more than unread ones."""


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
    """One reader of a log, with what it has not read."""

    __slots__ = ("_log", "_start", "_wants", "bell", "knows", "lag_us", "pending", "timed")

    def __init__(self, log: ChangeLog, bell: Bell, lag_us: int, wants: int, knows: int) -> None:
        self._log = log
        self.bell = bell
        self.lag_us = lag_us
        self._wants = wants
        self.knows = knows | wants
        """Verbs that are handed out, one bit each."""
        self.pending: list[Entry] = []
        """Entries that were not handed out: empty if there are none."""
        self._start = 0  # of those, so many have been after all
        self.timed = True
        """Whether some of them may have to wait."""

    @property
    def wants(self) -> int:
        """Verbs that ring the bell, one bit each."""
        return self._wants

    @wants.setter
    def wants(self, bits: int) -> None:
        self._wants = bits
        self.knows |= bits
        self._log.regroup()

    def drain(self, now_us: int) -> list[Entry]:
        """Entries visible now and not handed out before."""
        if self.timed:
            return self._visible(now_us - self.lag_us)
        found, self.pending = self.pending, []
        return found

    def settle(self, timed: bool) -> None:
        """For the log: from now on entries may have to wait, or none has to."""
        if self._start:
            del self.pending[: self._start]
            self._start = 0
        self.timed = timed

    def _visible(self, horizon_us: int) -> list[Entry]:
        """Those that were dispatched by then."""
        pending, start = self.pending, self._start
        if not pending or pending[start][0] > horizon_us:
            return []
        if pending[-1][0] <= horizon_us:
            self.pending, self._start = [], 0
            return pending[start:] if start else pending
        end = self._start = bisect_right(pending, horizon_us, start, key=_SEEN_US)
        found = pending[start:end]
        if end >= TRIM_AT and end * 2 >= len(pending):
            del pending[:end]
            self._start = 0
        return found


class ChangeLog:
    """What happened to the objects of one kind, in commit order."""

    def __init__(self, clock: Clock, kind: str, fanout: Fanout | None = None) -> None:
        self.kind = kind
        self.dispatch_us = 0
        """What one event takes in the dispatch loop at present."""
        self._dispatched_us = 0
        self._fanout = fanout
        self._clock = clock
        self._cursors: list[Cursor] = []
        self._plain = False
        """Nothing takes time and no instrument listens."""
        # Who is told, by verb, and how he is rung if he is.
        self._told: list[tuple[tuple[Cursor, Callable[[], None] | None], ...]] = []
        self._taps: list[tuple[Tap, ...]] = [() for _ in Verb]
        self.regroup()
        if fanout is not None:
            fanout.listen(self._watched)
            self._watched(kind)

    def subscribe(
        self,
        bell: Bell,
        lag_us: int = 0,
        verbs: Iterable[Verb] = tuple(Verb),
        others: Iterable[Verb] = tuple(Verb),
    ) -> Cursor:
        """A cursor at the end of the log; its bell is rung for later entries with one of `verbs`.

        Those with one of `others` are handed out too, with the next that rings.
        """
        cursor = Cursor(self, bell, lag_us, _bits(verbs), _bits(others))
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
        self.regroup()

    def untap(self, hear: Tap) -> None:
        """No more."""
        self._taps = [tuple(one for one in taps if one != hear) for taps in self._taps]
        self.regroup()

    def regroup(self) -> None:
        """What cursors want, who listens or what dispatch takes has changed."""
        waits = self.dispatch_us > 0 or self._dispatched_us > self._clock.now_us
        lags = False
        for cursor in self._cursors:
            cursor.settle(waits or cursor.lag_us > 0)
            lags = lags or cursor.timed
        self._plain = not (waits or lags or any(self._taps))
        self._told = [
            tuple((c, c.bell.ring if c.wants >> verb & 1 else None)
                  for c in self._cursors if c.knows >> verb & 1)
            for verb in Verb
        ]  # fmt: skip

    def unsubscribe(self, cursor: Cursor) -> None:
        """The cursor reads no more."""
        self._cursors.remove(cursor)
        self._count()
        self.regroup()

    @property
    def seen_us(self) -> int:
        """From when on what is recorded now can be seen; to be asked right after `append`."""
        now_us = self._clock.now_us
        return now_us if now_us > self._dispatched_us else self._dispatched_us

    def append(self, verb: Verb, item: Any) -> None:
        """Record a change that commits now."""
        if not self._plain:
            self._dispatch(verb, item)
            return
        entry = (self._clock.now_us, verb, item)
        for cursor, ring in self._told[verb]:
            cursor.pending.append(entry)
            if ring is not None:
                ring()

    def _dispatch(self, verb: Verb, item: Any) -> None:
        """The same where it takes time, or where an instrument listens."""
        now_us = seen_us = self._clock.now_us
        busy_us = self._dispatched_us
        if self.dispatch_us or busy_us > now_us:  # one loop, in order: times never go back
            seen_us = (busy_us if busy_us > now_us else now_us) + self.dispatch_us
            self._dispatched_us = seen_us
        entry = (seen_us, verb, item)
        for cursor, ring in self._told[verb]:
            cursor.pending.append(entry)
            if ring is None:
                continue
            if seen_us + cursor.lag_us == now_us:
                ring()
            else:
                cursor.bell.ring_at(seen_us + cursor.lag_us)
        for hear in self._taps[verb]:
            hear(verb, item)

    def _count(self) -> None:
        if self._fanout is not None:
            self._fanout.cursors(self.kind, len(self._cursors))

    def _watched(self, resource: str) -> None:
        if resource == self.kind and self._fanout is not None:
            self.dispatch_us = self._fanout.cost_us(resource)
            self.regroup()


def _bits(verbs: Iterable[Verb]) -> int:
    return sum(1 << verb for verb in verbs)
