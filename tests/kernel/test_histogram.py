"""Percentiles are at most an eighth too low; sum and count exact."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from simk8s.kernel.histogram import Histogram

values = st.lists(st.integers(0, 1 << 40), min_size=1, max_size=200)


@given(values, st.integers(0, 100))
def test_percentiles(found: list[int], percent: int) -> None:
    histogram = Histogram()
    for value in found:
        histogram.add(value)
    exact = sorted(found)[(len(found) - 1) * percent // 100]
    assert exact * 7 // 8 <= histogram.percentile(percent) <= exact
    assert (histogram.count, histogram.total) == (len(found), sum(found))


@given(values, st.integers(0, 100), st.integers(0, 50))
def test_missing_zeros_are_understood(found: list[int], percent: int, zeros: int) -> None:
    short, long = Histogram(), Histogram()
    for value in found:
        short.add(value)
        long.add(value)
    for _ in range(zeros):
        long.add(0)
    assert short.percentile(percent, of=len(found) + zeros) == long.percentile(percent)


def test_nothing_is_zero() -> None:
    assert Histogram().percentile(99) == 0


@given(st.lists(st.integers(0, 1 << 40), max_size=300))
def test_many_at_once_are_counted_like_one_by_one(found: list[int]) -> None:
    single, bulk = Histogram(), Histogram()
    for value in found:
        single.add(value)
    bulk.add_all(np.array(found, np.int64))
    assert (bulk.count, bulk.total) == (single.count, single.total)
    assert [bulk.percentile(p) for p in range(101)] == [single.percentile(p) for p in range(101)]
