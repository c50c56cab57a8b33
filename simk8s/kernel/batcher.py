"""Group commit: everybody who waits shares one flush of the disk.

Law: one flush at a time; a flush covers everybody who arrived up to and including its start, and
starts as soon as there is somebody and the disk is free. `max_batch` bounds what one flush covers,
the rest waits for the one after it.
*Mirrors* etcd's write-ahead log, where proposals that queue up behind an fsync are saved by the
next one. *Departs*: proposals that coincide with the start of a flush are always in it.
"""

from __future__ import annotations

from collections.abc import Callable

from simk8s.errors import InvariantError


class Batcher:
    """One disk. `fsync_us` is drawn once per flush, when its first customer arrives."""

    __slots__ = ("_end_us", "_size", "_start_us", "busy_us", "commits", "fsync_us", "fsyncs",
                 "max_batch", "wait_us")  # fmt: skip

    def __init__(self, fsync_us: Callable[[], int], max_batch: int | None = None) -> None:
        if max_batch is not None and max_batch < 1:
            raise InvariantError(f"a batch holds at least one, not {max_batch}")
        self.fsync_us = fsync_us
        self.max_batch = max_batch
        self.commits = 0
        self.fsyncs = 0
        self.busy_us = 0
        self.wait_us = 0
        # The last flush that has somebody in it; it may lie in the future.
        self._start_us = -1
        self._end_us = 0
        self._size = 0

    def commit(self, arrival_us: int) -> int:
        """Write; answers when it is on disk."""
        if arrival_us > self._start_us or self._size == self.max_batch:
            duration_us = self.fsync_us()
            end_us = self._end_us
            self._start_us = arrival_us if arrival_us > end_us else end_us
            self._end_us = self._start_us + duration_us
            self._size = 0
            self.fsyncs += 1
            self.busy_us += duration_us
        self._size += 1
        self.commits += 1
        self.wait_us += self._end_us - arrival_us
        return self._end_us

    def outage(self, from_us: int, until_us: int) -> int:
        """The disk stands still in between. Answers by how much what was priced before moves:
        flushes that end after `from_us`."""
        shift_us = until_us - from_us
        if self._end_us <= from_us:
            self._end_us = until_us
            return shift_us
        if self._start_us >= from_us:
            self._start_us += shift_us
        self._end_us += shift_us
        return shift_us
