"""Pods of an entry: chunks, streams that do not touch each other, interleaved templates."""

from __future__ import annotations

from typing import Any

import numpy as np

from simk8s.kernel.streams import Streams
from simk8s.units import US_PER_HOUR
from simk8s.workload.arrivals.poisson import Params, Poisson
from simk8s.workload.columns import CHUNK, FOREVER
from simk8s.workload.source import ArrivalSource, PodDraws

MINUTES = {"exponential": {"mean": "5m"}}
CPU = {"uniform": {"min": "100m", "max": "900m"}}
MEMORY = {"uniform": {"min": "64Mi", "max": "1Gi"}}


def source(templates: int = 1, rate: str = "10/s", **draws: Any) -> ArrivalSource:
    many = [{"metadata": {"labels": {"t": str(i)}}} for i in range(templates)]
    return ArrivalSource(
        "web", "default", many, Poisson(Params(rate=rate)), PodDraws("web", **draws)
    )


def columns(made: ArrivalSource, seed: int = 1) -> Any:
    (only,) = made.chunks(Streams(seed), US_PER_HOUR)
    return only


def test_without_lifetime_pods_stay() -> None:
    found = columns(source())
    assert (found.lifetime_us == FOREVER).all()
    assert found.requests == {}
    assert len(found) > 30_000


def test_templates_are_interleaved_across_chunks() -> None:
    chunks = list(source(7, rate="40/s").chunks(Streams(1), US_PER_HOUR))
    assert [len(chunk) for chunk in chunks[:-1]] == [CHUNK, CHUNK]
    joined = np.concatenate([chunk.template for chunk in chunks])
    assert np.array_equal(joined, np.arange(len(joined)) % 7)
    times = np.concatenate([chunk.when_us for chunk in chunks])
    assert (np.diff(times) >= 0).all()


def test_each_draw_has_its_own_stream() -> None:
    plain = columns(source(lifetime=MINUTES))
    more = columns(source(lifetime=MINUTES, requests={"cpu": CPU}))
    most = columns(source(lifetime="1m", requests={"memory": MEMORY, "cpu": CPU}))
    assert np.array_equal(plain.when_us, most.when_us)
    assert np.array_equal(plain.lifetime_us, more.lifetime_us)
    assert np.array_equal(more.requests["cpu"], most.requests["cpu"])


def test_arrivals_do_not_move_lifetimes() -> None:
    slow = columns(source(lifetime=MINUTES, rate="5/s"))
    fast = columns(source(lifetime=MINUTES, rate="6/s"))
    n = min(len(slow), len(fast))
    assert np.array_equal(slow.lifetime_us[:n], fast.lifetime_us[:n])


def test_draws_one_by_one_are_the_draws_together() -> None:
    draws, streams = PodDraws("job", lifetime=MINUTES, requests={"cpu": CPU}), Streams(3)
    single = [int(draws.lifetime_us(streams, 1)[0]) for _ in range(10)]
    assert single == draws.lifetime_us(Streams(3), 10).tolist()
    assert (
        draws.requests(Streams(3), 2)["cpu"].tolist() == draws.requests(streams, 2)["cpu"].tolist()
    )


def test_absent_requests_are_not_drawn() -> None:
    assert PodDraws("x", requests={"cpu": None, "memory": "1Gi"}).requests(
        Streams(1), 1
    ).keys() == {"memory"}
