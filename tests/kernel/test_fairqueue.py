"""Priority levels: a station when nobody competes, fair and bounded when somebody does."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simk8s.errors import InvariantError
from simk8s.kernel.clock import Clock, StopReason
from simk8s.kernel.fairqueue import QUEUED, REFUSED, FairQueue, deal
from simk8s.kernel.phase import Phase
from simk8s.kernel.station import Station
from tests.kernel.fair_twin import Request, Twin


class Level:
    """A level, and what became of each request."""

    def __init__(self, seats: int, **options: Any) -> None:
        self.clock = Clock()
        self.fate: dict[Any, Any] = {}
        self.started_at: dict[Any, int] = {}
        self.queue = FairQueue(self.clock, "level", seats, self.start, self.expire, **options)
        self.arrivals = self.clock.lane("arrivals", Phase.ARRIVE, self.arrive)

    def at(self, t_us: int, item: Any, *arguments: Any, **options: Any) -> None:
        self.arrivals.at(t_us, (item, arguments, options))

    def arrive(self, now_us: int, requests: list[Any]) -> None:
        for item, arguments, options in requests:
            answer = self.queue.submit(item, *arguments, **options)
            if answer >= 0:
                self.start(now_us, [(item, answer)])
            else:
                self.fate[item] = answer

    def start(self, now_us: int, pairs: list[tuple[Any, int]]) -> None:
        for item, end_us in pairs:
            assert item not in self.started_at
            self.started_at[item] = now_us
            self.fate[item] = end_us

    def expire(self, now_us: int, items: list[Any]) -> None:
        for item in items:
            assert self.fate[item] == QUEUED
            self.fate[item] = ("expired", now_us)

    def run(self) -> dict[Any, Any]:
        assert self.clock.run(10**12) is StopReason.DRAINED
        assert self.queue.waiting == 0
        assert self.queue.seats_waiting == 0
        return self.fate


jobs = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 14)), max_size=50)


@settings(deadline=None)
@given(st.integers(1, 4), jobs)
def test_one_line_without_bounds_is_a_station(seats: int, work: list[tuple[int, int]]) -> None:
    level, station = Level(seats, length=None, timeout_us=None), Station(seats)
    now_us, expected = 0, {}
    for number, (gap_us, service_us) in enumerate(work):
        now_us += gap_us
        level.at(now_us, number, 7, service_us)
        expected[number] = station.serve(now_us, service_us)
    assert level.run() == {number: end_us for number, (_, end_us) in expected.items()}
    assert level.started_at == {number: start_us for number, (start_us, _) in expected.items()}
    assert level.queue.wait_us == station.wait_us
    assert level.queue.busy_us == station.busy_us


requests = st.lists(
    st.tuples(
        st.integers(0, 4_000),  # gap
        st.integers(0, 5),  # flow
        st.integers(0, 12_000),  # service
        st.integers(1, 4),  # seats
        st.integers(0, 5),  # lingering seats
        st.sampled_from((0, 0, 5_000)),  # how long they linger
    ),
    max_size=60,
)


def agree(work: list[tuple[int, ...]], seats: int, hand: int, bounded: bool) -> None:
    """Play the same requests on both and compare what became of each."""
    options: dict[str, Any] = {"queues": 4, "hand": hand, "length": None, "timeout_us": None}
    if bounded:
        options.update(length=2, timeout_us=9_000)
    now_us, asked = 0, []
    for number, (gap_us, flow, *rest) in enumerate(work):
        now_us += gap_us
        asked.append(Request(number, now_us, flow * 1_234_567, *rest))
    Twin(seats, **options).play(asked)
    expected = {each.number: REFUSED if each.fate == "refused" else each.fate for each in asked}
    for fast in (True, False):
        level = Level(seats, fast=fast, **options)
        for each in asked:
            level.at(each.arrival_us, each.number, each.flow, each.service_us, each.seats,
                     each.linger_seats, each.linger_us)  # fmt: skip
        assert level.run() == expected
        queue = level.queue
        assert queue.served + queue.refused + queue.expired == len(work)


@settings(deadline=None, max_examples=60)
@given(requests, st.integers(1, 5), st.integers(1, 4), st.booleans())
@example([(0, 0, 1, 1, 0, 0), (0, 0, 0, 1, 0, 0), (0, 0, 1, 1, 0, 0), (1, 0, 0, 1, 0, 0)],
         1, 2, False)  # fmt: skip
def test_the_level_and_its_slow_twin_agree(
    work: list[tuple[int, ...]], seats: int, hand: int, bounded: bool
) -> None:
    agree(work, seats, hand, bounded)


def test_they_agree_under_load_too() -> None:
    rng = Random(1)
    for _ in range(120):
        work = [
            (
                rng.choice((0, 0, 500, 1_500)),
                rng.randrange(6),
                rng.choice((0, 1_000, 3_000, rng.randrange(9_000))),
                rng.choice((1, 1, 1, 2, 4)),
                rng.choice((0, 0, 3)),
                rng.choice((0, 5_000)),
            )
            for _ in range(40)
        ]
        agree(work, rng.randint(1, 5), rng.randint(1, 4), rng.random() < 0.5)


def test_an_uncontended_level_makes_no_event() -> None:
    level = Level(2)
    for number in range(3):
        level.at(number * 100, number, 0, 150)
    batches: list[str] = []

    class Count:
        def on_instant(self, now_us: int) -> None: ...
        def on_batch(self, component: str, phase: Phase, count: int) -> None:
            batches.append(component)

        def on_stop(self, reason: StopReason) -> None: ...

    level.clock.add_probe(Count())
    level.run()
    assert batches == ["arrivals"] * 3


def test_a_full_line_refuses_and_the_deadline_ends_the_wait() -> None:
    level = Level(1, length=2, timeout_us=50)
    for number in range(4):
        level.at(0, number, 0, 50 if number == 0 else 30)
    fate = level.run()
    # The second gets its seat in the very instant of its deadline, the third comes too late.
    assert fate == {0: 50, 1: 80, 2: ("expired", 50), 3: REFUSED}
    assert level.queue.refused == 1
    assert level.queue.expired == 1


def test_without_queues_who_cannot_start_is_refused() -> None:
    level = Level(2, queues=0)
    for number in range(3):
        level.at(0, number, number, 10)
    level.at(10, 3, 3, 10)
    assert level.run() == {0: 10, 1: 10, 2: REFUSED, 3: 20}


def test_a_mouse_need_not_wait_behind_an_elephant() -> None:
    """One flow floods its line, another asks once: virtual time lets it pass."""
    level = Level(1, queues=2, hand=1, length=None, timeout_us=None)
    for number in range(100):
        level.at(0, ("elephant", number), 0, 1_000)
    level.at(10_500, "mouse", 1, 1_000)
    level.run()
    assert level.started_at["mouse"] == 11_000
    assert level.started_at[("elephant", 99)] == 100_000


def test_two_greedy_flows_share_evenly_whatever_they_ask() -> None:
    level = Level(4, queues=2, hand=1, length=None, timeout_us=None)
    for number in range(400):
        level.at(0, (0, number), 0, 3_000)
        if number < 200:
            level.at(0, (1, number), 1, 3_000)
    level.run()
    early = [flow for (flow, _), t_us in level.started_at.items() if t_us < 240_000]
    assert early.count(1) == pytest.approx(early.count(0), abs=8)


def test_a_wide_request_takes_its_share_of_the_seats() -> None:
    level = Level(10, queues=2, hand=1, length=None, timeout_us=None)
    for number in range(60):
        level.at(0, (0, number), 0, 3_000, seats=5)
        for part in range(5):
            level.at(0, (1, number, part), 1, 3_000)
    level.run()
    seats = [0, 0]
    for key, t_us in level.started_at.items():
        if t_us < 120_000:
            seats[key[0]] += 5 if key[0] == 0 else 1
    assert seats[0] == pytest.approx(seats[1], rel=0.1)


def test_a_request_wider_than_the_level_runs_alone() -> None:
    level = Level(2)
    level.at(0, "narrow", 0, 100)
    level.at(10, "wide", 0, 100, seats=5)
    level.at(20, "after", 0, 100)
    level.run()
    assert level.started_at == {"narrow": 0, "wide": 100, "after": 200}


def test_lingering_seats_stay_taken_after_the_answer() -> None:
    level = Level(10)
    level.at(0, "write", 0, 100, seats=1, linger_seats=10, linger_us=5_000)
    level.at(200, "read", 0, 10)
    fate = level.run()
    assert fate == {"write": 100, "read": 5_110}


def test_more_seats_let_waiting_requests_start() -> None:
    level = Level(1)
    for number in range(3):
        level.at(0, number, 0, 1_000)
    level.clock.bell("lend", Phase.SCHEDULE, lambda now_us: level.queue.resize(2)).ring_at(300)
    assert level.run() == {0: 1_000, 1: 1_300, 2: 2_000}
    with pytest.raises(InvariantError):
        level.queue.resize(0)


def test_a_deal_gives_different_cards_and_uses_all_of_them() -> None:
    seen: set[int] = set()
    for flow in range(0, 10**7, 9_999):
        hand = deal(flow, 128, 6)
        assert len(set(hand)) == 6
        assert all(0 <= card < 128 for card in hand)
        seen.update(hand)
    assert seen == set(range(128))
    assert deal(0, 5, 5) == (0, 1, 2, 3, 4)
    assert {deal(flow, 3, 2) for flow in range(6)} == {
        (0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)
    }  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"seats": 0},
        {"seats": 1, "hand": 2},
        {"seats": 1, "hand": 0},
        {"seats": 1, "length": 0},
    ],
)
def test_impossible_levels_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(InvariantError):
        Level(**wrong)


# --- prices at the start, outages


def test_a_price_is_asked_at_the_start_in_order_of_starts() -> None:
    asked: list[tuple[int, Any]] = []

    def price(item: Any, now_us: int) -> int:
        asked.append((now_us, item))
        return now_us + 100

    calls: list[int] = []
    level = Level(1, price=price, on_wait=lambda: calls.append(level.clock.now_us))
    for number in range(3):
        level.at(10, number, 7)
    level.at(500, 3, 7)
    assert level.run() == {0: 110, 1: 210, 2: 310, 3: 600}
    assert asked == [(10, 0), (110, 1), (210, 2), (500, 3)]
    assert calls == [10], "told once, when the first one waits"


def test_prices_and_given_services_are_the_same_queue() -> None:
    work = [(n * 3, n % 4 * 7_919, n * 37 % 50) for n in range(300)]
    given = Level(3, queues=8, hand=2)
    priced = Level(3, queues=8, hand=2, price=lambda number, t_us: t_us + work[number][2])
    for number, (t_us, flow, service_us) in enumerate(work):
        given.at(t_us, number, flow, service_us)
        priced.at(t_us, number, flow)
    assert given.run() == priced.run()


def test_seats_are_kept_while_everything_stands_still() -> None:
    level = Level(1)
    level.at(0, "a", 7, 100)
    level.at(50, "b", 7, 100)
    halt = level.clock.lane("halt", Phase.FAULT, lambda now, _: level.queue.suspend(now, 1_000))
    halt.at(60, None)
    level.run()
    assert level.started_at == {"a": 0, "b": 100 + 940}


def test_everybody_is_sent_away() -> None:
    level = Level(1)
    for number in range(4):
        level.at(0, number, 7, 100)
    level.at(200, "later", 7, 100)
    gone: list[Any] = []
    halt = level.clock.lane("halt", Phase.FAULT, lambda now, _: gone.extend(level.queue.abort()))
    halt.at(50, None)
    assert level.run()["later"] == 300
    assert gone == [1, 2, 3]
