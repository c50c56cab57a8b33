"""L0: drawing from distributions: numpy Generator methods, or tables with plain arithmetic.

Law: the same generator state gives the same bits on any x86-64 CPU. So nothing that is drawn goes
through `np.log/exp/power` or scipy, whose last bit depends on the CPU. numpy's own distributions
are drawn by Generator methods. Every other continuous distribution of scipy.stats is drawn
through a table of its inverse CDF, made once: 90 points a decade in the tails, every thousandth in
the middle, values rounded to twelve digits, straight lines in between.

Departs: where a tabulated distribution is unbounded it is cut at its 1e-6 and 1 − 1e-6 quantiles.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from simk8s.errors import Problem, UserError
from simk8s.kernel import percentiles
from simk8s.kernel.percentiles import Point, rounded

Draws = Callable[[np.random.Generator, int], NDArray[np.float64]]
IntegerDraws = Callable[[np.random.Generator, int], NDArray[np.int64]]

LARGEST = 2**62
"""Cap of integer draws: beyond any duration or amount of memory, exact as a float."""
# scipy finds these percentiles by numerical search: minutes for one table.
_TOO_SLOW = (
    "gausshyper",
    "genhyperbolic",
    "ksone",
    "kstwo",
    "levy_stable",
    "norminvgauss",
    "studentized_range",
)


class Law(Protocol):
    """A distribution: `kind` names its form, `law` holds the parameters (see scenario files)."""

    @property
    def kind(self) -> str: ...

    @property
    def law(self) -> Any: ...


def sampler(spec: Law) -> Draws:
    """draws(generator, n) -> float64[n], in the unit of the distribution's parameters."""
    return _FORMS[spec.kind](spec.law)


def integers(spec: Law, *, minimum: int = 1, maximum: int = LARGEST) -> IntegerDraws:
    """As `sampler`, rounded to whole units and kept between minimum and maximum."""
    draw, highest = sampler(spec), min(maximum, LARGEST)

    def draws(generator: np.random.Generator, n: int) -> NDArray[np.int64]:
        # Rounding is exact on every CPU, where truncating a product would not be.
        return np.clip(np.rint(draw(generator, n)), minimum, highest).astype(np.int64)

    return draws


def _constant(value: float) -> Draws:
    return lambda generator, n: np.full(n, float(value))


def _exponential(law: Any) -> Draws:
    mean = float(law.mean)
    return lambda generator, n: generator.exponential(mean, n)


def _lognormal(law: Any) -> Draws:
    if law.p50 is None:
        mu, sigma = percentiles.lognormal_of_mean(float(law.mean), law.sigma)
    else:
        mu, sigma = percentiles.lognormal((0.5, float(law.p50)), (0.99, float(law.p99)))
    return lambda generator, n: generator.lognormal(mu, sigma, n)


def _weibull(law: Any) -> Draws:
    if law.p50 is None:
        shape, scale = law.shape, float(law.scale)
    else:
        shape, scale = percentiles.weibull((0.5, float(law.p50)), (0.99, float(law.p99)))
    return lambda generator, n: generator.weibull(shape, n) * scale


def _uniform(law: Any) -> Draws:
    low, high = float(law.min), float(law.max)
    return lambda generator, n: generator.uniform(low, high, n)


def _empirical(law: Any) -> Draws:
    values = np.array([float(value) for value in law.values])
    weights = law.weights or [1.0] * len(values)
    whole = math.fsum(weights)
    edges = np.array([rounded(total / whole) for total in accumulate(weights)])
    last = max(index for index, weight in enumerate(weights) if weight > 0)

    def draws(generator: np.random.Generator, n: int) -> NDArray[np.float64]:
        picked = np.searchsorted(edges, generator.random(n), side="right")
        return values[np.minimum(picked, last)]

    return draws


def _quantiles(law: Mapping[str, float]) -> Draws:
    return tabulated(sorted((float(key[1:]) / 100, float(value)) for key, value in law.items()))


def tabulated(points: Sequence[Point]) -> Draws:
    """Inverse CDF through the points; between two of them a product and a sum."""
    chance = np.array([point[0] for point in points])
    value = np.array([point[1] for point in points])
    slope = np.diff(value) / np.diff(chance)

    def draws(generator: np.random.Generator, n: int) -> NDArray[np.float64]:
        uniform = np.clip(generator.random(n), chance[0], chance[-1])
        cell = np.clip(np.searchsorted(chance, uniform, side="right") - 1, 0, len(slope) - 1)
        result: NDArray[np.float64] = value[cell] + (uniform - chance[cell]) * slope[cell]
        return result

    return draws


def _scipy(law: Any) -> Draws:
    native = _NATIVE.get(law.name)
    standard = native(law.params) if native else tabulated(inverse_cdf(law.name, law.params))
    _check_shapes(standard, law.name, law.params)
    scale, loc = float(law.scale), float(law.loc or 0)
    return lambda generator, n: standard(generator, n) * scale + loc


def _check_shapes(draw: Draws, name: str, params: Mapping[str, float]) -> None:
    """numpy knows which shape parameters are out of range; it says so when asked for a draw."""
    try:
        probe = draw(np.random.Generator(np.random.PCG64(0)), 1)
    except ValueError as error:
        raise _bad_shapes(name, params) from error
    if not np.isfinite(probe).all():
        raise _bad_shapes(name, params)


def _bad_shapes(name: str, params: Mapping[str, float]) -> UserError:
    given = ", ".join(f"{key}={value:g}" for key, value in params.items()) or "no parameters"
    return UserError(Problem("E105", f"scipy.stats.{name} is not defined for {given}"))


def probabilities() -> list[float]:
    """The inner points of a table of an inverse CDF, as exact fractions: no power is taken."""
    tail = [step / 10 ** (decade + 1) for decade in (6, 5, 4, 3) for step in range(10, 100)]
    middle = [step / 1000 for step in range(10, 991)]
    return tail + middle + [1 - chance for chance in reversed(tail)]


def inverse_cdf(name: str, params: Mapping[str, float]) -> list[Point]:
    """The table of a scipy distribution in standard form; its finite ends are part of it."""
    from scipy import stats

    if name in _TOO_SLOW:
        hint = "take its percentiles once and write them as quantiles"
        raise UserError(Problem("E105", f"scipy.stats.{name} is too slow to tabulate", hint=hint))
    chances = [0.0, *probabilities(), 1.0]
    try:
        found = getattr(stats, name)(**params).ppf(np.array(chances))
    except (ValueError, FloatingPointError) as error:
        raise _bad_shapes(name, params) from error
    points = list(zip(chances, [rounded(float(value)) for value in found], strict=True))
    inner = points[1:-1]
    if any(not math.isfinite(p[1]) for p in inner) or any(a[1] > b[1] for a, b in pairwise(inner)):
        raise _bad_shapes(name, params)
    return [point for point in points if math.isfinite(point[1])]


_FORMS: dict[str, Callable[[Any], Draws]] = {
    "constant": _constant,
    "exponential": _exponential,
    "lognormal": _lognormal,
    "weibull": _weibull,
    "uniform": _uniform,
    "empirical": _empirical,
    "quantiles": _quantiles,
    "scipy": _scipy,
}

# What numpy draws natively, by scipy's name and in scipy's standard form.
_NATIVE: dict[str, Callable[[Mapping[str, float]], Draws]] = {
    "beta": lambda p: lambda g, n: g.beta(p["a"], p["b"], n),
    "chi2": lambda p: lambda g, n: g.chisquare(p["df"], n),
    "erlang": lambda p: lambda g, n: g.standard_gamma(p["a"], n),
    "expon": lambda p: lambda g, n: g.standard_exponential(n),
    "f": lambda p: lambda g, n: g.f(p["dfn"], p["dfd"], n),
    "gamma": lambda p: lambda g, n: g.standard_gamma(p["a"], n),
    "gibrat": lambda p: lambda g, n: g.lognormal(0.0, 1.0, n),
    "gumbel_r": lambda p: lambda g, n: g.gumbel(0.0, 1.0, n),
    "halfnorm": lambda p: lambda g, n: np.abs(g.standard_normal(n)),
    "invgauss": lambda p: lambda g, n: g.wald(p["mu"], 1.0, n),
    "laplace": lambda p: lambda g, n: g.laplace(0.0, 1.0, n),
    "logistic": lambda p: lambda g, n: g.logistic(0.0, 1.0, n),
    "lognorm": lambda p: lambda g, n: g.lognormal(0.0, p["s"], n),
    "lomax": lambda p: lambda g, n: g.pareto(p["c"], n),
    "norm": lambda p: lambda g, n: g.standard_normal(n),
    "pareto": lambda p: lambda g, n: g.pareto(p["b"], n) + 1.0,
    "powerlaw": lambda p: lambda g, n: g.power(p["a"], n),
    "rayleigh": lambda p: lambda g, n: g.rayleigh(1.0, n),
    "t": lambda p: lambda g, n: g.standard_t(p["df"], n),
    "triang": lambda p: lambda g, n: g.triangular(0.0, p["c"], 1.0, n),
    "uniform": lambda p: lambda g, n: g.random(n),
    "wald": lambda p: lambda g, n: g.wald(1.0, 1.0, n),
    "weibull_min": lambda p: lambda g, n: g.weibull(p["c"], n),
}
