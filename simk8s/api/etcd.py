"""etcd: when a write is committed, and whether it is taken at all.

A proposal waits for the flush of the write-ahead log that it shares with whoever waits beside it;
the flush is answered when a majority has it on disk: the k-th smallest of the leader's fsync and
the followers' round trip + fsync, drawn per flush. Then it is applied, unless a backend commit
is in progress, which it waits out.

Law: commits are in the order of flushes, and nothing that was answered is taken back. The database
grows by what is written; a compaction every 5 min drops the revisions from before the last one;
above the quota writes are refused. Compactions, backend commits and background flushes are
functions of time, never events.

Mirrors: etcd v3.6 (wal, raft quorum, mvcc backend batch of 100 ms, quota-backend-bytes, proposals
refused when more than 5,000 wait), compaction by kube-apiserver v1.36. Disk profiles: `virtual` is
measured (recordings of a real control plane), the others UNVERIFIED priors of the behaviour notes.
Departs: the leader pipelines nothing but its own disk; an alarm is lifted by the compaction that
brings the database below its quota, as if somebody defragmented and disarmed it then; snapshots
cost nothing; a slow follower never needs one.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from simk8s.api.costs import spread_us
from simk8s.kernel.batcher import Batcher
from simk8s.kernel.histogram import Histogram

Spread = tuple[int, int]
"""Median and 99th percentile in µs; zeros = no time at all."""

COMPACTION_US = 300_000_000
BACKEND_US = 100_000
MAX_PENDING = 5_000
EVENT_TTL_SLOTS = 12
"""Events live for an hour: twelve compactions."""
_BATCH = 4_096
_MASK = _BATCH - 1
REFUSED = -1
_ONE = 1_000
"""Slowdown of the disk is counted in thousandths."""


@dataclass(frozen=True, slots=True)
class EtcdTimes:
    """Members, their disks and the way between them."""

    members: int = 1
    round_trip_us: int = 500
    fsync: Spread = (550, 5_500)
    backend_commit: Spread = (1_200, 10_000)
    apply_us: int = 30
    quota_bytes: int = 2 << 30
    max_batch: int | None = None
    election_us: Spread = (1_000_000, 3_000_000)
    """Bounds of the time without a leader."""


class Etcd:
    """One cluster; `live_bytes` tells what the objects take without their history."""

    def __init__(self, times: EtcdTimes, draws: Generator) -> None:
        self.times = times
        self.live_bytes: Callable[[], int] = lambda: 0
        self.refused = 0
        self.alarms = 0
        self.history_bytes = 0
        self.waits = Histogram()
        self.flushes = Histogram()
        self._new_waits = array("q")
        self._new_flushes = array("q")
        """Since the last compaction; not in the histograms yet."""
        self._draws = draws
        self._quota_bytes, self._apply_us = times.quota_bytes, times.apply_us
        self._factors: list[int] = []
        self._slow = _ONE
        self._flushes = self._drawn()
        self._answer_us = 0
        many = times.members > 1
        self.log = Batcher(self._fsync, times.max_batch, self._answer if many else None)
        self._backend = _spread(draws, times.backend_commit)
        self._typical = np.sort(self._flushes_of(_BATCH)[0])[_BATCH // 128 :: _BATCH // 64].tolist()
        self._beside_per_s = 0.0
        self._beside_bytes = 0.0
        self._since_us = 0
        self._slot = 0
        self._old_bytes = 0
        self._live = 0
        self._events = [0] * EVENT_TTL_SLOTS
        self._alarm = False

    @property
    def quorum(self) -> int:
        """Members that have to have a write on disk."""
        return self.times.members // 2 + 1

    def commit(self, arrival_us: int, object_bytes: int, is_event: bool = False) -> int:
        """A proposal; when it is applied, or REFUSED."""
        slot = arrival_us // COMPACTION_US
        if slot > self._slot:
            self._compact(slot)
        if self._alarm or self._live + self.history_bytes > self._quota_bytes:
            return self._no_space()
        log = self.log
        if log.size >= MAX_PENDING and log.pending(arrival_us) >= MAX_PENDING:
            self.refused += 1
            return REFUSED
        self.history_bytes += object_bytes
        if is_event:
            self._events[slot % EVENT_TTL_SLOTS] += object_bytes
        answered_us = log.commit(arrival_us)
        phase_us = answered_us % BACKEND_US
        backend_us = self._backend[answered_us // BACKEND_US & _MASK]
        if self._slow != _ONE:
            backend_us = backend_us * self._slow // _ONE
        if phase_us < backend_us:
            answered_us += backend_us - phase_us
        answered_us += self._apply_us
        self._new_waits.append(answered_us - arrival_us)
        return answered_us

    def row(self, elapsed_us: int) -> tuple[object, ...]:
        """The row of the `controllers` table: a reconcile is an fsync, a wait a proposal's time
        until it was applied.
        """
        self._count()
        log, waits = self.log, self.waits
        mean = waits.total / waits.count if waits.count else 0.0
        service = log.busy_us / log.fsyncs if log.fsyncs else 0.0
        share = log.busy_us / elapsed_us if elapsed_us else 0.0
        return (
            "etcd", self.times.members, log.fsyncs,
            mean, waits.percentile(50), waits.percentile(99),
            service, self.flushes.percentile(50), self.flushes.percentile(99),
            log.busy_us, share, log.commits, 0, self.refused,
        )  # fmt: skip

    def size_bytes(self, now_us: int) -> int:
        """What the database takes now."""
        slot = now_us // COMPACTION_US
        if slot != self._slot:
            self._compact(slot)
        self._grow(now_us)
        return self._live + self.history_bytes

    # --- what changes the disk

    def slow(self, factor_thousandths: int) -> None:
        """From now on everything that touches a disk takes so many times as long."""
        self._factors.append(factor_thousandths)
        self._rate()

    def recover(self, factor_thousandths: int) -> None:
        """One such slowdown is over."""
        self._factors.remove(factor_thousandths)
        self._rate()

    def lose_leader(self, now_us: int) -> int:
        """No leader until the instant that is answered: nothing is committed before."""
        low, high = self.times.election_us
        until_us = now_us + int(self._draws.integers(low, high, endpoint=True))
        self.log.outage(now_us, until_us)
        return until_us

    def beside(self, now_us: int, flushes_per_s: float, bytes_per_s: float) -> None:
        """Background writes from now on, as a rate."""
        if now_us // COMPACTION_US != self._slot:
            self._compact(now_us // COMPACTION_US)
        self._grow(now_us)
        self._beside_per_s, self._beside_bytes = flushes_per_s, bytes_per_s
        self._rate()

    def _rate(self) -> None:
        self._slow = _ONE
        for factor in self._factors:
            self._slow = self._slow * factor // _ONE
        per_us, flushes = self._beside_per_s / 1e6, self._typical
        if not per_us or not flushes[-1]:
            self.log.beside = None
            return
        slow, n = self._slow / _ONE, len(flushes)
        # Those that come during a flush share the next: so often the disk starts one.
        nobody = sum(math.exp(-per_us * each * slow) for each in flushes) / n
        started = per_us / (nobody + per_us * slow * sum(flushes) / n)
        # As long as makes others wait, on average, as they would for drawn ones.
        flush_us = slow * math.sqrt(sum(each * each for each in flushes) / n)
        self.log.beside = max(1, round(1 / started)), round(flush_us)

    # --- draws

    def _fsync(self) -> int:
        busy_us, self._answer_us = next(self._flushes)
        if self._slow != _ONE:
            busy_us = busy_us * self._slow // _ONE
        self._new_flushes.append(busy_us)
        return busy_us

    def _count(self) -> None:
        """Into the histograms."""
        self.waits.add_all(np.frombuffer(self._new_waits, np.int64))
        self.flushes.add_all(np.frombuffer(self._new_flushes, np.int64))
        self._new_waits, self._new_flushes = array("q"), array("q")

    def _answer(self) -> int:
        return self._answer_us * self._slow // _ONE

    def _drawn(self) -> Iterator[tuple[int, int]]:
        while True:
            busy, answered = self._flushes_of(_BATCH)
            yield from zip(busy.tolist(), answered.tolist(), strict=True)

    def _flushes_of(self, n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(leader's fsync, when a majority has it) of n flushes."""
        times, members = self.times, self.times.members
        disks = spread_us(self._draws, *times.fsync, members * n).reshape(members, n)
        busy = disks[0].copy()
        disks[1:] += times.round_trip_us
        return busy, np.sort(disks, axis=0)[self.quorum - 1]

    # --- space

    def _no_space(self) -> int:
        if not self._alarm:
            self._alarm = True
            self.alarms += 1
        self.refused += 1
        return REFUSED

    def _grow(self, now_us: int) -> None:
        """What background has written since somebody asked."""
        self.history_bytes += int(self._beside_bytes * max(0, now_us - self._since_us) / 1e6)
        self._since_us = max(self._since_us, now_us)

    def _compact(self, slot: int) -> None:
        """The compactions since the last write: revisions from before the last but one are gone."""
        self._count()
        now_us = slot * COMPACTION_US
        if slot == self._slot + 1:
            self.history_bytes -= self._old_bytes
        else:
            self._grow(now_us - COMPACTION_US)
            self.history_bytes = 0
        self._grow(now_us)
        self._old_bytes = self.history_bytes
        for passed in range(self._slot + 1, min(slot, self._slot + EVENT_TTL_SLOTS) + 1):
            self._events[passed % EVENT_TTL_SLOTS] = 0
        self._live = self.live_bytes() + sum(self._events)
        self._slot = slot
        self._alarm = self._live + self.history_bytes > self.times.quota_bytes


def _spread(draws: Generator, spread: Spread) -> list[int]:
    """A table of durations, looked up by the number of the backend commit."""
    found: list[int] = spread_us(draws, *spread, _BATCH).tolist()
    return found
