"""Arrivals by the clock: at given times or every so often, a number of pods each time.

Law: nothing is random; `at` may be in any order, `every` starts at `start`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from simk8s.scenario.types import Duration, Model
from simk8s.workload.arrivals.base import check_total

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Params(Model):
    """`schedule: {at: [0s, 9h], count: 500}` or `{every: 10m, start: 1m, count: 20, times: 6}`"""

    at: list[Duration] | None = Field(default=None, min_length=1)
    every: Duration | None = None
    start: Duration = 0
    times: int | None = Field(default=None, ge=1, description="how often, without end if absent")
    count: int = Field(default=1, ge=1, description="pods each time")

    @model_validator(mode="after")
    def _one_way(self) -> Params:
        if (self.at is None) == (self.every is None):
            raise ValueError("write either `at` or `every`")
        if self.every is not None and self.every <= 0:
            raise ValueError("`every` must be above zero")
        if self.at is not None and {"start", "times"} & self.model_fields_set:
            raise ValueError("`start` and `times` belong to `every`")
        return self


class Schedule:
    """Arrivals at known times."""

    def __init__(self, params: Params) -> None:
        self._params = params

    def times(self, generator: np.random.Generator, horizon_us: int) -> NDArray[np.int64]:
        """Arrivals up to and including the horizon; the generator is not used."""
        import numpy as np

        instants = self._instants(horizon_us)
        check_total(float(len(instants)) * self._params.count)
        return np.repeat(np.array(instants, np.int64), self._params.count)

    def _instants(self, horizon_us: int) -> list[int]:
        params = self._params
        if params.at is not None:
            return sorted(time_us for time_us in params.at if time_us <= horizon_us)
        every = params.every or 1
        check_total((horizon_us - params.start) / every * params.count)
        found = range(params.start, horizon_us + 1, every)
        return list(found if params.times is None else found[: params.times])
