"""What a component holds of the API: writes through its own rate limit, counted.

Mirrors: client-go rest client with a token bucket per client (QPS, burst), v1.36.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simk8s.api.requests import RequestKind
from simk8s.api.server import ApiServer, Done, Operation
from simk8s.kernel.clock import Clock
from simk8s.kernel.ratelimit import TokenBucket

if TYPE_CHECKING:
    from simk8s.api.events import Events


class Client:
    """One component's client; `qps` 0 = no limit."""

    def __init__(
        self, clock: Clock, server: ApiServer, name: str, qps: float = 0.0, burst: int = 1
    ) -> None:
        self.name = name
        self.writes = 0
        self.noted = 0
        self.throttled_us = 0
        self.conflicts = 0
        self.events: Events | None = None
        """Events that go through this client, once there are any."""
        self._clock = clock
        self._server = server
        self._bucket = TokenBucket(qps, burst) if qps > 0 else None

    def write(self, op: Operation, *args: Any, done: Done | None = None) -> int:
        """Send `op(*args)` to the store; the instant at which it leaves this client."""
        leaves = now_us = self._clock.now_us
        self.writes += 1
        if self.events is not None:
            self.events.catch_up(now_us)
        if self._bucket is not None:
            leaves = self._bucket.reserve(now_us)
            self.throttled_us += leaves - now_us
        self._server.submit(leaves, op, args, done)
        return leaves

    def note(self, kind: RequestKind, count: int = 1) -> None:
        """Send `count` requests that nobody waits for and that change nothing simulated (events,
        GETs before a PATCH, tokens): they take tokens, seats, CPU and disk, and make no event.
        """
        self.noted += count
        if self._bucket is not None:
            self._bucket.reserve(self._clock.now_us, count)

    def note_at(self, at_us: int, kind: RequestKind) -> int:
        """One such request sent at an instant that may have passed; when it left this client."""
        self.noted += 1
        return at_us if self._bucket is None else self._bucket.reserve(at_us)
