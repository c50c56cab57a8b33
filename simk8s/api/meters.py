"""Latencies of requests as the API server's own metrics have them, by five-minute windows.

Law: a request belongs to the window in which it arrived; its latency is from its arrival at the
server to its response, its wait the part before it got a seat; what a client held back itself is
counted apart. Percentiles are observed values. A window is folded into its row when requests that
could still end in it cannot exist, so memory does not grow with the run.

Mirrors: apiserver_request_duration_seconds and apiserver_flowcontrol_request_wait_duration_seconds
(v1.36) over the windows of the API call latency SLO.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from simk8s.api.requests import RequestKind

if TYPE_CHECKING:
    from simk8s.api.levels import ServedLevel

WINDOW_US = 300_000_000
KEEP = 2
"""Windows that stay open behind the newest one: queues give up long before."""
_MOST = 0xFFFF_FFFF
Row = tuple[str, str, str, int, int, int, int, int, float, int, int, int, int, int]


class Window:
    """What one client asked of one kind in five minutes."""

    __slots__ = ("at_once", "latencies_us", "rejected", "throttled_us", "waits_us")

    def __init__(self) -> None:
        self.latencies_us = array("I")
        self.waits_us = array("I")
        self.at_once = 0
        """Requests that took no time; they are in neither list."""
        self.rejected = 0
        self.throttled_us = 0


class Meter:
    """Requests of one client and kind."""

    __slots__ = ("_index", "_open", "client", "kind", "level", "rows", "window")

    def __init__(self, client: str, kind: RequestKind, level: ServedLevel | None = None) -> None:
        self.client = client
        self.kind = kind
        self.level = level
        """Is told of waits and services when a window is folded."""
        self.rows: list[Row] = []
        self._index = -1
        self._open: dict[int, Window] = {}
        self.window = Window()
        """The one that was asked for last."""

    def served(self, arrival_us: int, wait_us: int, latency_us: int) -> None:
        """A request was answered."""
        if arrival_us // WINDOW_US != self._index:
            self._turn(arrival_us // WINDOW_US)
        window = self.window
        window.waits_us.append(wait_us)
        window.latencies_us.append(latency_us if latency_us < _MOST else _MOST)

    def at_once(self, arrival_us: int, count: int = 1) -> None:
        """So many requests were answered in the instant of their arrival."""
        if arrival_us // WINDOW_US != self._index:
            self._turn(arrival_us // WINDOW_US)
        self.window.at_once += count

    def rejected(self, arrival_us: int) -> None:
        """A request was answered 429 or refused; its client sends it again."""
        if arrival_us // WINDOW_US != self._index:
            self._turn(arrival_us // WINDOW_US)
        self.window.rejected += 1

    def throttled(self, now_us: int, throttled_us: int) -> None:
        """The client's own limit held a request back."""
        if now_us // WINDOW_US != self._index:
            self._turn(now_us // WINDOW_US)
        self.window.throttled_us += throttled_us

    def close(self) -> list[Row]:
        """All rows, those of open windows included."""
        for index in sorted(self._open):
            self._fold(index)
        self._index = -1
        return self.rows

    def _turn(self, index: int) -> None:
        window = self._open.get(index)
        if window is None:
            window = self._open[index] = Window()
            for old in sorted(self._open):
                if old < index - KEEP:
                    self._fold(old)
        self._index, self.window = index, window

    def _fold(self, index: int) -> None:
        window = self._open.pop(index)
        if self.level is not None:
            waited = np.frombuffer(window.waits_us, np.uint32)
            services = np.frombuffer(window.latencies_us, np.uint32) - waited
            self.level.saw(waited, services, window.at_once)
        waits, latencies = sorted(window.waits_us), sorted(window.latencies_us)
        zeros = window.at_once
        n = len(latencies) + zeros
        mean = sum(latencies) / n if n else 0.0
        rank = (50, 90, 99, 100)
        p50, p90, p99, most = (_percentile(latencies, each, zeros) for each in rank)
        self.rows.append(
            (self.client, self.kind.verb, self.kind.resource, index * WINDOW_US,
             n + window.rejected, window.rejected, _percentile(waits, 50, zeros),
             _percentile(waits, 99, zeros), mean, p50, p90, p99, most, window.throttled_us)
        )  # fmt: skip


class Meters:
    """Every client and kind that was ever used, in order of first use."""

    def __init__(self) -> None:
        self._meters: dict[tuple[str, RequestKind], Meter] = {}
        self.settle: Callable[[], None] = lambda: None
        """Brings in what was counted elsewhere."""

    def of(self, client: str, kind: RequestKind, level: ServedLevel | None = None) -> Meter:
        """The meter of a client's requests of a kind, which go to that level."""
        meter = self._meters.get((client, kind))
        if meter is None:
            meter = self._meters[client, kind] = Meter(client, kind, level)
        return meter

    def close(self) -> None:
        """Fold what is open."""
        self.settle()
        for meter in self._meters.values():
            meter.close()

    def rows(self) -> Iterator[Row]:
        """Rows of the `api_requests` table, by client, verb, resource and window."""
        self.settle()
        found = [row for meter in self._meters.values() for row in meter.close()]
        yield from sorted(found)


def _percentile(ordered: list[int], percent: int, zeros: int) -> int:
    """Of these values and so many zeros."""
    place = (len(ordered) + zeros - 1) * percent // 100 - zeros
    return ordered[place] if ordered and place >= 0 else 0
