"""Kubernetes Events of one component: sent one after another, through its client, by nobody waited
for.

Law: an event is sent when the one before it is stored and the client's bucket has a token; of one
object, 25 are sent and then one every five minutes, the others are dropped. Sending makes no
simulated event: what should have been sent is caught up with before the client takes its next
token, at the instants at which it would have been.

Mirrors: client-go tools/record v1.36: one goroutine of the broadcaster that POSTs (or PATCHes,
when events are aggregated) serially, a queue of 1,000, the spam filter by source and object.
Departs: a request takes 5 ms at least, as requests of the recorded drivers do on an idle server
(5.3 to 7 ms), and no more than that if it had to wait for a token.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from typing import TYPE_CHECKING

from simk8s.api.requests import POST_EVENT
from simk8s.errors import InvariantError

if TYPE_CHECKING:
    from simk8s.api.client import Client

QUEUE = 1_000
REQUEST_US = 5_000
BURST, REFILL_US = 25, 300_000_000
REMEMBERED = 4_096


class SpamFilter:
    """Buckets of one source; the objects heard of last are remembered."""

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


class Events:
    """The event recorder of one client."""

    __slots__ = ("_client", "_free_us", "_queue", "_spam", "dropped")

    def __init__(self, client: Client) -> None:
        self.dropped = 0
        self._client = client
        self._queue: deque[tuple[int, Hashable]] = deque()
        self._free_us = 0
        self._spam = SpamFilter()
        if client.prepared:
            raise InvariantError(f"{client.name}: it records events before it prepares requests")
        client.recorder = self

    def note(self, now_us: int, about: Hashable) -> None:
        """Something has happened to an object."""
        self.catch_up(now_us)
        if len(self._queue) < QUEUE:
            self._queue.append((now_us, about))
        else:
            self.dropped += 1

    def catch_up(self, now_us: int) -> None:
        """Send what would have been sent by now."""
        queue = self._queue
        while queue:
            noted_us, about = queue[0]
            start_us = noted_us if noted_us > self._free_us else self._free_us
            if start_us > now_us:
                return
            queue.popleft()
            if self._spam.passes(about, start_us):
                leaves_us, lasts_us = self._client.note_at(start_us, POST_EVENT)
                self._free_us = leaves_us + max(lasts_us, REQUEST_US)
            else:
                self.dropped += 1
