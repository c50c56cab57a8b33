"""Token bucket and backoff: closed forms and exact fractions."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simk8s.errors import InvariantError
from simk8s.kernel.ratelimit import ItemBackoff, RetryLimiter, TokenBucket


@pytest.mark.parametrize(("qps", "burst"), [(5, 10), (20, 30), (30, 1), (0.1, 1), (7.5, 3)])
def test_a_rush_is_served_by_the_closed_form(qps: float, burst: int) -> None:
    bucket = TokenBucket(qps, burst)
    ready = [bucket.reserve(0) for _ in range(200)]
    rate = Fraction(str(qps))
    assert ready == [ceil(max(0, k - burst) * 1_000_000 / rate) for k in range(1, 201)]
    assert bucket.throttled_us == sum(ready)
    assert bucket.reserved == 200


def test_a_scale_up_by_a_thousand_takes_fifty_seconds() -> None:
    bucket = TokenBucket(20, 30)
    assert bucket.reserve(0, 1025) == 49_750_000


@settings(deadline=None)
@given(
    st.fractions(min_value=Fraction(1, 100), max_value=1000, max_denominator=100),
    st.integers(1, 20),
    st.lists(st.tuples(st.integers(0, 400_000), st.integers(1, 5)), max_size=50),
)
def test_integers_are_exact(qps: Fraction, burst: int, calls: list[tuple[int, int]]) -> None:
    bucket = TokenBucket(qps, burst)
    tokens, now_us = Fraction(burst), 0
    for gap_us, n in calls:
        now_us += gap_us
        tokens = min(Fraction(burst), tokens + gap_us * qps / 1_000_000) - n
        expected = now_us if tokens >= 0 else now_us + ceil(-tokens * 1_000_000 / qps)
        assert bucket.reserve(now_us, n) == expected


def test_waiting_is_first_come_first_served() -> None:
    bucket = TokenBucket(1, 1)
    ready = [bucket.reserve(now_us) for now_us in (0, 10, 5, 20)]
    assert ready == [0, 1_000_000, 2_000_000, 3_000_000]


def test_take_refuses_and_takes_nothing() -> None:
    bucket = TokenBucket(5, 2)
    assert [bucket.take(0) for _ in range(3)] == [True, True, False]
    assert not bucket.take(199_999)
    assert bucket.take(200_000)
    assert bucket.reserved == 3


def test_an_idle_bucket_saves_up_to_burst_and_no_more() -> None:
    bucket = TokenBucket(10, 3)
    bucket.reserve(0, 3)
    assert [bucket.reserve(10_000_000) for _ in range(4)] == [10_000_000] * 3 + [10_100_000]


@pytest.mark.parametrize(("qps", "burst"), [(0, 1), (-1, 1), (1, 0), (1e-9, 1)])
def test_a_bucket_that_never_gives_is_refused(qps: float, burst: int) -> None:
    with pytest.raises(InvariantError):
        TokenBucket(qps, burst)


def test_backoff_doubles_up_to_the_cap_and_forgets() -> None:
    backoff = ItemBackoff()
    assert [backoff.when("a") for _ in range(4)] == [5_000, 10_000, 20_000, 40_000]
    for _ in range(200):
        last = backoff.when("a")
    assert last == 1_000_000_000
    assert backoff.when("b") == 5_000
    assert backoff.failures("a") == 204
    backoff.forget("a")
    backoff.forget("never seen")
    assert backoff.when("a") == 5_000


def test_the_retry_limiter_is_the_worse_of_both() -> None:
    limiter = RetryLimiter(ItemBackoff(), TokenBucket(10, 2))
    assert limiter.when(0, "a") == 5_000
    assert limiter.when(0, "a") == 10_000
    assert limiter.when(0, "a") == 100_000  # the bucket is empty: the third token takes 100 ms
    assert limiter.when(0, "b") == 200_000
