"""A FIFO waiting line with k equal servers, priced at arrival.

Law: customers start in the order of the calls, each on the server that is free first. Exact where
the service time is known at arrival and nobody leaves the line; where somebody may, or where the
order is not first come first served, it is `fairqueue.py`.

How: a heap of the instants at which the servers become free. No events.
"""

from __future__ import annotations

from heapq import heapify, heapreplace

from simk8s.errors import InvariantError


class Station:
    """k servers and one line; counters in microseconds of customers' time."""

    __slots__ = ("_free", "busy_us", "served", "servers", "wait_us")

    def __init__(self, servers: int) -> None:
        if servers < 1:
            raise InvariantError(f"a station needs a server, this one has {servers}")
        self.servers = servers
        self.served = 0
        self.busy_us = 0
        self.wait_us = 0
        self._free = [0] * servers

    def serve(self, arrival_us: int, service_us: int) -> tuple[int, int]:
        """Join the line; answers (start_us, end_us)."""
        end_us = self.end(arrival_us, service_us)
        return end_us - service_us, end_us

    def end(self, arrival_us: int, service_us: int) -> int:
        """Join the line; answers when it is over."""
        free = self._free
        start_us = free[0]
        if start_us > arrival_us:
            self.wait_us += start_us - arrival_us
        else:
            start_us = arrival_us
        end_us = start_us + service_us
        heapreplace(free, end_us)
        self.served += 1
        self.busy_us += service_us
        return end_us

    def free_us(self) -> int:
        """When the next customer could start at the earliest."""
        return self._free[0]

    def outage(self, from_us: int, until_us: int) -> int:
        """All servers stand still in between; work in progress is resumed, nothing is lost.

        Answers by how much everything priced before moves: starts at or after `from_us` and ends
        after it. That is exact, since the whole line is frozen and goes on in the same order.
        """
        shift_us = until_us - from_us
        self._free = [t + shift_us if t > from_us else until_us for t in self._free]
        heapify(self._free)
        return shift_us
