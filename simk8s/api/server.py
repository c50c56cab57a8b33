"""kube-apiserver and etcd: what a write costs before it is stored.

A write waits for a seat (a k-server FIFO station), is served, then shares an fsync with whoever
waits for one (group commit), and is applied at the instant of its commit.

Mirrors: kube-apiserver max-requests-inflight 200 mutating seats, etcd group commit, v1.36; 4–10
ms for an unloaded mutating call (UNVERIFIED prior of the behaviour notes, of which 2 ms service,
1 ms fsync, 0.5 ms round trip here). Departs: one class of requests, no priority levels, reads are
free.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simk8s.kernel.batcher import Batcher
from simk8s.kernel.clock import Clock
from simk8s.kernel.phase import Phase
from simk8s.kernel.station import Station

Operation = Callable[..., Any]
Done = Callable[[int, Any], None]


@dataclass(frozen=True, slots=True)
class Times:
    """Latencies of the control plane, in µs; all 0 for pure packing studies."""

    seats: int = 200
    service_us: int = 2_000
    fsync_us: int = 1_000
    round_trip_us: int = 500
    watch_lag_us: int = 2_000


INSTANT = Times(service_us=0, fsync_us=0, round_trip_us=0, watch_lag_us=0)


class ApiServer:
    """Prices and applies writes."""

    def __init__(self, clock: Clock, times: Times) -> None:
        self.times = times
        self._clock = clock
        self._serve = Station(times.seats).serve
        self._commit = Batcher(lambda: times.fsync_us).commit
        self._service_us, self._round_trip_us = times.service_us, times.round_trip_us
        self._instant = times.service_us == times.fsync_us == times.round_trip_us == 0
        self._arrivals = clock.lane("kube-apiserver/requests", Phase.RELEASE, self._receive)
        self._commits = clock.lane("etcd/commits", Phase.RELEASE, self._apply)

    def submit(self, at_us: int, op: Operation, args: tuple[Any, ...], done: Done | None) -> None:
        """A request that reaches the server at `at_us`; `done(now_us, result)` is called at its
        commit.
        """
        if at_us > self._clock.now_us:
            self._arrivals.at(at_us, (op, args, done))
        else:
            self._commits.at(self._priced(at_us), (op, args, done))

    def _priced(self, now_us: int) -> int:
        if self._instant:
            return now_us
        _, served = self._serve(now_us, self._service_us)
        return self._commit(served) + self._round_trip_us

    def _receive(self, now_us: int, requests: list[Any]) -> None:
        for request in requests:
            self._commits.at(self._priced(now_us), request)

    def _apply(self, now_us: int, requests: list[Any]) -> None:
        for op, args, done in requests:
            result = op(*args)
            if done is not None:
                done(now_us, result)
