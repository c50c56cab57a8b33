"""Group commit: everybody who waits shares one flush of the disk.

Law: one flush at a time; a flush covers everybody who arrived up to and including its start, and
starts as soon as there is somebody and the disk is free. `max_batch` bounds what one flush covers,
the rest waits for the one after it. Answers never overtake: where a flush is answered at another
time than the disk is free again (a quorum of other disks), nobody is answered before those of the
flush before.
*Mirrors* etcd's write-ahead log, where proposals that queue up behind an fsync are saved by the
next one. *Departs*: proposals that coincide with the start of a flush are always in it. Who is
priced after somebody who reaches the disk later takes a flush of his own in the gap before that
one if it is wide enough, otherwise he shares it.
"""

from __future__ import annotations

from collections.abc import Callable

from simk8s.errors import InvariantError


class Batcher:
    """One disk. `fsync_us` is drawn once per flush, when its first customer arrives, and after it
    `answer_us`, the time from the start of the flush to its answers, if that is another one.
    """

    __slots__ = ("_answer_us", "_end_us", "_gap_us", "_start_us", "answer_us", "beside",
                 "busy_us", "commits", "fsync_us", "fsyncs", "max_batch", "size",
                 "wait_us")  # fmt: skip

    def __init__(
        self,
        fsync_us: Callable[[], int],
        max_batch: int | None = None,
        answer_us: Callable[[], int] | None = None,
    ) -> None:
        if max_batch is not None and max_batch < 1:
            raise InvariantError(f"a batch holds at least one, not {max_batch}")
        self.fsync_us = fsync_us
        self.answer_us = answer_us
        self.max_batch = max_batch
        self.beside: tuple[int, int] | None = None
        """Other flushes that change nothing here: (one every so many µs, how long each takes)."""
        self.commits = 0
        self.fsyncs = 0
        self.busy_us = 0
        self.wait_us = 0
        # The last flush that has somebody in it; it may lie in the future.
        self._start_us = -1
        self._end_us = 0
        self._answer_us = 0
        self.size = 0
        """How many the last flush has."""
        # When the disk was free again before that flush.
        self._gap_us = 0

    def commit(self, arrival_us: int) -> int:
        """Write; answers when it is on disk."""
        if arrival_us > self._start_us or self.size == self.max_batch:
            self._flush(arrival_us)
        elif arrival_us < self._start_us > self._gap_us:
            answered_us = self._in_gap(arrival_us)
            if answered_us:
                return answered_us
        self.size += 1
        self.commits += 1
        answered_us = self._answer_us
        self.wait_us += answered_us - arrival_us
        return answered_us

    def pending(self, arrival_us: int) -> int:
        """How many share the flush that somebody who arrives then would have to wait for."""
        return self.size if arrival_us <= self._start_us else 0

    def _flush(self, arrival_us: int) -> None:
        duration_us = self.fsync_us()
        self._gap_us = end_us = self._end_us
        start_us = arrival_us if arrival_us > end_us else end_us
        if self.beside is not None:
            period_us, flush_us = self.beside
            phase_us = start_us % (period_us if period_us > flush_us else flush_us)
            if phase_us < flush_us:  # wait for the end of the background flush in progress
                start_us += flush_us - phase_us
        self._start_us = start_us
        self._end_us = start_us + duration_us
        answer_us = start_us + (duration_us if self.answer_us is None else self.answer_us())
        if answer_us > self._answer_us:
            self._answer_us = answer_us
        self.size = 0
        self.fsyncs += 1
        self.busy_us += duration_us

    def _in_gap(self, arrival_us: int) -> int:
        """A flush before the last one, if the disk has the time; 0 = it has not."""
        start_us = arrival_us if arrival_us > self._gap_us else self._gap_us
        duration_us = self.fsync_us()
        if start_us + duration_us > self._start_us:
            return 0
        answer_us = duration_us if self.answer_us is None else self.answer_us()
        answered_us = min(start_us + answer_us, self._answer_us)
        self._gap_us = start_us + duration_us
        self.fsyncs += 1
        self.commits += 1
        self.busy_us += duration_us
        self.wait_us += answered_us - arrival_us
        return answered_us

    def outage(self, from_us: int, until_us: int) -> int:
        """The disk stands still in between. Answers by how much what was priced before moves:
        flushes that are answered after `from_us`."""
        shift_us = until_us - from_us
        if self._answer_us > from_us:
            self._answer_us += shift_us
        if self._end_us <= from_us:
            self._end_us = until_us
            return shift_us
        if self._start_us >= from_us:
            self._start_us += shift_us
            self._gap_us = max(self._gap_us, until_us)
        self._end_us += shift_us
        return shift_us
