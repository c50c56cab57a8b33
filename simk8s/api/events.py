"""Kubernetes Events of one component: sent one after another, through its client, by nobody waited
for.

Law: an event is sent when the one before it is stored and the client's bucket has a token; of one
object, 25 are sent and then one every five minutes, the others are dropped. Sending makes no
simulated event: what should have been sent is caught up with before the client takes its next
token, at the instants at which it would have been.

Mirrors: client-go tools/record v1.36: one goroutine of the broadcaster that POSTs (or PATCHes,
when events are aggregated) serially, a queue of 1,000, the spam filter by source and object.
Departs: a request is taken to last 5 ms whatever the server's load (UNVERIFIED).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from typing import TYPE_CHECKING

from simk8s.api.requests import POST_EVENT
from simk8s.kernel.ratelimit import TokenBucket

if TYPE_CHECKING:
    from simk8s.api.client import Client

QUEUE = 1_000
SPAM_BURST, SPAM_QPS = 25, 1 / 300
REQUEST_US = 5_000


class Events:
    """The event recorder of one client."""

    __slots__ = ("_client", "_free_us", "_queue", "_spam", "dropped")

    def __init__(self, client: Client) -> None:
        self.dropped = 0
        self._client = client
        self._queue: deque[tuple[int, Hashable]] = deque()
        self._free_us = 0
        self._spam: dict[Hashable, TokenBucket] = {}
        client.events = self

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
            if self._spared(about, start_us):
                self.dropped += 1
            else:
                leaves_us = self._client.note_at(start_us, POST_EVENT)
                self._free_us = leaves_us + REQUEST_US

    def _spared(self, about: Hashable, now_us: int) -> bool:
        bucket = self._spam.get(about)
        if bucket is None:
            bucket = self._spam[about] = TokenBucket(SPAM_QPS, SPAM_BURST)
        return not bucket.take(now_us)
