"""kube-apiserver: what a request costs before it is answered.

A request waits for seats at its priority level, then for a processor, computes, and, if it
changes something, is committed by etcd; it is applied at the instant of its commit. Everything is
priced when it gets its seats, in order of those instants, so a request that waits for nobody is
one event. What nobody waits for (`note`) is none.

Law: requests of one level start as its fair queue says; all levels share the processors, first
come first served; nothing that a client sent is lost: what is refused (429: queue full or waited
15 s; an outage; etcd's quota or back-pressure) is sent again by its client.

Mirrors: kube-apiserver v1.36 with API priority and fairness, etcd, and client-go's retries: after
1 s where the answer says Retry-After, else 0.8 s doubled up to 30 s with a jitter of 1.0. Departs:
replicas are one pool of processors and seats; the network between client and server takes no time;
a client retries for as long as it takes (client-go gives up after ten 429, its caller then starts
anew); a shadow request that its client's limit held back takes no seat, and one that is refused is
dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING

from simk8s.api.at_once import AtOnce
from simk8s.api.background import Background, Stream
from simk8s.api.costs import Cost, cost_of, demands, list_seats, moments_us
from simk8s.api.etcd import Etcd, EtcdTimes
from simk8s.api.fanout import Fanout
from simk8s.api.levels import Levels
from simk8s.api.meters import Meters
from simk8s.api.ports import Call, Done, Operation, Port
from simk8s.api.requests import DELETE_POD, RequestKind
from simk8s.api.times import INSTANT, Times
from simk8s.kernel.clock import Clock
from simk8s.kernel.fairqueue import REFUSED
from simk8s.kernel.phase import Phase
from simk8s.kernel.station import Station
from simk8s.kernel.streams import Streams, counter_hash

if TYPE_CHECKING:
    from simk8s.api.client import Client

__all__ = ("INSTANT", "ApiServer", "Done", "EtcdTimes", "Operation", "Times")

RETRY_AFTER_US = 1_000_000
BACKOFF_US, BACKOFF_MOST_US = 800_000, 30_000_000
NEVER = -1
_ONE = 1_000


class ApiServer:
    """Prices and applies requests."""

    def __init__(
        self,
        clock: Clock,
        times: Times,
        streams: Streams | None = None,
        fanout: Fanout | None = None,
    ) -> None:
        self.times = times
        self.fanout = fanout if fanout is not None else Fanout(*times.dispatch_ns)
        self.meters = Meters()
        self.clients: list[Client] = []
        self.counts: Callable[[str], int] = lambda resource: 0
        """Objects of a resource that a LIST returns."""
        self.refused = 0
        """Requests that did not reach a server, or that etcd would not take."""
        self._clock = clock
        self._streams = streams if streams is not None else Streams(0)
        self._neighbours_us = times.neighbours_us
        self.cpu = Station(times.replicas * times.cores)
        self.etcd = Etcd(times.etcd, self._streams.get("etcd"))
        self.background_load = Background(self.cpu.servers)
        self.levels = Levels(
            clock, times.seats, times.replicas, times.fair, self._price, self._expired
        )
        self._ports: dict[tuple[str, RequestKind], Port] = {}
        self._draws: dict[RequestKind, Iterator[int]] = {}
        self._down = 0
        self._retried = 0
        self._later: list[tuple[int, int, Client, Port]] = []
        self._number = count()
        self._spare: Call | None = None
        """A shadow that was served at once and that nobody holds any more."""
        self._arrivals = clock.lane("kube-apiserver/requests", Phase.RELEASE, self._receive)
        self.at_once: AtOnce | None = None
        """Where nothing takes any time, how requests are applied."""
        if times.instant:
            self.at_once = AtOnce(clock, self.meters)
        else:
            self._commits = clock.lane("etcd/commits", Phase.RELEASE, self._apply)
        self._retries = clock.lane("kube-apiserver/retries", Phase.RELEASE, self._again)
        self.fanout.listen(self._watchers_changed)

    def port(self, client: str, kind: RequestKind) -> Port:
        """What is known beforehand about such requests."""
        found = self._ports.get((client, kind))
        if found is None:
            cost = self._cost(kind)
            draws = self._draws.get(kind)
            if draws is None:
                stream = self._streams.get(f"kube-apiserver/{kind}")
                draws = self._draws[kind] = demands(stream, cost)
            level = self.levels.of(client, kind)
            meter = self.meters.of(client, kind, level)
            found = self._ports[client, kind] = Port(kind, level, cost, draws, meter)
            found.twice = client == "kubelet" and kind is DELETE_POD
            self._count_watchers(found)
        return found

    def submit(self, at_us: int, call: Call) -> None:
        """A request that reaches the server at `at_us`; `done(now_us, result)` is called at its
        commit.
        """
        if at_us > self._clock.now_us:
            self._arrivals.at(at_us, call)
        else:
            self._arrive(at_us, call)

    def shadow(self, at_us: int, client: Client, port: Port) -> int:
        """A request that nobody waits for; how long it takes, 0 if that is not known yet."""
        if at_us > self._clock.now_us:
            heappush(self._later, (at_us, next(self._number), client, port))
            return 0
        if self.at_once is not None:
            port.meter.at_once(at_us)
            return 0
        call, self._spare = self._spare, None
        if call is None:
            call = Call(client, port, None, (), None)
        else:
            call.client, call.port, call.end_us = client, port, 0
        self._arrive(at_us, call)
        if not call.end_us:
            return 0  # in a line, or refused: somebody may hold it
        self._spare = call
        return call.end_us - at_us if call.end_us > at_us else 0

    def shadows(self, client: Client, port: Port, count: int) -> None:
        """So many of them now."""
        if self.at_once is not None:
            port.meter.at_once(self._clock.now_us, count)
            return
        for _ in range(count):
            self.shadow(self._clock.now_us, client, port)

    def _receive(self, now_us: int, calls: list[Call]) -> None:
        for call in calls:
            self._arrive(now_us, call)

    def _arrive(self, now_us: int, call: Call) -> None:
        call.arrival_us = now_us
        if self.at_once is not None:
            self.at_once.resend(call)
            return
        if self._down:
            self._unreachable(call, now_us)
            return
        if self._later and self._later[0][0] <= now_us:
            self._catch_up(now_us)
        port = call.port
        level = port.level
        if level is None:
            self._price(call, now_us)
            return
        seats = self._list_seats(port) if port.lists else 1
        answer = level.queue.submit(
            call, call.client.flow, 0, seats, port.linger_seats, port.linger_us
        )
        if answer == REFUSED:
            self._reject(now_us, call)

    def _price(self, call: Call, now_us: int) -> int:
        """The request has its seats: when its answer is there."""
        if self._later and self._later[0][0] <= now_us:
            self._catch_up(now_us)
        port, load = call.port, self.background_load
        demand_us = next(port.demands) + port.fanout_us
        if port.lists:
            demand_us += port.cost.per_object_us * self.counts(port.kind.resource)
        if load.active:
            if self.cpu.free_us() > now_us:
                demand_us = demand_us * load.crowded // _ONE
            else:
                demand_us = demand_us * load.alone // _ONE + load.wait_us
        call.start_us = now_us
        end_us = self.cpu.end(now_us, demand_us)
        if port.stored:
            if self._neighbours_us:
                self.cpu.end(end_us, self._neighbours_us)
            served_us, end_us = end_us, self.etcd.commit(end_us, port.object_bytes, port.is_event)
            if port.twice and end_us > 0:
                end_us = self.etcd.commit(end_us, port.object_bytes)
            if end_us < 0:
                self._not_stored(call, served_us)
                return served_us
        call.end_us = end_us
        if call.op is not None:
            self._commits.at(end_us, call)
        else:
            arrival_us = call.arrival_us
            port.meter.served(arrival_us, now_us - arrival_us, end_us - arrival_us)
        return end_us

    def _apply(self, now_us: int, calls: list[Call]) -> None:
        for call in calls:
            if call.end_us != now_us:
                if call.end_us > now_us:  # etcd stood still meanwhile
                    self._commits.at(call.end_us, call)
                continue
            op, done = call.op, call.done
            assert op is not None, "a shadow is never armed"
            call.end_us = NEVER
            result = op(*call.args)
            arrival_us = call.arrival_us
            meter = call.port.meter
            meter.served(arrival_us, call.start_us - arrival_us, now_us - arrival_us)
            if call.client.in_flight_limit:
                call.client.answered()
            if done is not None:
                done(now_us, result)

    def _catch_up(self, now_us: int) -> None:
        """Shadows that left their clients since: in order, before anybody who comes now."""
        later = self._later
        while later and later[0][0] <= now_us:
            at_us, _, client, port = heappop(later)
            client.waiting_shadows -= 1
            if not self._down:
                call = Call(client, port, None, (), None)
                call.arrival_us = at_us
                self._price(call, at_us)

    def _list_seats(self, port: Port) -> int:
        objects = self.counts(port.kind.resource)
        return min(port.widest, list_seats(objects, port.object_bytes))

    # --- refusals

    def _expired(self, now_us: int, calls: list[Call]) -> None:
        for call in calls:
            self._reject(now_us, call)

    def _reject(self, now_us: int, call: Call) -> None:
        """429 with Retry-After: 1."""
        call.port.meter.rejected(call.arrival_us)
        self._retry(call, now_us + RETRY_AFTER_US)

    def _unreachable(self, call: Call, now_us: int) -> None:
        self.refused += 1
        call.port.meter.rejected(now_us)
        self._retry(call, now_us + self._backoff_us(call))

    def _not_stored(self, call: Call, now_us: int) -> None:
        """etcd would not take it: 500, and the client tries again."""
        self.refused += 1
        call.port.meter.rejected(call.arrival_us)
        self._retry(call, now_us + self._backoff_us(call))

    def _backoff_us(self, call: Call) -> int:
        self._retried += 1
        base_us = min(BACKOFF_US << min(call.attempts, 8), BACKOFF_MOST_US)
        return base_us + int(base_us * counter_hash(0, self._retried))

    def _retry(self, call: Call, at_us: int) -> None:
        if call.op is None:
            return
        call.attempts += 1
        call.client.retries += 1
        call.end_us = NEVER
        self._retries.at(at_us, call)

    def _again(self, now_us: int, calls: list[Call]) -> None:
        for call in calls:
            call.client.resend(call)

    # --- faults

    def forget(self, client: Client) -> None:
        """A client is dead: what it has not sent yet, or would try again, changes nothing."""
        for lane in (self._arrivals, self._retries):
            for call in lane.pending():
                if call.client is client:
                    call.op, call.args, call.done = _nothing, (), None

    def go_down(self) -> None:
        """Every replica is gone: what is under way is cut off, its clients try again."""
        self._down += 1
        if self._down > 1:
            return
        now_us = self._clock.now_us
        if self.at_once is not None:
            cut_off = self.at_once.withdraw(now_us)
        else:
            cut_off = [call for call in self._commits.pending() if call.end_us >= now_us]
        for level in self.levels:
            cut_off += level.queue.abort()
        for call in cut_off:
            if call.op is not None:
                self._unreachable(call, now_us)

    def come_back(self) -> None:
        """One such outage is over."""
        self._down -= 1

    def lose_leader(self) -> int:
        """etcd elects another leader; nothing is committed until the instant that is answered."""
        now_us = self._clock.now_us
        until_us = self.etcd.lose_leader(now_us)
        shift_us = until_us - now_us
        for call in () if self.at_once is not None else self._commits.pending():
            if call.port.stored and call.end_us > now_us:
                call.end_us += shift_us
        for level in self.levels:
            level.queue.suspend(now_us, until_us)
        return until_us

    def background(self, name: str, kind: RequestKind, per_second: float, client: str = "") -> None:
        """From now on so many requests a second that change nothing and that nobody waits for;
        `client` says who sends them, by default the name.
        """
        if self.at_once is not None:
            return
        load, now_us = self.background_load, self._clock.now_us
        stream = load.streams.get(name)
        if stream is None:
            cost = self._cost(kind)
            level = self.levels.name_of(client or name, kind)
            mean, square = moments_us(cost)
            if kind.verb == "LIST":
                more = cost.per_object_us * self.counts(kind.resource)
                mean, square = mean + more, square + 2 * mean * more + more * more
            stored = cost.object_bytes if kind.mutating else 0
            stream = load.streams[name] = Stream(
                name, kind, level, mean, square, stored, since_us=now_us
            )
        stream.change(now_us, per_second)
        load.update(self.levels.seats())
        self.levels.hold(load.seats)
        writes = [each for each in load.streams.values() if each.flush_bytes]
        flushes = sum(each.per_second for each in writes)
        grown = sum(each.per_second * each.flush_bytes for each in writes)
        self.etcd.beside(now_us, flushes, grown)

    def rows(self, now_us: int) -> Iterator[tuple[object, ...]]:
        """Rows of the `controllers` table: levels, etcd, background, clients."""
        self._catch_up(now_us)
        self.meters.close()
        for level in self.levels:
            yield level.row(now_us)
        yield self.etcd.row(now_us)
        for stream in self.background_load.streams.values():
            busy_us = round(stream.count(now_us) * stream.mean_us)
            share = busy_us / (self.cpu.servers * now_us) if now_us else 0.0
            mean = round(stream.mean_us)
            yield (f"background/{stream.name}", self.cpu.servers, stream.count(now_us), 0.0, 0, 0,
                   stream.mean_us, mean, mean, busy_us, share, 0, 0, 0)  # fmt: skip
        for client in self.clients:
            if client.name.startswith("controller/") or client.name == "kube-scheduler":
                continue  # has a row of its own
            requests, throttled_us, conflicts, retries = client.totals()
            yield (f"client/{client.name}", 1, requests, 0.0, 0, 0, 0.0, 0, 0, 0, 0.0,
                   requests, throttled_us, conflicts + retries)  # fmt: skip

    def _cost(self, kind: RequestKind) -> Cost:
        cost, fixed = cost_of(kind), self.times.service_us
        if fixed is None:
            return cost.scaled(self.times.cpu_factor)
        return Cost(fixed, fixed, cost.object_bytes)

    def _count_watchers(self, port: Port) -> None:
        if port.stored:
            port.linger_seats, port.linger_us = self.fanout.linger(port.kind.resource)
            port.fanout_us = self.fanout.cost_us(port.kind.resource)

    def _watchers_changed(self, resource: str) -> None:
        for port in self._ports.values():
            if port.kind.resource.partition("/")[0] == resource:
                self._count_watchers(port)


def _nothing() -> bool:
    """What a request does whose client died before it could send it."""
    return False
