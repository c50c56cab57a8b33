"""One variant on many seeds: how each KPI is distributed, and how well that is known.

Law: a mean has Student's and the bootstrap's interval (`statistics.py`), a percentile the exact one
that order statistics give; with too few seeds for an interval there is none.

Mirrors: distribution-free intervals of quantiles (Conover 1999, section 3.2).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from simk8s.results.compare import Comparison, Row
from simk8s.results.measure import Measure
from simk8s.results.statistics import CONFIDENCE, Paired, paired


@dataclass(frozen=True, slots=True)
class Quantile:
    """A percentile over seeds (nearest rank); no interval where the seeds do not reach."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Spread:
    """One KPI over all seeds."""

    measure: Measure
    values: tuple[float, ...]
    """Ascending."""
    mean: Paired
    median: Quantile
    bad: Quantile
    """The 95th percentile of what had better be small, the 5th of what had better be large."""
    worst: float
    worst_seed: int

    @property
    def constant(self) -> bool:
        """Whether every seed has the same."""
        return self.values[0] == self.values[-1]


def spreads(comparison: Comparison) -> list[Spread]:
    """Every KPI of the first variant that its seeds have."""
    return [_spread(row) for row in comparison.rows if row.cells[0].values]


def _spread(row: Row) -> Spread:
    cell = row.cells[0]
    ordered = sorted(cell.values)
    down = row.measure.better == "higher"
    pairs = zip(cell.values, cell.seeds, strict=True)
    worst, seed = min(pairs, key=lambda pair: (pair[0] if down else -pair[0], pair[1]))
    return Spread(
        row.measure,
        tuple(ordered),
        paired(ordered),
        quantile(ordered, 0.5),
        quantile(ordered, 0.05 if down else 0.95),
        worst,
        seed,
    )


def quantile(ordered: Sequence[float], share: float) -> Quantile:
    """The value that this share of all does not exceed, with its interval."""
    from scipy.special import bdtr  # late: a single run never needs it

    n = len(ordered)
    value = ordered[max(0, math.ceil(share * n) - 1)]
    tail = (1 - CONFIDENCE) / 2
    # P(fewer than r of n values lie below the quantile), r counted from one.
    below = [float(bdtr(r, n, share)) for r in range(n)]
    lows = [r for r in range(1, n + 1) if below[r - 1] <= tail]
    highs = [r for r in range(1, n + 1) if 1 - below[r - 1] <= tail]
    low = ordered[lows[-1] - 1] if lows else None
    high = ordered[highs[0] - 1] if highs else None
    return Quantile(value, low, high)
