"""Paired differences: the mean and its 95 % interval by Student's t."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from statistics import mean, stdev
from typing import NamedTuple


class Difference(NamedTuple):
    """Mean of the differences and half the width of the interval; how many are above 0."""

    mean: float
    half: float
    above: int
    pairs: int

    def __str__(self) -> str:
        return f"{self.mean:+.2f} ± {self.half:.2f}"


def paired(ours: Sequence[float], theirs: Sequence[float]) -> Difference:
    """Of at least two pairs."""
    from scipy.special import stdtrit

    gaps = [a - b for a, b in zip(ours, theirs, strict=True)]
    half = float(stdtrit(len(gaps) - 1, 0.975)) * stdev(gaps) / sqrt(len(gaps))
    return Difference(mean(gaps), half, sum(gap > 0 for gap in gaps), len(gaps))
