"""What the server knows beforehand about one client's requests of one kind, and one such request.

Law: everything that does not change from request to request is looked up once per client and kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from simk8s.api.costs import Cost
from simk8s.api.meters import Meter
from simk8s.api.requests import RequestKind

if TYPE_CHECKING:
    from simk8s.api.client import Client
    from simk8s.api.levels import ServedLevel

Operation = Callable[..., Any]
Done = Callable[[int, Any], None]


class Port:
    """Level, price and meter of a client's requests of one kind."""

    __slots__ = ("cost", "demands", "fanout_us", "is_event", "kind", "level", "linger_seats",
                 "linger_us", "lists", "meter", "object_bytes", "stored", "twice",
                 "widest")  # fmt: skip

    def __init__(
        self,
        kind: RequestKind,
        level: ServedLevel | None,
        cost: Cost,
        demands: Iterator[int],
        meter: Meter,
    ) -> None:
        self.kind = kind
        self.level = level
        self.cost = cost
        self.demands = demands
        self.meter = meter
        self.stored = kind.mutating and cost.object_bytes > 0
        self.object_bytes = cost.object_bytes
        self.is_event = kind.resource == "events"
        self.lists = kind.verb == "LIST"
        self.twice = False
        """What goes at once is two commits: a deletionTimestamp without grace, then the removal."""
        self.widest = 1 if level is None else level.widest
        self.linger_seats = self.linger_us = 0
        self.fanout_us = 0


class Call:
    """One request; without an operation it is a shadow: it costs, and nobody waits for it."""

    __slots__ = ("args", "arrival_us", "attempts", "client", "done", "end_us", "op", "port",
                 "start_us")  # fmt: skip

    def __init__(
        self,
        client: Client,
        port: Port,
        op: Operation | None,
        args: tuple[Any, ...],
        done: Done | None,
    ) -> None:
        self.client = client
        self.port = port
        self.op = op
        self.args = args
        self.done = done
        self.attempts = 0
        self.arrival_us = self.start_us = self.end_us = 0
