"""Periodic requests that change nothing, as rates: what they leave of the processors.

Law: no background request is ever an event. They share the processors with everybody: a request
alone among them takes as long as in M/M/k with processor sharing, a full station has only the
capacity they leave; and no more of them compute at a time than their level has seats.

Mirrors: leases, node status, leader election, resyncs and relists in steady state. Departs: their
own latencies are not measured; instants at which they come are not modelled, only their share
(except on the disk, where their flushes come at regular instants).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from simk8s.api.requests import RequestKind

_ONE = 1_000
_MOST = 0.98
"""Share of the processors that exempt background may take: it has no seats to stop it."""


@dataclass(slots=True)
class Stream:
    """One source of periodic requests."""

    name: str
    kind: RequestKind
    level: str
    mean_us: float
    flush_bytes: int
    per_second: float = 0.0
    requests: float = 0.0
    since_us: int = 0

    @property
    def load(self) -> float:
        """Processors that it keeps busy."""
        return self.per_second * self.mean_us / 1e6

    def change(self, now_us: int, per_second: float) -> None:
        """Another rate from now on."""
        self.requests += self.per_second * (now_us - self.since_us) / 1e6
        self.since_us = now_us
        self.per_second = per_second

    def count(self, now_us: int) -> int:
        """Requests so far."""
        return int(self.requests + self.per_second * (now_us - self.since_us) / 1e6)


@dataclass(slots=True)
class Background:
    """All streams together, against `processors`."""

    processors: int
    streams: dict[str, Stream] = field(default_factory=dict)
    alone: int = _ONE
    """Thousandths by which a request takes longer where a processor is free."""
    crowded: int = _ONE
    """The same where everybody is busy."""
    seats: dict[str, int] = field(default_factory=dict)
    """Seats that background holds, by level."""

    def update(self, seats: dict[str, int]) -> None:
        """Rates have changed; `seats` are those of the levels (exempt has none)."""
        loads: dict[str, float] = {}
        for stream in self.streams.values():
            loads[stream.level] = loads.get(stream.level, 0.0) + stream.load
        k = self.processors
        held = {name: float(seats[name]) for name in loads if name in seats}
        whole = sum(min(load, held.get(name, _MOST * k)) for name, load in loads.items())
        if whole < _MOST * k:
            alone, crowded = 1 + erlang_c(k, whole) / (k - whole), k / (k - whole)
        else:
            # Saturated: those on seats all compute, and a foreground request is one more of them.
            computing = sum(held.get(name, load) for name, load in loads.items())
            alone = crowded = max(1.0, (computing + 1) / k)
        self.alone, self.crowded = round(alone * _ONE), round(crowded * _ONE)
        self.seats = {name: min(seats[name], round(loads[name] * alone)) for name in held}


def erlang_c(servers: int, load: float) -> float:
    """The probability that somebody has to wait in M/M/k, by the recursion of Erlang B."""
    blocked = 1.0
    for k in range(1, servers + 1):
        blocked = load * blocked / (k + load * blocked)
    return blocked / (1 - load / servers * (1 - blocked))
