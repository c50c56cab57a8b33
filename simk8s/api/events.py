"""The spam filter of client-go's event recorder.

Law: an object's events pass while its bucket has tokens: 25 at first, one more every five minutes;
the 4,096 objects heard of last are remembered.

Mirrors: client-go tools/record EventSourceObjectSpamFilter (burst 25, 1/300 per second), v1.36.
Departs: aggregation of similar events is not modelled; a source is a client.
"""

from __future__ import annotations

from collections.abc import Hashable

BURST = 25
REFILL_US = 300_000_000
REMEMBERED = 4_096


class SpamFilter:
    """Buckets of one source."""

    __slots__ = ("_buckets",)

    def __init__(self) -> None:
        # object -> the instant at which its bucket is full again
        self._buckets: dict[Hashable, int] = {}

    def passes(self, source: Hashable, now_us: int) -> bool:
        """Whether an event about this object is sent; takes a token if it is."""
        full_us = self._buckets.pop(source, now_us)
        if full_us < now_us:
            full_us = now_us
        sent = full_us - now_us <= (BURST - 1) * REFILL_US
        self._buckets[source] = full_us + REFILL_US if sent else full_us
        if len(self._buckets) > REMEMBERED:
            del self._buckets[next(iter(self._buckets))]
        return sent
