"""Bursts come on the clock, and arrivals inside and outside have their rates."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from simk8s.units import US_PER_DAY, US_PER_HOUR, US_PER_MINUTE
from simk8s.workload.arrivals.bursty import Bursty, Params

SECTION = {"base": "1/min", "burst": "2/s", "every": "1h", "for": "5m", "start": "20m"}


def test_rates_inside_and_outside() -> None:
    found = Bursty(Params.model_validate(SECTION)).times(np.random.default_rng(4), US_PER_DAY)
    phase = (found - 20 * US_PER_MINUTE) % US_PER_HOUR
    after = found >= 20 * US_PER_MINUTE
    inside = after & (phase < 5 * US_PER_MINUTE)
    assert inside.sum() == pytest.approx(24 * 600, rel=0.03)
    assert (~inside).sum() == pytest.approx(24 * 55, rel=0.1)


def test_first_burst_waits_for_start() -> None:
    quiet = Bursty(Params.model_validate(SECTION | {"base": "0/s"}))
    found = quiet.times(np.random.default_rng(4), US_PER_HOUR)
    assert 20 * US_PER_MINUTE <= found[0] < 21 * US_PER_MINUTE
    assert found[-1] < 25 * US_PER_MINUTE


@pytest.mark.parametrize("wrong", [{"for": "2h"}, {"for": "0s"}, {"every": "0s"}])
def test_a_burst_fits_its_period(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Params.model_validate(SECTION | wrong)
