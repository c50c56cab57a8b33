"""Fits find the distribution that values were drawn from, censored ones too."""

from __future__ import annotations

import numpy as np
import pytest

from simk8s.scenario.distributions import DurationDistribution
from simk8s.units import US_PER_HOUR
from simk8s.workload.failures.fit import fits, observed, percentile_us


def drawn(law, n=4_000):
    rng = np.random.default_rng(5)
    hours = {
        "exponential": lambda: rng.exponential(300, n),
        "weibull": lambda: 300 * rng.weibull(0.6, n),
        "lognormal": lambda: rng.lognormal(1, 1.3, n),
        "gamma": lambda: rng.gamma(0.4, 500, n),
    }[law]()
    return np.maximum(1, hours * US_PER_HOUR).astype(np.int64)


@pytest.mark.parametrize(("law", "shape"), [("weibull", 0.6), ("lognormal", 1.3), ("gamma", 0.4)])
def test_the_right_law_is_best(law, shape):
    best = fits(drawn(law).tolist())[0]
    assert best.law == law
    assert best.shape == pytest.approx(shape, rel=0.05)
    assert best.distance < 0.03
    DurationDistribution.model_validate(best.written())  # a scenario takes it as it is


def test_values_that_had_not_ended_do_not_bias():
    values = drawn("exponential")
    seen = values[values <= 200 * US_PER_HOUR].tolist()
    censored = [200 * US_PER_HOUR] * int((values > 200 * US_PER_HOUR).sum())
    by_law = {fit.law: fit for fit in fits(seen, censored)}
    # For an exponential: all time seen, divided by the number of ends.
    right = (sum(seen) + sum(censored)) / len(seen) / US_PER_HOUR
    assert by_law["exponential"].mean_hours == pytest.approx(right, rel=1e-3)
    assert right == pytest.approx(300, rel=0.07)
    naive = {fit.law: fit for fit in fits(seen)}
    assert naive["exponential"].mean_hours < 100


def test_kaplan_and_meier_by_hand():
    hours, shares = observed([1 * US_PER_HOUR, 3 * US_PER_HOUR], [2 * US_PER_HOUR])
    assert hours.tolist() == [1, 3]
    assert shares.tolist() == pytest.approx([1 / 3, 1])
    assert observed([US_PER_HOUR] * 2, [US_PER_HOUR] * 2)[1].tolist() == [0.5]


def test_nothing_is_fitted_to_one_value():
    with pytest.raises(ValueError, match="two different"):
        fits([5, 5, 5])
    assert percentile_us([3, 1, 2], 50) == 2
