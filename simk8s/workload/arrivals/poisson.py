"""Poisson arrivals: independent of each other, at one rate.

Law: gaps are exponential with mean 1 / rate.
Departs: times are cut to whole microseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simk8s.scenario.types import Model, Rate
from simk8s.workload.arrivals.base import check_total, poisson_times

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Params(Model):
    """`poisson: {rate: 30/min}`"""

    rate: Rate


class Poisson:
    """Arrivals at one rate."""

    def __init__(self, params: Params) -> None:
        self._rate = params.rate

    def times(self, generator: np.random.Generator, horizon_us: int) -> NDArray[np.int64]:
        """Arrivals up to and including the horizon."""
        check_total(self._rate * horizon_us)
        return poisson_times(generator, self._rate, 0, horizon_us).astype("int64")
