"""MMPP: its mean rate, and more variance than Poisson."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from simk8s.units import US_PER_HOUR, US_PER_MINUTE
from simk8s.workload.arrivals.mmpp import Mmpp, Params

STATES = [{"rate": "6/min", "mean": "50m"}, {"rate": "2/s", "mean": "10m"}]


def test_mean_rate_is_weighted_by_time() -> None:
    process = Mmpp(Params(states=STATES))
    horizon = 2000 * US_PER_HOUR
    found = process.times(np.random.default_rng(3), horizon)
    per_hour = 60 * (6 * 50 + 120 * 10) / 60
    assert len(found) / 2000 == pytest.approx(per_hour, rel=0.06)


def test_counts_vary_more_than_poisson() -> None:
    found = Mmpp(Params(states=STATES)).times(np.random.default_rng(3), 500 * US_PER_HOUR)
    counts = np.bincount(found // (5 * US_PER_MINUTE))
    assert counts.var() / counts.mean() > 20


def test_equal_states_are_poisson() -> None:
    same = [{"rate": "1/s", "mean": "1m"}, {"rate": "1/s", "mean": "7m"}]
    found = Mmpp(Params(states=same)).times(np.random.default_rng(3), 20 * US_PER_HOUR)
    counts = np.bincount(found // US_PER_MINUTE, minlength=1200)[:1200]
    assert counts.mean() == pytest.approx(60, abs=0.8)
    assert counts.var() / counts.mean() == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize("states", [[], STATES[:1], [*STATES, {"rate": "1/s", "mean": "0s"}]])
def test_states_must_make_sense(states: list[dict[str, str]]) -> None:
    with pytest.raises(ValidationError):
        Params(states=states)
