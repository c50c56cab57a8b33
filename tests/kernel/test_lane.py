"""Lanes: batches, order, and times that are none."""

from __future__ import annotations

from heapq import heappush
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simk8s.errors import InvariantError
from simk8s.kernel.clock import Clock
from simk8s.kernel.phase import Phase


def collect(clock: Clock) -> tuple[object, list[tuple[int, list[int]]]]:
    batches: list[tuple[int, list[int]]] = []
    lane = clock.lane("a", Phase.ARRIVE, lambda now_us, items: batches.append((now_us, items)))
    return lane, batches


@settings(deadline=None)
@given(st.lists(st.integers(0, 30), max_size=60))
def test_everything_due_is_one_batch_in_order_of_insertion(times: list[int]) -> None:
    clock = Clock()
    lane, batches = collect(clock)
    for number, t_us in enumerate(times):
        lane.at(t_us, number)
    assert len(lane) == len(times)
    clock.run(30)
    expected = [
        (t_us, [number for number, each in enumerate(times) if each == t_us])
        for t_us in sorted(set(times))
    ]
    assert batches == expected
    assert len(lane) == 0


def test_one_event_per_instant_however_they_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    lane, batches = collect(clock)
    events: list[int] = []

    def counted(heap: list[Any], entry: Any) -> None:
        if heap is lane._queue:
            events.append(entry[0])
        heappush(heap, entry)

    monkeypatch.setattr("simk8s.kernel.lane.heappush", counted)
    for t_us in (50, 10, 30, 10, 70, 20, 50):
        lane.at(t_us, t_us)
    clock.run(70)
    assert len(events) == len(batches) == 5


def test_a_lane_that_adds_to_itself_is_called_in_the_next_round() -> None:
    clock = Clock()
    seen: list[tuple[int, list[int]]] = []

    def handler(now_us: int, items: list[int]) -> None:
        seen.append((now_us, list(items)))
        if items[0] < 3:
            lane.at(now_us, items[0] + 1)
            assert len(lane) == 1

    lane = clock.lane("a", Phase.ARRIVE, handler)
    lane.at(4, 1)
    clock.run(4)
    assert seen == [(4, [1]), (4, [2]), (4, [3])]


def test_the_past_is_refused_by_name() -> None:
    clock = Clock()
    lane, _ = collect(clock)
    clock.run(0)
    lane.at(10, 1)
    clock.run(20)
    lane.at(clock.now_us, 2)
    with pytest.raises(InvariantError, match=r"a: armed for t=9 us, but .* 10 us"):
        lane.at(9, 3)
    with pytest.raises(InvariantError):
        lane.after(-1, 3)


def test_floats_are_not_times_and_numpy_integers_become_plain() -> None:
    clock = Clock()
    lane, batches = collect(clock)
    with pytest.raises(TypeError):
        lane.at(1.5, 1)
    lane.at(np.int64(3), 2)
    clock.run(10)
    assert batches == [(3, [2])]
    assert type(clock.now_us) is int
