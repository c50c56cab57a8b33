"""The work queue: one worker a key, nothing lost, nothing twice."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simk8s.errors import InvariantError
from simk8s.kernel.clock import Clock, StopReason
from simk8s.kernel.phase import Phase
from simk8s.kernel.station import Station
from simk8s.kernel.workqueue import KeyQueue, WorkQueue


def test_a_key_is_queued_once_and_again_after_the_work_on_it() -> None:
    keys = KeyQueue()
    assert [keys.add("a"), keys.add("b"), keys.add("a")] == [True, True, False]
    assert keys.get() == "a"
    assert [keys.add("a"), keys.add("a")] == [True, False]
    assert len(keys) == 1  # not while somebody works on it
    assert keys.done("a")
    assert [keys.get(), keys.get()] == ["b", "a"]
    assert not keys.done("a")
    assert not keys.done("b")


class Shop:
    """A queue whose workers take as long as they are told."""

    def __init__(self, workers: int, busy_us: Any = 10) -> None:
        self.clock = Clock()
        self.started: list[tuple[int, Any]] = []
        self.busy_us = busy_us
        self.queue = WorkQueue(self.clock, "shop", workers, self.reconcile)
        self.arrivals = self.clock.lane("arrivals", Phase.ARRIVE, self.arrive)

    def arrive(self, now_us: int, keys: list[Any]) -> None:
        for key in keys:
            self.queue.add(key)

    def reconcile(self, now_us: int, key: Any) -> int | None:
        self.started.append((now_us, key))
        return self.busy_us(key) if callable(self.busy_us) else self.busy_us


def test_adding_while_processing_works_once_more_when_done() -> None:
    shop = Shop(workers=2)
    for t_us in (0, 1, 2, 5):
        shop.arrivals.at(t_us, "a")
    assert shop.clock.run(100) is StopReason.DRAINED
    assert shop.started == [(0, "a"), (10, "a")]
    assert list(shop.queue.waits_us) == [0, 9]
    assert list(shop.queue.services_us) == [10, 10]
    assert shop.queue.adds == 2
    assert shop.queue.busy_us == 20


@settings(deadline=None)
@given(st.integers(1, 4), st.lists(st.tuples(st.integers(0, 5), st.integers(0, 12)), max_size=40))
def test_with_different_keys_it_is_a_station(workers: int, jobs: list[tuple[int, int]]) -> None:
    services = [service_us for _, service_us in jobs]
    shop = Shop(workers, busy_us=lambda key: services[key])
    station, now_us, starts = Station(workers), 0, []
    for number, (gap_us, service_us) in enumerate(jobs):
        now_us += gap_us
        shop.arrivals.at(now_us, number)
        starts.append((station.serve(now_us, service_us)[0], number))
    shop.clock.run(10_000)
    assert sorted(shop.started, key=lambda each: each[1]) == starts
    assert sum(shop.queue.waits_us) == station.wait_us
    assert len(shop.queue) == 0


@settings(deadline=None)
@given(
    st.integers(1, 3),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 3)), max_size=40),
)
def test_no_change_is_missed_and_no_key_has_two_workers(
    workers: int, changes: list[tuple[int, int]]
) -> None:
    shop = Shop(workers, busy_us=lambda key: 3 + key)
    for t_us, key in changes:
        shop.arrivals.at(t_us, key)
    shop.clock.run(10_000)
    for t_us, key in changes:
        assert any(start_us >= t_us and each == key for start_us, each in shop.started)
    for key in range(4):
        starts = [start_us for start_us, each in shop.started if each == key]
        assert all(b - a >= 3 + key for a, b in pairwise(starts))


def test_the_earliest_of_several_delays_counts() -> None:
    shop = Shop(workers=1, busy_us=0)
    for delay_us in (50, 20, 70):
        shop.queue.add_after("a", delay_us)
    shop.queue.add_after("b", 0)
    shop.clock.run(30)
    shop.queue.add_after("a", 40)
    shop.clock.run(200)
    assert shop.started == [(0, "b"), (20, "a"), (70, "a")]


def test_failures_back_off_until_forgotten() -> None:
    shop = Shop(workers=1)

    def fail(now_us: int, key: str) -> int:
        shop.started.append((now_us, key))
        if len(shop.started) < 4:
            queue.add_rate_limited(key)
        else:
            queue.forget(key)
        return 100

    queue = WorkQueue(shop.clock, "failing", 1, fail)
    queue.add("a")
    shop.clock.run(1_000_000)
    assert [t_us for t_us, _ in shop.started] == [0, 5_000, 15_000, 35_000]
    assert queue.retries == 3
    assert queue.limiter.backoff.failures("a") == 0


def test_a_reconciler_may_say_itself_when_it_is_done() -> None:
    shop = Shop(workers=1, busy_us=None)
    later = shop.clock.lane("io", Phase.DELIVER, lambda now_us, keys: shop.queue.done(keys[0]))
    shop.queue.add("a")
    shop.queue.add("b")
    later.at(30, "a")
    later.at(70, "b")
    shop.clock.run(100)
    assert shop.started == [(0, "a"), (30, "b")]
    assert list(shop.queue.services_us) == [30, 40]
    assert shop.queue.depth_max == 2


def test_a_key_that_wakes_itself_in_no_time_is_a_livelock_with_a_name() -> None:
    shop = Shop(workers=1)

    def again(now_us: int, key: str) -> int:
        queue.add(key)
        return 0

    queue = WorkQueue(shop.clock, "restless", 1, again)
    queue.add("a")
    assert shop.clock.run(10) is StopReason.LIVELOCK
    assert shop.clock.livelock_components == ("restless",)


def test_a_queue_without_workers_is_refused() -> None:
    with pytest.raises(InvariantError, match="nobody"):
        WorkQueue(Clock(), "nobody", 0, lambda now_us, key: 0)
