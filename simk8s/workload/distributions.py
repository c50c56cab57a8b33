"""L3: what is drawn for pods: lifetimes in microseconds, requests in the unit of their resource.

Law: every amount is a whole number of at least one base unit. How draws stay bit-identical on any
CPU is told in `kernel/draws.py`; how distributions are written, in `scenario/distributions.py`.
This module imports numpy only when something is drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from simk8s.scenario.distributions import (
    CpuDistribution,
    Distribution,
    DurationDistribution,
    MemoryDistribution,
    NumberDistribution,
)
from simk8s.units import MAX_DURATION_US

if TYPE_CHECKING:
    from simk8s.kernel.draws import Draws, IntegerDraws

Unit = Literal["duration", "cpu", "memory", "number"]
_MODELS: dict[str, type[Distribution[Any]]] = {
    "duration": DurationDistribution,
    "cpu": CpuDistribution,
    "memory": MemoryDistribution,
    "number": NumberDistribution,
}
_BYTES = ("memory", "ephemeral-storage", "storage")


def unit_of(resource: str) -> Unit:
    """CPU is drawn in milli, memory and disk in bytes, everything else in whole things."""
    if resource == "cpu":
        return "cpu"
    return "memory" if resource in _BYTES or resource.startswith("hugepages-") else "number"


def parse(raw: object, unit: Unit) -> Distribution[Any]:
    """A distribution as YAML gives it, as a model; a model is returned as it is."""
    return raw if isinstance(raw, Distribution) else _MODELS[unit].model_validate(raw)


def sampler(raw: object, unit: Unit) -> Draws:
    """draws(generator, n) -> float64[n] in µs, milli-CPU, bytes or plain numbers."""
    from simk8s.kernel import draws

    return draws.sampler(parse(raw, unit))


def lifetimes(raw: object) -> IntegerDraws:
    """Durations in whole microseconds, at least one, at most a thousand years."""
    from simk8s.kernel import draws

    return draws.integers(parse(raw, "duration"), minimum=1, maximum=MAX_DURATION_US)


def amounts(resource: str, raw: object, *, minimum: int = 1) -> IntegerDraws:
    """Requests of a resource in its base unit, at least `minimum`."""
    from simk8s.kernel import draws

    return draws.integers(parse(raw, unit_of(resource)), minimum=minimum)
