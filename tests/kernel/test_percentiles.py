"""Fitted parameters give back the percentiles they were made from."""

from __future__ import annotations

import math

import pytest
from scipy import stats

from simk8s.kernel import percentiles


def test_lognormal_goes_through_both_percentiles() -> None:
    mu, sigma = percentiles.lognormal((0.5, 600.0), (0.99, 21_600.0))
    law = stats.lognorm(s=sigma, scale=math.exp(mu))
    assert law.ppf([0.5, 0.99]) == pytest.approx([600, 21_600])


def test_lognormal_of_mean_has_that_mean() -> None:
    mu, sigma = percentiles.lognormal_of_mean(50.0, 1.2)
    assert stats.lognorm(s=sigma, scale=math.exp(mu)).mean() == pytest.approx(50)


def test_weibull_goes_through_both_percentiles() -> None:
    shape, scale = percentiles.weibull((0.5, 3.0), (0.99, 90.0))
    assert stats.weibull_min(shape, scale=scale).ppf([0.5, 0.99]) == pytest.approx([3, 90])


def test_parameters_have_twelve_digits() -> None:
    assert percentiles.rounded(1 / 3) == 0.333333333333
    assert percentiles.rounded(2e20 / 3) == 6.66666666667e19
