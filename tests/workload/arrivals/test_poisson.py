"""Poisson: counts and gaps have their law."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from simk8s.errors import UserError
from simk8s.units import US_PER_HOUR
from simk8s.workload.arrivals.poisson import Params, Poisson


def test_gaps_are_exponential() -> None:
    found = Poisson(Params(rate="30/min")).times(np.random.default_rng(1), 10 * US_PER_HOUR)
    assert stats.kstest(np.diff(found), stats.expon(scale=2e6).cdf).pvalue > 0.01


def test_counts_have_equal_mean_and_variance() -> None:
    process = Poisson(Params(rate="100/h"))
    counts = [len(process.times(np.random.default_rng(seed), US_PER_HOUR)) for seed in range(400)]
    assert np.mean(counts) == pytest.approx(100, abs=2)
    assert np.var(counts) == pytest.approx(100, rel=0.2)


def test_no_rate_no_arrivals() -> None:
    process = Poisson(Params(rate="0/s"))
    assert len(process.times(np.random.default_rng(1), US_PER_HOUR)) == 0


def test_more_than_one_block() -> None:
    found = Poisson(Params(rate="100/s")).times(np.random.default_rng(1), 100_000_000)
    assert len(found) == pytest.approx(10_000, abs=300)
    assert stats.kstest(found, stats.uniform(0, 1e8).cdf).pvalue > 0.01


def test_a_typo_in_the_rate_does_not_fill_the_memory() -> None:
    with pytest.raises(UserError, match="at most"):
        Poisson(Params(rate="1000/ms")).times(np.random.default_rng(1), US_PER_HOUR)
