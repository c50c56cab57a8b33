"""What the kernel costs: microseconds per timer, ring, customer. `python -m benchmarks.kernel`.

Processor time, the best of several repeats: another process can only make it slower. Each repeat
is long enough for the clock's resolution and short enough to find a quiet moment.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from time import process_time

import simpy

from simk8s.api.client import Client
from simk8s.api.etcd import EtcdTimes
from simk8s.api.requests import POST_EVENT, request
from simk8s.api.server import ApiServer, Times
from simk8s.kernel.batcher import Batcher
from simk8s.kernel.clock import Clock
from simk8s.kernel.fairqueue import FairQueue
from simk8s.kernel.phase import Phase
from simk8s.kernel.probe import Probe
from simk8s.kernel.ratelimit import TokenBucket
from simk8s.kernel.station import Station
from simk8s.kernel.workqueue import WorkQueue

REPEATS = 9
FOREVER_US = 10**15

Work = Callable[[int], object]


class Silent(Probe):
    """An instrument that hears and forgets."""


def lane_chain(n: int) -> None:
    """Every timer sets the next one: three under way at any time."""
    clock = Clock()

    def handler(now_us: int, items: list[int]) -> None:
        if now_us < n:
            lane.at(now_us + 3, 0)

    lane = clock.lane("lane", Phase.ARRIVE, handler)
    for t_us in range(3):
        lane.at(t_us, 0)
    clock.run(FOREVER_US)


def lane_distinct(n: int, *probes: Probe) -> None:
    """All timers set beforehand, in a scattered order, no two at one instant."""
    clock = Clock()
    for probe in probes:
        clock.add_probe(probe)
    lane = clock.lane("lane", Phase.ARRIVE, lambda now_us, items: None)
    for number in range(n):
        lane.at(number * 7919 % n * 3, 0)
    clock.run(FOREVER_US)


def lane_coinciding(n: int) -> None:
    """A thousand timers at each instant."""
    clock = Clock()
    lane = clock.lane("lane", Phase.ARRIVE, lambda now_us, items: None)
    for number in range(n):
        lane.at(5 + number // 1_000, 0)
    clock.run(FOREVER_US)


def bell_chain(n: int) -> None:
    """Every ring sets the next one, an instant later."""
    clock = Clock()

    def handler(now_us: int) -> None:
        if now_us < n:
            bell.ring_at(now_us + 1)

    bell = clock.bell("bell", Phase.RECONCILE, handler)
    bell.ring()
    clock.run(FOREVER_US)


def bell_rounds(n: int) -> None:
    """Every ring asks for another round of the same instant, a hundred rounds an instant."""
    clock, rings = Clock(), 0

    def handler(now_us: int) -> None:
        nonlocal rings
        rings += 1
        if rings < n:
            bell.ring_at(now_us + (rings % 100 == 0))

    bell = clock.bell("bell", Phase.RECONCILE, handler)
    bell.ring()
    clock.run(FOREVER_US)


def bell_coalesced(n: int) -> None:
    """Rings that find the bell rung."""
    clock = Clock()
    bell = clock.bell("bell", Phase.RECONCILE, lambda now_us: None)
    for _ in range(n):
        bell.ring()
    clock.run(FOREVER_US)


def station_serve(n: int) -> None:
    """Eight servers at 80 %."""
    station = Station(8)
    for number in range(n):
        station.serve(number * 10, 64)


def batcher_commit(n: int) -> None:
    """Twenty commits per flush."""
    batcher = Batcher(lambda: 200)
    for number in range(n):
        batcher.commit(number * 10)


def bucket_reserve(n: int) -> None:
    """Twice as many as the bucket gives."""
    bucket = TokenBucket(50, 100)
    for number in range(n):
        bucket.reserve(number * 10_000)


def fair_level(n: int, seats: int) -> None:
    """Sixteen flows, one request every 10 us of 64 us: the seats decide how contended it is."""
    clock = Clock()
    level = FairQueue(clock, "level", seats, lambda now_us, pairs: None,
                      lambda now_us, items: None, queues=64, hand=6)  # fmt: skip

    def arrive(now_us: int, items: list[int]) -> None:
        for number in items:
            level.submit(number, number % 16 * 7_919_123, 64)

    lane = clock.lane("arrivals", Phase.ARRIVE, arrive)
    for number in range(n):
        lane.at(number * 10, number)
    clock.run(FOREVER_US)


def workqueue(n: int) -> None:
    """Different keys, four workers at 80 %."""
    clock = Clock()
    queue = WorkQueue(clock, "queue", 4, lambda now_us, key: 32)
    lane = clock.lane("arrivals", Phase.ARRIVE, lambda now_us, keys: queue.add(keys[0]))
    for number in range(n):
        lane.at(number * 10, number)
    clock.run(FOREVER_US)


class Api:
    """A server with the latencies of a large control plane, on a clock of its own."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.server = ApiServer(self.clock, Times(cores=64, etcd=EtcdTimes(members=3)))
        self.client = Client(self.clock, self.server, "kube-scheduler")


@request("POST", "pods/binding")
def stored(number: int) -> bool:
    """An operation that costs nothing by itself."""
    return True


def api_write(n: int) -> None:
    """A request every millisecond, priced, measured and applied, with its arrival."""
    api = Api()
    write = api.client.write

    def arrive(now_us: int, numbers: list[int]) -> None:
        for number in numbers:
            write(stored, number)

    lane = api.clock.lane("arrivals", Phase.ARRIVE, arrive)
    for number in range(n):
        lane.at(number * 1_000, number)
    api.clock.run(FOREVER_US)


def api_note(n: int) -> None:
    """Shadows, ten at each of a row of instants a few milliseconds apart."""
    api = Api()
    note = api.client.note

    def arrive(now_us: int, numbers: list[int]) -> None:
        for _ in range(10):
            note(POST_EVENT)

    lane = api.clock.lane("arrivals", Phase.ARRIVE, arrive)
    for number in range(n // 10):
        lane.at(number * 10_000, number)
    api.clock.run(FOREVER_US)


def simpy_customer(n: int) -> None:
    """What a customer of simpy.Resource costs: the unit of comparison."""
    env = simpy.Environment()
    seats = simpy.Resource(env, 8)

    def customer(delay: int) -> Iterator[simpy.Event]:
        yield env.timeout(delay)
        with seats.request() as seat:
            yield seat
            yield env.timeout(64)

    for number in range(n):
        env.process(customer(number * 10))
    env.run()


def cases() -> Iterator[tuple[str, int, Work]]:
    yield "lane timer, distinct instants, a few pending", 30_000, lane_chain
    yield "lane timer, distinct instants, 1,000 pending", 1_000, lane_distinct
    yield "lane timer, distinct instants, 100,000 pending", 100_000, lane_distinct
    yield "the same with a probe", 100_000, lambda n: lane_distinct(n, Silent())
    yield "lane timer, 1,000 at one instant", 100_000, lane_coinciding
    yield "bell, ring and answer, distinct instants", 30_000, bell_chain
    yield "bell, ring and answer, rounds of one instant", 30_000, bell_rounds
    yield "bell, ring when rung", 100_000, bell_coalesced
    yield "station, serve", 50_000, station_serve
    yield "batcher, commit", 50_000, batcher_commit
    yield "token bucket, reserve", 50_000, bucket_reserve
    yield "priority level, uncontended, with arrival", 20_000, lambda n: fair_level(n, 20)
    yield "priority level, contended, with arrival", 20_000, lambda n: fair_level(n, 6)
    yield "work queue, add to done, with arrival", 20_000, workqueue
    yield "API write, priced, measured, applied, with arrival", 10_000, api_write
    yield "API shadow (note)", 10_000, api_note
    yield "a customer of simpy.Resource, to compare", 10_000, simpy_customer


def best_us(work: Work, n: int, repeats: int = REPEATS) -> float:
    """Microseconds a piece, in the quietest of the repeats."""
    best = float("inf")
    for _ in range(repeats):
        begin = process_time()
        work(n)
        best = min(best, process_time() - begin)
    return best / n * 1e6


def main() -> int:
    """Print a line per case."""
    for title, n, work in cases():
        print(f"{best_us(work, n):8.2f} us  {title}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
