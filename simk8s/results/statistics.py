"""Paired differences between two variants: intervals, p-values, corrections, seeds to go.

Law: a difference is sure only where Student's t and the studentised bootstrap both say so, which
keeps false winners rare for skewed and heavy-tailed noise too (tests/results/test_statistics.py);
the bootstrap draws from a fixed stream, so that a page is the same each time it is drawn.

Mirrors: the paired t-test; the bootstrap-t of Efron and Tibshirani (1993, chapter 12), equal tails;
Holm (1979); Benjamini and Hochberg (1995). Departs: below five pairs the bootstrap has too few
distinct resamples to say anything, and the t-test stands alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
RESAMPLES = 4_999
FEWEST_TO_RESAMPLE = 5
FEWEST_TO_AGREE = 3
"""Equal differences in fewer pairs than these may be an accident."""
POWER = 0.8
MOST_SEEDS = 1_000

_SEED = 20_111_213
_ROUNDING = 1e-12
_FLAT = 1e-7  # what rounding leaves of the spread of equal values, as a sum of squares

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Paired:
    """Differences of one number, pair by pair; intervals of their mean at `CONFIDENCE`."""

    mean: float
    deviation: float
    """Sample standard deviation of the differences; 0 for a single one."""
    pairs: int
    low: float | None = None
    high: float | None = None
    """Student's interval; none for a single pair."""
    boot_low: float | None = None
    boot_high: float | None = None
    """The bootstrap's interval; none for few pairs, or where it has no end."""
    p: float | None = None
    """The larger of both tests' p-values against no difference, two-sided."""

    @property
    def half_width(self) -> float | None:
        """Half of Student's interval."""
        return None if self.high is None else self.high - self.mean


def paired(differences: Sequence[float]) -> Paired:
    """What differences say of their mean. ValueError without any."""
    n = len(differences)
    if n == 0:
        raise ValueError("no differences")
    values = np.asarray(differences, np.float64)
    mean = math.fsum(differences) / n
    if n == 1:
        return Paired(mean, 0.0, 1, p=1.0 if mean == 0 else None)
    deviation = math.sqrt(math.fsum((v - mean) ** 2 for v in differences) / (n - 1))
    if deviation <= _ROUNDING * abs(mean):
        sure = mean != 0 and n >= FEWEST_TO_AGREE
        return Paired(mean, 0.0, n, mean, mean, mean, mean, 0.0 if sure else 1.0)
    from scipy.special import stdtr, stdtrit  # late: a single run never needs them

    error = deviation / math.sqrt(n)
    half = float(stdtrit(n - 1, 0.5 + CONFIDENCE / 2)) * error
    p = 2 * float(stdtr(n - 1, -abs(mean) / error))
    low, high, boot_p = _bootstrap(values, mean, error)
    return Paired(mean, deviation, n, mean - half, mean + half, low, high, max(p, boot_p))


def _bootstrap(
    values: Floats, mean: float, error: float
) -> tuple[float | None, float | None, float]:
    """(low, high, p) of the bootstrap-t; nothing for few values."""
    if len(values) < FEWEST_TO_RESAMPLE:
        return None, None, 0.0
    n, centred = len(values), values - mean
    # As sums, so that thousands of resamples are one product of matrices.
    sums = _resamples(n) @ np.stack([centred, centred * centred], axis=1)
    shift = sums[:, 0] / n
    errors = np.sqrt(np.maximum(sums[:, 1] / n - shift * shift, 0.0) / (n - 1))
    flat = errors <= _FLAT * float(np.abs(centred).max())
    far = np.where(shift == 0, 0.0, np.copysign(np.inf, shift))
    statistics = np.divide(shift, errors, out=far, where=~flat)
    observed = mean / error
    below = 1 + int(np.count_nonzero(statistics <= observed))
    above = 1 + int(np.count_nonzero(statistics >= observed))
    p = min(1.0, 2 * min(below, above) / (RESAMPLES + 1))
    tail = (1 - CONFIDENCE) / 2
    ordered = np.sort(statistics)
    last = ordered[math.ceil((RESAMPLES + 1) * (1 - tail)) - 1]
    first = ordered[math.floor((RESAMPLES + 1) * tail) - 1]
    low, high = mean - float(last) * error, mean - float(first) * error
    return low if math.isfinite(low) else None, high if math.isfinite(high) else None, p


@lru_cache(maxsize=8)
def _resamples(n: int) -> Floats:
    """How often each resample takes each pair, `[RESAMPLES, n]`; the same for every number."""
    taken = np.random.default_rng(_SEED).integers(0, n, (RESAMPLES, n), dtype=np.intp)
    rows = np.arange(RESAMPLES)[:, None] * n
    counted = np.bincount((taken + rows).ravel(), minlength=RESAMPLES * n)
    return counted.reshape(RESAMPLES, n).astype(np.float64)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted so that any false winner among all is as rare as one alone would be."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted, highest = [1.0] * len(p_values), 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = highest
    return adjusted


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjusted so that of what is called different only that share is false."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i], reverse=True)
    adjusted, lowest, count = [1.0] * len(p_values), 1.0, len(p_values)
    for back, i in enumerate(order):
        lowest = min(lowest, count / (count - back) * p_values[i])
        adjusted[i] = lowest
    return adjusted


def seeds_to_settle(found: Paired, alpha: float = 1 - CONFIDENCE) -> int | None:
    """How many more pairs would show this difference, were it the true one, in four cases of five.

    None where nothing points at a difference, or more than `MOST_SEEDS` would be needed.
    """
    if found.mean == 0 or found.pairs < 2 or found.deviation == 0:
        return None
    from scipy.special import stdtrit

    effect = abs(found.mean) / found.deviation
    low, high = found.pairs, found.pairs + MOST_SEEDS

    def shows(n: int) -> bool:
        needed = float(stdtrit(n - 1, 1 - alpha / 2) + stdtrit(n - 1, POWER))
        return effect * math.sqrt(n) >= needed

    if not shows(high):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if shows(middle) else (middle + 1, high)
    return max(1, low - found.pairs)
