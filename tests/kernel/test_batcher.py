"""Group commit against a disk that is watched flush by flush."""

from __future__ import annotations

from itertools import cycle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simk8s.errors import InvariantError
from simk8s.kernel.batcher import Batcher

gaps = st.lists(st.integers(0, 6), max_size=50)
durations = st.lists(st.integers(1, 9), min_size=1, max_size=6)


def watch(arrivals: list[int], lengths: list[int], most: int | None) -> list[int]:
    """Flush by flush: who had come when it began."""
    done: list[int] = []
    length, free_us = cycle(lengths), 0
    while len(done) < len(arrivals):
        start_us = max(free_us, arrivals[len(done)])
        there = [t for t in arrivals[len(done) :] if t <= start_us][:most]
        free_us = start_us + next(length)
        done += [free_us] * len(there)
    return done


@settings(deadline=None)
@given(gaps, durations, st.none() | st.integers(1, 4))
def test_everybody_who_came_before_a_flush_is_in_it(
    steps: list[int], lengths: list[int], most: int | None
) -> None:
    arrivals = [sum(steps[: n + 1]) for n in range(len(steps))]
    length = cycle(lengths)
    batcher = Batcher(lambda: next(length), most)
    assert [batcher.commit(t) for t in arrivals] == watch(arrivals, lengths, most)
    assert batcher.commits == len(arrivals)


def test_under_load_one_flush_serves_all_who_wait() -> None:
    batcher = Batcher(lambda: 1_000)
    done = [batcher.commit(t) for t in range(0, 10_000, 10)]
    assert batcher.fsyncs == 11
    assert max(d - t for d, t in zip(done, range(0, 10_000, 10), strict=True)) < 2_000
    assert batcher.busy_us == 11_000
    assert batcher.wait_us == sum(done) - sum(range(0, 10_000, 10))


def test_an_outage_stretches_the_running_flush_and_moves_the_next() -> None:
    batcher = Batcher(lambda: 100)
    assert batcher.commit(0) == 100
    assert batcher.commit(10) == 200
    assert batcher.outage(50, 80) == 30  # both answers move by 30
    assert batcher.commit(120) == 230
    assert batcher.commit(131) == 330


def test_an_outage_of_an_idle_disk_delays_the_next_flush() -> None:
    batcher = Batcher(lambda: 100)
    batcher.commit(0)
    batcher.outage(500, 900)
    assert batcher.commit(600) == 1_000
    assert batcher.commit(900) == 1_000
    assert batcher.commit(901) == 1_100


def test_a_batch_of_nobody_is_refused() -> None:
    with pytest.raises(InvariantError):
        Batcher(lambda: 1, 0)


# --- answers of a quorum, out of order, beside others


def test_answers_never_overtake() -> None:
    answers = iter([5_000, 1_000])
    batcher = Batcher(lambda: 100, answer_us=lambda: next(answers))
    assert [batcher.commit(0), batcher.commit(200)] == [5_000, 5_000]


def test_who_is_priced_late_takes_a_gap_that_is_wide_enough() -> None:
    batcher = Batcher(lambda: 100)
    assert batcher.commit(1_000) == 1_100
    assert batcher.commit(300) == 400
    assert batcher.commit(350) == 500  # after that one
    assert batcher.commit(950) == 1_100  # no room: shares the flush that is to come
    assert (batcher.fsyncs, batcher.commits) == (3, 4)


def test_a_background_flush_is_waited_out() -> None:
    """One every 1,000 µs from 0 on, each 200 µs long."""
    batcher = Batcher(lambda: 100)
    batcher.beside = (1_000, 200)
    assert batcher.commit(1_050) == 1_300
    assert batcher.commit(2_500) == 2_600
    batcher.beside = (100, 200)  # always busy: half a flush on average
    assert batcher.commit(5_050) == 5_200 + 100


def test_an_outage_moves_answers() -> None:
    batcher = Batcher(lambda: 100, answer_us=lambda: 1_000)
    batcher.commit(0)
    assert batcher.outage(500, 2_500) == 2_000
    assert batcher.commit(600) >= 2_500 + 1_000
