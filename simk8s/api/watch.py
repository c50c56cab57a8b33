"""Change logs and the cursors that read them: a watch is a cursor with a lag.

Law: a log is in commit order; a cursor rings its reader for entries with a verb of its interest
and hands out each entry once, no earlier than `lag_us` after its commit, and rings its reader's
bell for it. What every cursor has read is dropped.

Mirrors: the watch cache and client-go informers of v1.36 as one number, the lag. Departs: no
relists, no resyncs (level-triggered readers do not need them).
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import Any

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
"""(commit time in µs, verb, row or key)."""


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

    def drain(self, now_us: int) -> list[Entry]:
        """Entries visible now and not handed out before."""
        log = self._log
        start = self.position - log.base
        entries = log.entries
        end = len(entries)
        horizon = now_us - self.lag_us
        if end > start and entries[-1][0] > horizon:
            while end > start and entries[end - 1][0] > horizon:
                end -= 1
        self.position = log.base + end
        return entries[start:end]


class ChangeLog:
    """What happened to the objects of one kind, in commit order."""

    def __init__(self, clock: Clock, kind: str) -> None:
        self.kind = kind
        self.base = 0
        self.entries: list[Entry] = []
        self._clock = clock
        self._cursors: list[Cursor] = []
        self._wanting: list[list[Cursor]] = [[] for _ in Verb]  # by verb

    @property
    def end(self) -> int:
        """Position after the last entry."""
        return self.base + len(self.entries)

    def subscribe(self, bell: Bell, lag_us: int = 0, verbs: Iterable[Verb] = tuple(Verb)) -> Cursor:
        """A cursor at the end of the log; its bell is rung for later entries with one of `verbs`.

        Other entries are handed out too, with the next that rings: a reader skips what it does
        not know.
        """
        cursor = Cursor(self, bell, lag_us, sum(1 << verb for verb in verbs))
        self._cursors.append(cursor)
        self.regroup()
        return cursor

    def regroup(self) -> None:
        """A cursor's interests have changed."""
        self._wanting = [[c for c in self._cursors if c.wants >> verb & 1] for verb in Verb]

    def unsubscribe(self, cursor: Cursor) -> None:
        """The cursor reads no more, and what it has not read need not be kept."""
        self._cursors.remove(cursor)

    def append(self, verb: Verb, item: Any) -> None:
        """Record a change that commits now."""
        now_us = self._clock.now_us
        entries = self.entries
        entries.append((now_us, verb, item))
        for cursor in self._wanting[verb]:
            cursor.bell.ring_at(now_us + cursor.lag_us)
        if len(entries) >= TRIM_AT:
            self._trim()

    def _trim(self) -> None:
        read = min((cursor.position for cursor in self._cursors), default=self.end) - self.base
        if read * 2 >= len(self.entries):
            del self.entries[:read]
            self.base += read
