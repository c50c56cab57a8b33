"""L0: parameters of distributions from percentiles or means, on scalars with `math` alone.

Law: results are rounded to twelve significant digits, so that the last bit of a mathematical
library on another CPU never reaches a simulation.
"""

from __future__ import annotations

import math
from statistics import NormalDist

Point = tuple[float, float]
"""A probability between 0 and 1, and the value below which that share of draws lies."""


def rounded(value: float) -> float:
    """To twelve significant digits."""
    return float(f"{value:.12g}")


def lognormal(first: Point, second: Point) -> tuple[float, float]:
    """(mu, sigma) of the log-normal through two percentiles."""
    z_first, z_second = NormalDist().inv_cdf(first[0]), NormalDist().inv_cdf(second[0])
    sigma = math.log(second[1] / first[1]) / (z_second - z_first)
    return rounded(math.log(first[1]) - sigma * z_first), rounded(sigma)


def lognormal_of_mean(mean: float, sigma: float) -> tuple[float, float]:
    """(mu, sigma) of the log-normal whose arithmetic mean is given."""
    return rounded(math.log(mean) - sigma * sigma / 2), sigma


def weibull(first: Point, second: Point) -> tuple[float, float]:
    """(shape, scale) of the Weibull through two percentiles."""
    near, far = math.log(-math.log(1 - first[0])), math.log(-math.log(1 - second[0]))
    shape = (far - near) / math.log(second[1] / first[1])
    return rounded(shape), rounded(first[1] / math.exp(near / shape))
