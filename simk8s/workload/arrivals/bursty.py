"""Bursty arrivals: a base rate, and a much higher one for a while, again and again.

Law: Poisson with rate `burst` in the first `for` of every `every`, with rate `base` in between.
Departs: bursts come on the clock; for bursts at random times there is `mmpp`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from simk8s.scenario.types import Duration, Model, Rate
from simk8s.workload.arrivals.base import check_total, poisson_times

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Params(Model):
    """`bursty: {base: 2/min, burst: 10/s, every: 1h, for: 90s, start: 15m}`"""

    base: Rate
    burst: Rate
    every: Duration
    lasts: Duration = Field(alias="for")
    start: Duration = 0

    @model_validator(mode="after")
    def _fits(self) -> Params:
        if not 0 < self.lasts <= self.every:
            raise ValueError("`for` must be above zero and not longer than `every`")
        return self


class Bursty:
    """Arrivals at a base rate with regular bursts."""

    def __init__(self, params: Params) -> None:
        self._params = params

    def times(self, generator: np.random.Generator, horizon_us: int) -> NDArray[np.int64]:
        """Arrivals up to and including the horizon."""
        import numpy as np

        params = self._params
        check_total(horizon_us * max(params.base, params.burst))
        check_total(horizon_us / params.every)
        blocks = [np.empty(0)]

        def phase(rate: float, start_us: int, end_us: int) -> None:
            end = min(end_us, horizon_us)
            blocks.append(poisson_times(generator, rate, start_us, end))

        phase(params.base, 0, params.start)
        for start_us in range(params.start, horizon_us + 1, params.every):
            phase(params.burst, start_us, start_us + params.lasts)
            phase(params.base, start_us + params.lasts, start_us + params.every)
        return np.concatenate(blocks).astype(np.int64)
