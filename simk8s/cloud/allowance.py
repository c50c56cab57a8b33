"""How many requests of one action a provider takes, and when it takes the next.

Law: a request that is refused is not answered later: whoever asked has to ask again. Over any time
t no more than `burst + t · per_second` are taken (with a window: `burst` in each). Squeezed,
nothing is saved up: one request, then the squeezed rate; afterwards the bucket is empty and
refills as agreed.

Mirrors: EC2's token buckets (request and resource), Compute Engine's quota per minute, which comes
back at the full minute. Departs: buckets refill continuously, not once a second (EC2) or a minute
(Microsoft.Compute).
"""

from __future__ import annotations

from typing import Protocol

from simk8s.cloud.limits import Limit
from simk8s.kernel.ratelimit import TokenBucket

_SECOND_US = 1_000_000


class Limiter(Protocol):
    """What takes a request or refuses it."""

    def take(self, now_us: int, n: int = 1) -> bool: ...


class Window:
    """So many in each window, which begins at whole multiples of its length."""

    def __init__(self, most: int, window_us: int) -> None:
        self._most, self._window_us = most, window_us
        self._number, self._taken = -1, 0

    def take(self, now_us: int, n: int = 1) -> bool:
        """Take n of this window, if they are left."""
        number = now_us // self._window_us
        if number != self._number:
            self._number, self._taken = number, 0
        if self._taken + n > self._most:
            return False
        self._taken += n
        return True

    def empty(self, now_us: int) -> Window:
        """What is left of this window is gone."""
        self._number, self._taken = now_us // self._window_us, self._most
        return self


class Allowance:
    """Requests of one action, and the machines that they are about."""

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._requests = self._agreed()
        self._machines: TokenBucket | None = None
        if limit.machines_burst:
            self._machines = TokenBucket(limit.machines_per_second, limit.machines_burst)

    @property
    def per_second(self) -> float:
        """Requests that are taken for good, in the mean."""
        limit = self._limit
        return limit.burst / limit.window_s if limit.window_s else limit.per_second

    def take(self, now_us: int, machines: int = 0) -> bool:
        """One request about so many machines. EC2 counts a request before its machines."""
        if not self._requests.take(now_us):
            return False
        return self._machines is None or not machines or self._machines.take(now_us, machines)

    def squeeze(self, now_us: int, per_second: float) -> None:
        """From now on no more than that."""
        self._requests = self._empty(now_us, per_second, 1)

    def release(self, now_us: int) -> None:
        """As agreed again; what was not saved up is not there."""
        self._requests = self._empty(now_us, self.per_second, self._limit.burst)

    def _agreed(self) -> Limiter:
        limit = self._limit
        if limit.window_s:
            return Window(limit.burst, limit.window_s * _SECOND_US)
        return TokenBucket(limit.per_second, limit.burst)

    def _empty(self, now_us: int, per_second: float, burst: int) -> Limiter:
        window_s = self._limit.window_s
        if window_s:
            most = max(1, round(per_second * window_s))
            return Window(most, window_s * _SECOND_US).empty(now_us)
        bucket = TokenBucket(per_second, burst)
        bucket.reserve(now_us, burst)
        return bucket
