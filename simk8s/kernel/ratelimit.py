"""Client-go's rate limiters: the token bucket and the backoff per item.

Law: all arithmetic is exact in integers, so a bucket never drifts. Reservations are first come
first served: a reservation that has to wait pushes everybody behind it back.
*Mirrors* golang.org/x/time/rate behind client-go's flowcontrol and client-go's
util/workqueue default rate limiters (v1.36). *Departs*: reserving more than `burst` at once is
allowed and means one after another.
"""

from __future__ import annotations

from collections.abc import Hashable
from fractions import Fraction

from simk8s.errors import InvariantError

_SECOND_US = 1_000_000


class TokenBucket:
    """`qps` tokens a second, at most `burst` saved up; full at the start."""

    __slots__ = ("_full", "_last_us", "_level", "_rate", "_token", "burst", "qps", "reserved",
                 "throttled_us")  # fmt: skip

    def __init__(self, qps: float | Fraction, burst: int) -> None:
        if qps <= 0 or burst < 1:
            raise InvariantError(f"a bucket needs qps > 0 and burst >= 1, not {qps} and {burst}")
        exact = Fraction(qps).limit_denominator(1_000_000)
        if exact == 0:
            raise InvariantError(f"{qps} tokens a second are too few to count")
        self.qps = qps
        self.burst = burst
        self.reserved = 0
        self.throttled_us = 0
        # The level is counted in units of which `_rate` flow in per microsecond.
        self._rate = exact.numerator
        self._token = _SECOND_US * exact.denominator
        self._full = burst * self._token
        self._level = self._full
        self._last_us = 0

    def reserve(self, now_us: int, n: int = 1) -> int:
        """Take n tokens, on credit if need be; answers when the last of them is there."""
        now_us = self._refill(now_us)
        self._level = level = self._level - n * self._token
        self.reserved += n
        if level >= 0:
            return now_us
        wait_us = -(level // self._rate)
        self.throttled_us += wait_us
        return now_us + wait_us

    def take(self, now_us: int, n: int = 1) -> bool:
        """Take n tokens if they are there now, otherwise none: a limiter that refuses."""
        self._refill(now_us)
        if self._level < n * self._token:
            return False
        self._level -= n * self._token
        self.reserved += n
        return True

    def debt(self, now_us: int) -> int:
        """Tokens that are taken and not there yet."""
        self._refill(now_us)
        return max(0, -(self._level // self._token))

    def _refill(self, now_us: int) -> int:
        elapsed_us = now_us - self._last_us
        if elapsed_us <= 0:
            return self._last_us
        self._last_us = now_us
        level = self._level + elapsed_us * self._rate
        self._level = level if level < self._full else self._full
        return now_us


class ItemBackoff:
    """Each failure of an item doubles its delay, from `base_us` up to `cap_us`."""

    __slots__ = ("_failures", "base_us", "cap_us")

    def __init__(self, base_us: int = 5_000, cap_us: int = 1_000_000_000) -> None:
        self.base_us = base_us
        self.cap_us = cap_us
        self._failures: dict[Hashable, int] = {}

    def when(self, item: Hashable) -> int:
        """The delay before the next attempt; counts a failure."""
        failures = self._failures.get(item, 0)
        self._failures[item] = failures + 1
        return min(self.base_us << min(failures, 62), self.cap_us)

    def failures(self, item: Hashable) -> int:
        """How often the item has failed since it was forgotten."""
        return self._failures.get(item, 0)

    def forget(self, item: Hashable) -> None:
        """The item has succeeded."""
        self._failures.pop(item, None)

    def forget_all(self) -> None:
        """Nothing is known of any item."""
        self._failures.clear()


class RetryLimiter:
    """What controllers use unless told otherwise: the worse of backoff and a shared bucket."""

    __slots__ = ("backoff", "bucket")

    def __init__(
        self, backoff: ItemBackoff | None = None, bucket: TokenBucket | None = None
    ) -> None:
        self.backoff = backoff if backoff is not None else ItemBackoff()
        self.bucket = bucket if bucket is not None else TokenBucket(10, 100)

    def when(self, now_us: int, item: Hashable) -> int:
        """The delay before the next attempt; counts a failure and takes a token."""
        return max(self.backoff.when(item), self.bucket.reserve(now_us) - now_us)
