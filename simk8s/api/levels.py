"""The priority levels of one server at work: their queues, who borrows seats from whom, and what
background leaves of them.

Law: nothing happens while nobody waits; once somebody does, seats are allocated anew every ten
seconds until nobody waits and nobody needs more than its nominal seats.

Mirrors: kube-apiserver v1.36 API priority and fairness (apiserver/pkg/util/flowcontrol); with it
off, max-requests-inflight and max-mutating-requests-inflight, which reject at once. Departs: the
seats of several replicas are one pool.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from numpy.typing import NDArray

from simk8s.api.flows import (
    BORROW_US,
    EXEMPT,
    LEVELS,
    MUTATING,
    READ_ONLY,
    Level,
    allocate,
    level_of,
    nominal_seats,
    widest,
)
from simk8s.api.requests import RequestKind
from simk8s.kernel.clock import Clock
from simk8s.kernel.fairqueue import FairQueue, Price
from simk8s.kernel.histogram import Histogram
from simk8s.kernel.phase import Phase

QUEUE_WAIT_US = 15_000_000


class ServedLevel:
    """One level and what it did."""

    __slots__ = ("allocated", "level", "nominal", "queue", "services", "waits", "widest")

    def __init__(self, level: Level, nominal: int, queue: FairQueue) -> None:
        self.level = level
        self.queue = queue
        self.nominal = self.allocated = nominal
        self.widest = widest(level, nominal)
        self.waits = Histogram()
        self.services = Histogram()

    @property
    def least(self) -> int:
        """What it may not lend."""
        return self.nominal - (self.nominal * self.level.lendable_percent + 50) // 100

    def saw(self, waits: NDArray[Any], services: NDArray[Any], at_once: int) -> None:
        """So long requests waited and were served; others took no time at all."""
        self.waits.add_all(waits[waits > 0])
        self.services.add_all(services)
        self.services.zeros(at_once)

    def leave(self, background: int) -> None:
        """Background holds so many seats; it is one flow, and fairness keeps a share for others."""
        kept = -(-self.allocated // (self.level.hand + 1))
        self.queue.resize(max(1, kept, self.allocated - background))

    def row(self, elapsed_us: int) -> tuple[object, ...]:
        """The row of the `controllers` table: workers are seats, a reconcile is a request."""
        waits, services = self.waits, self.services
        served = services.count
        mean = waits.total / served if served else 0.0
        share = services.total / (self.nominal * elapsed_us) if elapsed_us else 0.0
        return (
            self.queue.name, self.nominal, served,
            mean, waits.percentile(50, of=served), waits.percentile(99, of=served),
            services.total / served if served else 0.0, services.percentile(50),
            services.percentile(99), services.total, share, 0, 0,
            self.queue.refused + self.queue.expired,
        )  # fmt: skip


class Levels:
    """All levels; `held` are the seats that background holds, by level."""

    def __init__(
        self,
        clock: Clock,
        seats: tuple[int, int],
        replicas: int,
        fair: bool,
        price: Price,
        expired: Callable[[int, list[Any]], None],
    ) -> None:
        self._clock = clock
        self._fair = fair
        self.held: Mapping[str, int] = {}
        self.moves = 0
        """How often seats were allocated anew."""
        self._served: dict[str, ServedLevel] = {}
        if fair:
            nominal = nominal_seats(sum(seats))
            levels = [(level, nominal[level.name] * replicas) for level in LEVELS]
        else:
            names = zip((READ_ONLY, MUTATING), seats, strict=True)
            levels = [(Level(name, 0, 0, 0, 1), many * replicas) for name, many in names]
        self._rebalance = clock.bell("kube-apiserver/borrowing", Phase.RECONCILE, self._borrow)
        for level, many in levels:
            queue = FairQueue(
                clock, f"kube-apiserver/{level.name}", many, _priced_already, expired,
                queues=level.queues, hand=level.hand, length=level.length,
                timeout_us=QUEUE_WAIT_US, price=price, on_wait=self._on_wait,
            )  # fmt: skip
            self._served[level.name] = ServedLevel(level, many, queue)
        self._since_us = 0
        self._before: dict[str, int] = {}
        self._borrowing = False

    def __iter__(self) -> Iterator[ServedLevel]:
        return iter(self._served.values())

    def of(self, client: str, kind: RequestKind) -> ServedLevel | None:
        """Where a client's requests of a kind queue; None = exempt."""
        name = self.name_of(client, kind)
        return None if name == EXEMPT else self._served[name]

    def name_of(self, client: str, kind: RequestKind) -> str:
        """The name of that level."""
        name = level_of(client, kind)
        if self._fair or name == EXEMPT:
            return name
        return MUTATING if kind.mutating else READ_ONLY

    def seats(self) -> dict[str, int]:
        """Allocated at present."""
        return {name: served.allocated for name, served in self._served.items()}

    def hold(self, held: Mapping[str, int]) -> None:
        """Background holds so many seats from now on."""
        self.held = held
        for name, served in self._served.items():
            served.leave(held.get(name, 0))

    def _on_wait(self) -> None:
        if self._fair and not self._borrowing:
            self._borrowing = True
            self._observe(self._clock.now_us)
            self._ring()

    def _ring(self) -> None:
        now_us = self._clock.now_us
        self._rebalance.ring_at(now_us + BORROW_US - now_us % BORROW_US)

    def _observe(self, now_us: int) -> None:
        self._since_us = now_us
        self._before = {name: _asked(served) for name, served in self._served.items()}

    def _borrow(self, now_us: int) -> None:
        elapsed_us = max(1, now_us - self._since_us)
        served = list(self._served.values())
        wanted = []
        for name, each in self._served.items():
            mean = -(-(_asked(each) - self._before[name]) // elapsed_us)
            wanted.append(max(mean, each.queue.wanted()) + self.held.get(name, 0))
        self._borrowing = any(each.queue.waiting for each in served) or any(
            want > each.nominal for want, each in zip(wanted, served, strict=True)
        )
        seats = [each.nominal for each in served]
        if self._borrowing:
            seats = allocate(sum(seats), [each.least for each in served], wanted)
            self._ring()
        for each, many in zip(served, seats, strict=True):
            if each.allocated != many:
                self.moves += 1
                each.allocated = many
            each.leave(self.held.get(each.level.name, 0))
        self._observe(now_us)


def _asked(served: ServedLevel) -> int:
    """Seat time that was taken or waited for so far."""
    return served.queue.busy_us + served.queue.wait_us


def _priced_already(now_us: int, started: list[tuple[Any, int]]) -> None:
    """Whoever gets a seat is priced and armed by `price`."""
