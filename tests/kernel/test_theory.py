"""Queues against queueing theory. Fixed seeds: no test here is a lottery."""

from __future__ import annotations

from math import factorial, isclose
from typing import Any

import numpy as np
import pytest
from scipy.stats import t as student

from simk8s.kernel.batcher import Batcher
from simk8s.kernel.clock import Clock
from simk8s.kernel.phase import Phase
from simk8s.kernel.station import Station
from simk8s.kernel.streams import Streams
from simk8s.kernel.workqueue import WorkQueue

SECOND_US = 1_000_000
REPLICATIONS, CUSTOMERS, WARM_UP = 12, 7_000, 500


def erlang_c(servers: int, load: float) -> float:
    """The probability that a customer of M/M/k has to wait; `load` in Erlangs."""
    full = load**servers / factorial(servers) * servers / (servers - load)
    return full / (sum(load**k / factorial(k) for k in range(servers)) + full)


def poisson(streams: Streams, name: str, n: int, gap_us: float, service_us: float) -> Any:
    """Instants of arrival and service times, in whole microseconds."""
    rng = streams.get(name)
    arrivals = np.cumsum(rng.exponential(gap_us, n)).astype(np.int64).tolist()
    return arrivals, rng.exponential(service_us, n).astype(np.int64).tolist()


def mean_wait_us(streams: Streams, servers: int, load: float, replication: int) -> float:
    name = f"{servers}/{load}/{replication}"
    arrivals, services = poisson(streams, name, CUSTOMERS, SECOND_US / load, SECOND_US)
    station = Station(servers)
    waits = [
        station.serve(t_us, service_us)[0] - t_us
        for t_us, service_us in zip(arrivals, services, strict=True)
    ]
    return sum(waits[WARM_UP:]) / (CUSTOMERS - WARM_UP)


@pytest.mark.parametrize(("servers", "load"), [(1, 0.5), (3, 1.8), (8, 5.6)])
def test_waits_of_m_m_k_follow_erlang_c(servers: int, load: float) -> None:
    expected_us = erlang_c(servers, load) / (servers - load) * SECOND_US
    factor = student.ppf(0.995, REPLICATIONS - 1) / REPLICATIONS**0.5
    outside, widths = 0, []
    for seed in range(20):
        streams = Streams(seed)
        means = [mean_wait_us(streams, servers, load, each) for each in range(REPLICATIONS)]
        half_width = factor * float(np.std(means, ddof=1))
        outside += abs(np.mean(means) - expected_us) > half_width
        widths.append(half_width / expected_us)
    assert outside <= 1
    assert np.mean(widths) < 0.2  # narrow enough to tell a wrong queue


def test_erlang_c_is_the_known_one() -> None:
    assert isclose(erlang_c(1, 0.5), 0.5)
    assert isclose(erlang_c(2, 1.0), 1 / 3)


@pytest.mark.parametrize("workers", [1, 3])
def test_littles_law_holds_exactly_on_a_path(workers: int) -> None:
    """Keys waiting, summed over time, are waits, summed over keys: to the microsecond."""
    clock = Clock()
    load = 0.8 * workers
    arrivals, services = poisson(Streams(1), "little", 2_000, 100 / load, 100)
    queue = WorkQueue(clock, "queue", workers, lambda now_us, key: services[key])

    class Area:
        """Time-weighted number of waiting keys."""

        total, last_us = 0, 0

        def on_instant(self, now_us: int) -> None:
            self.total += len(queue) * (now_us - self.last_us)
            self.last_us = now_us

        def on_batch(self, component: str, phase: Phase, count: int) -> None: ...
        def on_stop(self, reason: object) -> None: ...

    def arrive(now_us: int, keys: list[int]) -> None:
        for key in keys:
            queue.add(key)

    area = Area()
    clock.add_probe(area)
    lane = clock.lane("arrivals", Phase.ARRIVE, arrive)
    for key, t_us in enumerate(arrivals):
        lane.at(t_us, key)
    clock.run(10 * SECOND_US)
    assert area.total == sum(queue.waits_us) > 0
    assert len(queue.services_us) == len(arrivals)
    assert queue.busy_us == sum(services)


def test_a_loaded_disk_has_the_throughput_of_its_batches() -> None:
    """Poisson arrivals at n per flush: almost every flush carries n, the wait is 1 to 2 flushes."""
    flush_us, per_flush = 1_000, 20
    arrivals, _ = poisson(Streams(2), "disk", 40_000, flush_us / per_flush, 1.0)
    batcher = Batcher(lambda: flush_us)
    waits = [batcher.commit(t_us) - t_us for t_us in arrivals]
    assert batcher.commits / batcher.fsyncs == pytest.approx(per_flush, rel=0.02)
    assert np.mean(waits) == pytest.approx(1.5 * flush_us, rel=0.02)
    assert flush_us <= min(waits)
    assert max(waits) <= 2 * flush_us
