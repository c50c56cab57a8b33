"""The daily curve: hour by hour, at its ends, and in any period."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import stats

from simk8s.units import US_PER_DAY, US_PER_HOUR
from simk8s.workload.arrivals.diurnal import Diurnal, Params


def hourly() -> np.ndarray:
    """Expected arrivals of 30 days by hour of the day: the cosine, averaged over each hour."""
    wide = math.sin(math.pi / 24) / (math.pi / 24)
    turn = [2 * math.pi * (hour + 0.5 - 15) / 24 for hour in range(24)]
    return np.array([30 * 60 * (5 + 4 * wide * math.cos(angle)) for angle in turn])


def test_hours_follow_the_cosine() -> None:
    """Twenty seeds, 99 % each, at most one outside."""
    process, expected = Diurnal(Params(base="1/min", peak="9/min", peak_at="15h")), hourly()
    outside = 0
    for seed in range(20):
        found = process.times(np.random.default_rng(seed), 30 * US_PER_DAY)
        counts = np.bincount(found % US_PER_DAY // US_PER_HOUR, minlength=24)
        statistic = ((counts - expected) ** 2 / expected).sum()
        outside += statistic > stats.chi2.ppf(0.99, 24)
    assert outside <= 1


def test_mean_and_swing_are_ends_in_other_words() -> None:
    assert Params(mean="10/s", swing=0.5).ends() == pytest.approx((5e-6, 15e-6))


def test_full_swing_is_silent_at_night() -> None:
    process = Diurnal(Params(mean="10/min", swing=1, peak_at="12h"))
    found = process.times(np.random.default_rng(2), US_PER_DAY)
    assert (found < US_PER_HOUR // 2).sum() <= 3


def test_the_period_can_be_any() -> None:
    process = Diurnal(Params(base="0/s", peak="2/s", peak_at="0s", period="7m"))
    found = process.times(np.random.default_rng(2), 70 * 60_000_000)
    middle = (found % 420_000_000 > 105_000_000) & (found % 420_000_000 < 315_000_000)
    assert middle.mean() == pytest.approx(0.5 - 1 / math.pi, abs=0.03)


@pytest.mark.parametrize(
    "section",
    [
        {},
        {"base": "1/s"},
        {"base": "2/s", "peak": "1/s"},
        {"mean": "1/s", "peak": "2/s"},
        {"base": "1/s", "peak": "2/s", "swing": 0.1},
        {"mean": "1/s", "swing": 2},
    ],
)
def test_one_way_of_saying_it(section: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Params.model_validate(section)
