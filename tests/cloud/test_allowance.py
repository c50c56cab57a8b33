"""Buckets and windows against their theory."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simk8s.cloud.allowance import Allowance, Window
from simk8s.cloud.limits import Action, Limit, published

SECOND = 1_000_000
instants = st.lists(st.integers(0, 300 * SECOND), min_size=1, max_size=300).map(sorted)


def taken(allowed, times, machines=0):
    return [t for t in times if allowed.take(t, machines)]


@given(instants, st.integers(1, 20), st.sampled_from([0.1, 0.5, 2.0, 20.0]))
def test_any_stretch_of_time_has_no_more_than_its_burst_and_its_rate(times, burst, rate):
    got = taken(Allowance(Limit(burst, rate)), times)
    for first in range(len(got)):
        for last in range(first, len(got)):
            seconds = (got[last] - got[first]) / SECOND
            assert last - first + 1 <= burst + rate * seconds + 1e-6


def test_who_asks_often_enough_gets_all_of_it():
    allowed = Allowance(Limit(5, 2))
    got = taken(allowed, range(0, 100 * SECOND, SECOND // 20))
    assert len(got) == 5 + 2 * 100 - 1  # the last token is there at 100 s
    assert got[:5] == [0, 50_000, 100_000, 150_000, 200_000]
    assert got[5] == SECOND // 2


def test_machines_have_a_bucket_of_their_own():
    allowed = Allowance(Limit(100, 10, machines_burst=10, machines_per_second=1))
    assert [allowed.take(0, 4) for _ in range(3)] == [True, True, False]
    assert not allowed.take(SECOND, 4)
    assert allowed.take(2 * SECOND, 4)


def test_a_window_gives_all_of_it_anew_and_saves_nothing():
    window = Window(3, 60 * SECOND)
    assert [window.take(59 * SECOND) for _ in range(4)] == [True, True, True, False]
    assert [window.take(60 * SECOND) for _ in range(4)] == [True, True, True, False]
    assert not window.take(119 * SECOND)
    assert [window.take(600 * SECOND) for _ in range(4)] == [True, True, True, False]


@given(instants, st.integers(1, 9))
def test_no_window_has_more_than_its_quota(times, most):
    got = taken(Allowance(Limit(most, 0, window_s=60)), times)
    for minute in range(6):
        assert sum(t // (60 * SECOND) == minute for t in got) <= most


def test_squeezed_nothing_is_saved_up_and_afterwards_it_refills_from_empty():
    allowed = Allowance(Limit(5, 2))
    allowed.squeeze(10 * SECOND, 0.1)
    assert taken(allowed, range(10 * SECOND, 60 * SECOND, SECOND)) == [
        20 * SECOND, 30 * SECOND, 40 * SECOND, 50 * SECOND,
    ]  # fmt: skip
    allowed.release(60 * SECOND)
    assert not allowed.take(60 * SECOND)
    assert taken(allowed, [61 * SECOND] * 4) == [61 * SECOND] * 2
    assert taken(allowed, [90 * SECOND] * 9) == [90 * SECOND] * 5


def test_a_squeezed_window_begins_with_the_next_one():
    allowed = Allowance(Limit(60, 0, window_s=60))
    assert allowed.per_second == 1
    allowed.squeeze(30 * SECOND, 0.05)
    assert not allowed.take(59 * SECOND)
    assert [allowed.take(60 * SECOND) for _ in range(4)] == [True, True, True, False]
    allowed.release(90 * SECOND)
    assert not allowed.take(90 * SECOND)
    assert all(allowed.take(120 * SECOND) for _ in range(60))


@pytest.mark.parametrize("provider", ["aws", "gcp", "azure"])
def test_what_is_published_covers_every_action(provider):
    found = published()[provider]
    assert list(found) == list(Action)
    for one in found.values():
        assert one.limit.burst > 0
        assert (one.limit.window_s > 0) != (one.limit.per_second > 0)
        assert 0 < one.latency_ms[0] < one.latency_ms[1]


def test_what_ec2_publishes():
    assert published()["aws"][Action.RUN].limit == Limit(5, 2, 0, 1_000, 2)
