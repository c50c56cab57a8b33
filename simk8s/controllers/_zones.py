"""Zones as the node lifecycle controller sees them: how healthy, and how fast it may taint.

Law: everybody in a zone's line is tainted in order, one a token; a token comes every 1/rate
seconds and one is saved at most, so the first goes at once.

Mirrors: pkg/controller/nodelifecycle v1.36 ComputeZoneState, RateLimitedTimedQueue and
SwapLimiter (a limiter swapped in while the old one is empty starts empty). Departs: the line
keeps its order, where the original puts waiting nodes back in random order at every pass.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

SECOND_US = 1_000_000


class ZoneState(Enum):
    """Health of a zone; INITIAL before it was looked at."""

    INITIAL = "initial"
    NORMAL = "normal"
    PARTIAL = "partial"
    FULL = "full"


class EvictionLimiter:
    """A token bucket of burst 1 whose rate can be swapped; rate 0 = never."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._ready_us = 0

    def take(self, now_us: int) -> bool:
        """A token, if there is one."""
        if self._per_second <= 0 or now_us < self._ready_us:
            return False
        self._ready_us = now_us + self._period_us()
        return True

    def next_us(self, now_us: int) -> int | None:
        """When the next token is there; None = never at this rate."""
        return None if self._per_second <= 0 else max(now_us, self._ready_us)

    def swap(self, per_second: float, now_us: int) -> None:
        """Another rate from now on."""
        if per_second == self._per_second:
            return
        empty = self._per_second <= 0 or now_us < self._ready_us
        self._per_second = per_second
        if per_second > 0:
            self._ready_us = now_us + self._period_us() if empty else now_us

    def _period_us(self) -> int:
        return round(SECOND_US / self._per_second)


@dataclass(slots=True)
class Zone:
    """One zone: its nodes by readiness, its line of nodes to taint."""

    limiter: EvictionLimiter
    size: int = 0
    not_ready: int = 0
    state: ZoneState = ZoneState.INITIAL
    line: dict[int, None] = field(default_factory=dict)

    def health(self, unhealthy_share: float) -> ZoneState:
        """The state that the counts amount to."""
        if self.not_ready == self.size and self.not_ready > 0:
            return ZoneState.FULL
        if self.not_ready > 2 and self.not_ready / self.size >= unhealthy_share:
            return ZoneState.PARTIAL
        return ZoneState.NORMAL
