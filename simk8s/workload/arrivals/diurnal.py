"""Arrivals that follow the day: a cosine between a quiet and a busy rate.

Law: Poisson with rate(t) = middle + swing · cos(2π (t − peakAt) / period), by exact thinning.
Departs: the rate is a table of 1,440 steps a period (minutes, for a day), each made by `math.cos`
at its middle: a vector of cosines may differ in its last bit between CPUs.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from simk8s.scenario.types import Duration, Model, Rate
from simk8s.units import US_PER_DAY, US_PER_HOUR
from simk8s.workload.arrivals.base import thinned_times

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

STEPS = 1440


class Params(Model):
    """`diurnal: {base: 2/min, peak: 30/min, peakAt: 14h}` or `{mean: 10/min, swing: 0.8}`"""

    base: Rate | None = None
    peak: Rate | None = None
    mean: Rate | None = None
    swing: float = Field(default=0.8, ge=0, le=1, description="share of `mean` up and down")
    peak_at: Duration = 14 * US_PER_HOUR
    period: Duration = US_PER_DAY

    @model_validator(mode="after")
    def _one_way(self) -> Params:
        by_ends = self.base is not None and self.peak is not None and self.mean is None
        by_mean = self.base is None and self.peak is None and self.mean is not None
        if not by_ends and not by_mean:
            raise ValueError("write either `base` and `peak`, or `mean` (and `swing`)")
        if by_ends and "swing" in self.model_fields_set:
            raise ValueError("`swing` belongs to `mean`; `base` and `peak` say it already")
        if self.base is not None and self.peak is not None and self.base > self.peak:
            raise ValueError("`base` is above `peak`")
        if self.period < STEPS:
            raise ValueError("the period is too short")
        return self

    def ends(self) -> tuple[float, float]:
        """The lowest and the highest rate, per microsecond."""
        if self.mean is not None:
            return self.mean * (1 - self.swing), self.mean * (1 + self.swing)
        return self.base or 0.0, self.peak or 0.0


class Diurnal:
    """Arrivals with a daily rhythm."""

    def __init__(self, params: Params) -> None:
        self._period_us = params.period
        low, high = params.ends()
        turn = 2 * math.pi
        phases = [(step + 0.5) / STEPS - params.peak_at / params.period for step in range(STEPS)]
        rates = [(low + high) / 2 + (high - low) / 2 * math.cos(turn * phase) for phase in phases]
        self._rates = [max(0.0, float(f"{rate:.12g}")) for rate in rates]

    def times(self, generator: np.random.Generator, horizon_us: int) -> NDArray[np.int64]:
        """Arrivals up to and including the horizon."""
        return thinned_times(generator, self._rates, self._period_us, horizon_us)
