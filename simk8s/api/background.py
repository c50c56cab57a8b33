"""Periodic requests that change nothing, as rates: what they leave of the processors.

Law: no background request is ever an event. Where a processor is free of others, a request waits
on average as it would for background that came as events (M/G/k); where all are busy, it has only
the capacity that background leaves; and no more of them compute at a time than their level has
seats: above that, processors are shared with those on seats.

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
    square_us2: float
    """Mean and mean square of the processor time of one request."""
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
    wait_us: int = 0
    """What a request waits for background where a processor is free of others."""
    alone: int = _ONE
    """Thousandths of its own time that a request takes there."""
    crowded: int = _ONE
    """The same where everybody is busy."""
    active: bool = False
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
        self.active = whole > 0
        if whole < _MOST * k:
            alone, crowded = 1.0, k / (k - whole)
            self.wait_us = round(erlang_c(k, whole) / (k - whole) * self._residual_us())
            slowed = 1 + erlang_c(k, whole) / (k - whole)
        else:
            self.wait_us = 0
            # Saturated: those on seats all compute, and a foreground request is one more of them.
            computing = sum(held.get(name, load) for name, load in loads.items())
            alone = crowded = slowed = max(1.0, (computing + 1) / k)
        self.alone, self.crowded = round(alone * _ONE), round(crowded * _ONE)
        self.seats = {name: min(seats[name], round(loads[name] * slowed)) for name in held}

    def _residual_us(self) -> float:
        """Half the mean square over the mean: what a random moment leaves of a request, were
        requests exponential their mean.
        """
        streams = self.streams.values()
        mean = sum(each.per_second * each.mean_us for each in streams)
        square = sum(each.per_second * each.square_us2 for each in streams)
        return square / mean / 2 if mean else 0.0


def erlang_c(servers: int, load: float) -> float:
    """The probability that somebody has to wait in M/M/k, by the recursion of Erlang B."""
    blocked = 1.0
    for k in range(1, servers + 1):
        blocked = load * blocked / (k + load * blocked)
    return blocked / (1 - load / servers * (1 - blocked))
