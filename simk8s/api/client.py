"""What a component holds of the API: writes through its own rate limit, counted.

Law: requests leave in the order in which they were made, each when the bucket has a token for it.
Requests that nobody waits for (events, GETs before a PATCH, tokens) take the same tokens, and
no more than `MOST_SHADOWS` of them wait for one: the rest is dropped, as a full event queue does.

Mirrors: client-go rest client with a token bucket per client (QPS, burst), event recorder with its
spam filter, v1.36; the events of kube-controller-manager take tokens of their controller's client,
kube-scheduler has a second client for them. Departs: the bound of 1,000 waiting events is
UNVERIFIED; a limit on requests under way (`in_flight`) stands for how a user's tool paces itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from simk8s.api.at_once import Line
from simk8s.api.flows import flow_hash
from simk8s.api.ports import Call, Done, Operation, Port
from simk8s.api.requests import RequestKind, kind_of
from simk8s.api.server import ApiServer
from simk8s.kernel.clock import Clock
from simk8s.kernel.ratelimit import TokenBucket

if TYPE_CHECKING:
    from simk8s.api.events import Events

MOST_SHADOWS = 1_000


class Client:
    """One component's client; `qps` 0 = no limit, `in_flight` 0 = any number under way.

    `events` is the client that sends its events, by default itself. `node_limit` (QPS, burst) is
    the limit of each `of(row)`.
    """

    def __init__(
        self,
        clock: Clock,
        server: ApiServer,
        name: str,
        qps: float = 0.0,
        burst: int = 1,
        *,
        events: Client | None = None,
        in_flight: int = 0,
        node_limit: tuple[float, int] = (0.0, 1),
    ) -> None:
        self.name = name
        self.flow = flow_hash(name)
        self._writes = 0
        self._noted = 0
        self.dropped = 0
        self.throttled_us = 0
        self.conflicts = 0
        self.retries = 0
        self.in_flight_limit = in_flight
        self.waiting_shadows = 0
        self.events = events if events is not None else self
        self.recorder: Events | None = None
        """Kubernetes Events that go through this client, once there are any."""
        self._clock = clock
        self._server = server
        self._bucket = TokenBucket(qps, burst) if qps > 0 else None
        self._ports: dict[RequestKind, Port] = {}
        self._under_way = 0
        self._backlog: deque[tuple[int, Call]] = deque()
        quick = self._bucket is None and not in_flight
        self._at_once = server.at_once if quick else None
        """Set where nothing holds a request back and it takes no time."""
        # Prepared writes and notes are counted there.
        self._writing: list[Line] = []
        self._noting: list[Line] = []
        self._node_limit = node_limit
        self._nodes: dict[int, Client] = {}
        server.clients.append(self)

    @property
    def clock(self) -> Clock:
        """The clock it lives by."""
        return self._clock

    @property
    def server(self) -> ApiServer:
        """Whom it speaks to."""
        return self._server

    @property
    def writes(self) -> int:
        """Requests that it was asked for, those that it still holds back among them."""
        return self._writes + sum(line.sent for line in self._writing)

    @property
    def noted(self) -> int:
        """Requests that nobody waits for."""
        return self._noted + sum(line.sent for line in self._noting)

    @property
    def prepared(self) -> bool:
        """Whether it has prepared writes: they know of no recorder."""
        return bool(self._writing)

    def of(self, row: int) -> Client:
        """The client of one node's kubelet: a flow and a bucket of its own, made on first use."""
        found = self._nodes.get(row)
        if found is None:
            found = self._nodes[row] = Client(
                self._clock, self._server, self.name, *self._node_limit
            )
            self._server.clients.pop()
            found.flow = flow_hash(self.name, row)
            found._ports = self._ports
        return found

    @property
    def instant(self) -> bool:
        """Whether requests take no time at all."""
        return self._server.times.instant

    def write(self, op: Operation, *args: Any, done: Done | None = None) -> int:
        """Send `op(*args)` to the store; the instant at which it leaves this client (with a limit
        on requests under way, at the earliest).
        """
        self._writes += 1
        now_us = self._clock.now_us
        if self.recorder is not None:
            self.recorder.catch_up(now_us)
        try:
            port = self._ports[op.request]  # type: ignore[attr-defined]
        except (AttributeError, KeyError):
            port = self._port(kind_of(op))
        at_once = self._at_once
        if at_once is not None:
            at_once.ask(op, args, done, port, self, 0)
            return now_us
        call = Call(self, port, op, args, done)
        if self.in_flight_limit:
            if self._under_way == self.in_flight_limit:
                self._backlog.append((now_us, call))
                return now_us
            self._under_way += 1
        leaves_us = now_us if self._bucket is None else self._leave(port, now_us)
        self._server.submit(leaves_us, call)
        return leaves_us

    def sender(self, op: Operation) -> Callable[..., object]:
        """`write` of one operation, for who sends it often: where nothing holds a request back and
        it takes no time, all that can be is done beforehand.
        """
        if self._at_once is None or self.recorder is not None:
            return partial(self.write, op)
        line = self._at_once.line(self, self._port(kind_of(op)))
        self._writing.append(line)
        return self._at_once.sender(op, line)

    def noter(self, kind: RequestKind) -> Callable[[], object]:
        """`note` of one kind in the same way."""
        sender = self if kind.resource != "events" else self.events
        if sender._at_once is None:
            return partial(self.note, kind)
        line = sender._at_once.line(self, sender._port(kind))
        self._noting.append(line)

        def note() -> None:
            line.sent += 1

        return note

    def note(self, kind: RequestKind, count: int = 1) -> None:
        """Send `count` requests that nobody waits for and that change nothing simulated (events,
        GETs before a PATCH, tokens): they take tokens, seats, CPU and disk, and make no event.
        """
        self._noted += count
        sender = self if kind.resource != "events" else self.events
        port, now_us = sender._ports.get(kind) or sender._port(kind), self._clock.now_us
        if sender._at_once is not None:
            port.meter.at_once(now_us, count)
            return
        if sender._bucket is None:
            sender._server.shadows(sender, port, count)
            return
        for _ in range(count):
            if sender.waiting_shadows == MOST_SHADOWS:
                sender.dropped += 1
                continue
            leaves_us = sender._bucket.reserve(now_us)
            if leaves_us > now_us:
                sender.waiting_shadows += 1
                sender.throttled_us += leaves_us - now_us
                port.meter.throttled(now_us, leaves_us - now_us)
            sender._server.shadow(leaves_us, sender, port)

    def note_at(self, at_us: int, kind: RequestKind) -> tuple[int, int]:
        """One such request that was made at an instant which may have passed: when it leaves, and
        how long it takes then (0 if that is not known yet).
        """
        self._noted += 1
        port, now_us = self._port(kind), self._clock.now_us
        leaves_us = at_us if self._bucket is None else self._leave(port, at_us)
        self.waiting_shadows += leaves_us > now_us
        return leaves_us, self._server.shadow(max(leaves_us, now_us), self, port)

    def resend(self, call: Call) -> None:
        """A request was refused and its time has come."""
        self._send(call)

    def answered(self) -> None:
        """One request fewer under way: the next one leaves."""
        if not self._backlog:
            self._under_way -= 1
            return
        since_us, call = self._backlog.popleft()
        held_us = self._clock.now_us - since_us
        self.throttled_us += held_us
        if held_us:
            call.port.meter.throttled(since_us, held_us)
        self._send(call)

    def die(self) -> None:
        """Its process is dead: what waits for a token or for another try is never sent, and
        the next one has a full bucket.
        """
        self._server.forget(self)
        if self._bucket is not None:
            self._bucket = TokenBucket(self._bucket.qps, self._bucket.burst)

    def backlog(self) -> int:
        """Requests that wait for a token."""
        return 0 if self._bucket is None else self._bucket.debt(self._clock.now_us)

    def totals(self) -> tuple[int, int, int, int]:
        """(requests, µs held back, conflicts, retries), those of its nodes' clients included."""
        every = (self, *self._nodes.values())
        return (
            sum(each.writes + each.noted for each in every),
            sum(each.throttled_us for each in every),
            sum(each.conflicts for each in every),
            sum(each.retries for each in every),
        )

    def _send(self, call: Call) -> int:
        leaves_us = self._clock.now_us
        if self._bucket is not None:
            leaves_us = self._leave(call.port, leaves_us)
        self._server.submit(leaves_us, call)
        return leaves_us

    def _leave(self, port: Port, now_us: int) -> int:
        assert self._bucket is not None, "only a client with a limit waits"
        leaves_us = self._bucket.reserve(now_us)
        if leaves_us > now_us:
            self.throttled_us += leaves_us - now_us
            port.meter.throttled(now_us, leaves_us - now_us)
        return leaves_us

    def _port(self, kind: RequestKind) -> Port:
        port = self._ports.get(kind)
        if port is None:
            port = self._ports[kind] = self._server.port(self.name, kind)
        return port
