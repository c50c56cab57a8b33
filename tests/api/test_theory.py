"""The server's processors, etcd's disk and the clients' buckets against queueing theory.

20 fixed seeds, intervals of 99 %, at most one outside: no test here is a lottery.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, factorial, floor, log

import numpy as np
import pytest
from scipy.stats import t as student

from simk8s.api.costs import TABLE, cost_of, moments_us, spread_us
from simk8s.api.etcd import Etcd, EtcdTimes
from simk8s.api.requests import kind
from simk8s.api.server import Times
from simk8s.kernel.ratelimit import TokenBucket
from simk8s.kernel.streams import Streams
from tests.api.world import World
from tests.kernel.test_theory import erlang_c

REPLICATIONS = 10
GET = kind("GET", "pods")


def agrees(measure: Callable[[Streams, int], float], expected: float, width: float) -> None:
    """The mean of replications against theory for every seed."""
    factor = float(student.ppf(0.995, REPLICATIONS - 1)) / REPLICATIONS**0.5
    outside, widths = 0, []
    for seed in range(20):
        means = [measure(Streams(seed), each) for each in range(REPLICATIONS)]
        half_width = factor * float(np.std(means, ddof=1))
        outside += abs(np.mean(means) - expected) > half_width
        widths.append(half_width / expected)
    assert outside <= 1
    assert np.mean(widths) < width  # narrow enough to tell a wrong queue


def cpu_wait_us(
    streams: Streams, replication: int, cores: int, gap_us: float, mean: float
) -> float:
    """Mean wait for a processor of 1,500 reads that come at random; exponential if `mean`."""
    n = 1_500
    world = World(Times(cores=cores), seed=streams.seed * 1_000 + replication)
    client = world.client("system:masters")
    rng = streams.get(f"arrivals/{replication}")
    if mean:
        drawn = rng.exponential(mean, n).astype(np.int64).tolist()
        world.server.port(client.name, GET).demands = iter(drawn)
    for t_us in np.cumsum(rng.exponential(gap_us, n)).astype(np.int64).tolist():
        world.at(t_us, lambda: world.write(client, verb="GET", resource="pods"))
    world.run(10**12)
    assert len(world.latencies) == n
    return (sum(world.latencies) - world.server.cpu.busy_us) / n


@pytest.mark.slow
@pytest.mark.parametrize(("cores", "load"), [(1, 0.5), (4, 2.8)])
def test_processors_are_m_m_k(cores: int, load: float) -> None:
    mean = 1_000.0
    expected = erlang_c(cores, load) / (cores - load) * mean
    agrees(lambda s, r: cpu_wait_us(s, r, cores, mean / load, mean), expected, 0.35)


def second_moment(p50: float, p99: float) -> float:
    """Of a log-normal."""
    sigma = log(p99 / p50) / 2.3263478740408408
    return exp(2 * log(p50) + 2 * sigma * sigma)


@pytest.mark.slow
def test_one_processor_is_m_g_1_with_the_tables_demand() -> None:
    """Pollaczek–Khinchine."""
    cost, load = cost_of(GET), 0.5
    gap_us = moments_us(cost)[0] / load
    expected = second_moment(cost.p50_us, cost.p99_us) / gap_us / (2 * (1 - load))
    agrees(lambda s, r: cpu_wait_us(s, r, 1, gap_us, 0.0), expected, 0.35)


def test_a_disk_without_group_commit_is_m_g_1() -> None:
    p50, p99, load, n = 550, 5_500, 0.4, 4_000
    sigma = log(p99 / p50) / 2.3263478740408408
    mean = exp(log(p50) + sigma * sigma / 2)
    gap_us = mean / load
    expected = second_moment(p50, p99) / gap_us / (2 * (1 - load)) + mean

    def measure(streams: Streams, replication: int) -> float:
        times = EtcdTimes(fsync=(p50, p99), backend_commit=(0, 0), apply_us=0, max_batch=1)
        etcd = Etcd(times, streams.get(f"etcd/{replication}"))
        gaps = streams.get(f"arrivals/{replication}").exponential(gap_us, n)
        arrivals = np.cumsum(gaps).astype(np.int64).tolist()
        return float(np.mean([etcd.commit(t_us, 0) - t_us for t_us in arrivals][200:]))

    agrees(measure, expected, 0.3)


def md1_cdf(rho: float, services: float) -> float:
    """P(wait <= so many service times) in M/D/1 (Erlang)."""
    terms = (
        (rho * (k - services)) ** k / factorial(k) * exp(-rho * (k - services))
        for k in range(floor(services) + 1)
    )
    return (1 - rho) * sum(terms)


def test_the_share_of_throttled_requests_is_that_of_m_d_1() -> None:
    """A bucket of b tokens holds back whom M/D/1 would let wait more than b − 1 services."""
    qps, burst, rho, n = 50, 3, 0.8, 4_000
    expected = 1 - md1_cdf(rho, burst - 1)

    def measure(streams: Streams, replication: int) -> float:
        bucket = TokenBucket(qps, burst)
        gaps = streams.get(f"bucket/{replication}").exponential(1e6 / qps / rho, n)
        arrivals = np.cumsum(gaps).astype(np.int64).tolist()
        return sum(bucket.reserve(t_us) > t_us for t_us in arrivals) / n

    agrees(measure, expected, 0.15)


def test_md1_is_the_known_one() -> None:
    assert md1_cdf(0.8, 0) == pytest.approx(0.2)
    assert md1_cdf(0.5, 1) == pytest.approx(0.5 * exp(0.5))


@pytest.mark.parametrize("burst", [1, 30])
def test_a_burst_leaves_at_once_and_the_rest_at_the_rate(burst: int) -> None:
    bucket = TokenBucket(20, burst)
    left = [bucket.reserve(0) for _ in range(100)]
    assert left == [max(0, n - burst) * 50_000 for n in range(1, 101)]


def test_means_are_those_of_the_draws() -> None:
    for cost in TABLE.values():
        drawn = spread_us(np.random.Generator(np.random.PCG64(1)), cost.p50_us, cost.p99_us, 40_000)
        assert drawn.mean() == pytest.approx(moments_us(cost)[0], rel=0.02)
        assert (drawn.astype(float) ** 2).mean() == pytest.approx(moments_us(cost)[1], rel=0.1)
        assert np.quantile(drawn, 0.99) == pytest.approx(cost.p99_us, rel=0.05)
