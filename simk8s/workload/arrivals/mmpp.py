"""Markov-modulated Poisson arrivals: calm, busy, calm, … for exponential times.

Law: in state i arrivals are Poisson with its rate; the state lasts an exponential time with its
mean. The first state is the one that the list starts with.
Departs: states follow each other in the order of the list, round and round (with two states that
is every two-state MMPP); there is no transition matrix.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from simk8s.scenario.types import Duration, Model, Rate
from simk8s.workload.arrivals.base import check_total, poisson_times

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class State(Model):
    """How fast and how long on average."""

    rate: Rate
    mean: Duration

    @model_validator(mode="after")
    def _lasts(self) -> State:
        if self.mean <= 0:
            raise ValueError("the mean time in a state must be above zero")
        return self


class Params(Model):
    """`mmpp: {states: [{rate: 5/min, mean: 50m}, {rate: 5/s, mean: 2m}]}`"""

    states: list[State] = Field(min_length=2)


class Mmpp:
    """Arrivals whose rate follows a cycle of states."""

    def __init__(self, params: Params) -> None:
        self._states = params.states

    def times(self, generator: np.random.Generator, horizon_us: int) -> NDArray[np.int64]:
        """Arrivals up to and including the horizon."""
        import numpy as np

        check_total(horizon_us * max(state.rate for state in self._states))
        check_total(horizon_us / min(state.mean for state in self._states))
        blocks, start, index = [np.empty(0)], 0.0, 0
        while start <= horizon_us:
            state = self._states[index % len(self._states)]
            end = start + generator.exponential(state.mean)
            blocks.append(poisson_times(generator, state.rate, start, min(end, horizon_us)))
            start, index = end, index + 1
        return np.concatenate(blocks).astype(np.int64)
