"""Distributions fitted to durations, some of which had not ended when they were last seen.

Law: maximum likelihood with right-censored values; the best has the lowest AIC. A fit is told as a
scenario writes it.

Mirrors: scipy.stats.CensoredData and `fit`; Kaplan and Meier (1958) for what was observed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simk8s.units import US_PER_HOUR

Floats = NDArray[np.float64]
LAWS = {"exponential": "expon", "weibull": "weibull_min", "lognormal": "lognorm", "gamma": "gamma"}
"""Candidates, as a scenario and as scipy name them; all begin at zero."""


@dataclass(frozen=True, slots=True)
class Fit:
    """One distribution fitted; times in hours, since their logarithms are near zero then."""

    law: str
    shape: float | None
    scale: float
    """Hours."""
    log_likelihood: float
    aic: float
    distance: float
    """Largest vertical distance to what was observed (Kolmogorov and Smirnov's)."""

    def frozen(self) -> Any:
        """The distribution as scipy has it, in hours."""
        from scipy import stats

        shapes = () if self.shape is None else (self.shape,)
        return getattr(stats, LAWS[self.law])(*shapes, loc=0, scale=self.scale)

    def within(self, hours: Sequence[float]) -> list[float]:
        """Share that has ended by each of these."""
        found: list[float] = self.frozen().cdf(np.asarray(hours)).tolist()
        return found

    @property
    def mean_hours(self) -> float:
        return float(self.frozen().mean())

    def written(self) -> dict[str, Any]:
        """As a scenario writes it."""
        if self.law == "exponential":
            return {"exponential": {"mean": _hours(self.scale)}}
        assert self.shape is not None
        shape = float(f"{self.shape:.4g}")
        if self.law == "weibull":
            return {"weibull": {"shape": shape, "scale": _hours(self.scale)}}
        if self.law == "lognormal":
            return {"lognormal": {"mean": _hours(self.mean_hours), "sigma": shape}}
        return {"scipy": {"name": "gamma", "params": {"a": shape}, "scale": _hours(self.scale)}}


def _hours(value: float) -> str:
    """Four digits, in the largest unit in which they are a number above one."""
    units = (("h", 1.0), ("m", 1 / 60), ("s", 1 / 3600))
    unit, hours = next((pair for pair in units if value >= pair[1]), units[-1])
    return f"{float(f'{value / hours:.4g}'):.12g}{unit}"


def fits(seen_us: Sequence[int], censored_us: Sequence[int] = ()) -> list[Fit]:
    """Every candidate, the best first. ValueError below two different values."""
    from scipy import stats

    if len(set(seen_us)) < 2:
        raise ValueError("a fit needs two different values")
    seen = np.asarray(seen_us, np.float64) / US_PER_HOUR
    censored = np.asarray(censored_us, np.float64) / US_PER_HOUR
    data = stats.CensoredData(uncensored=seen, right=censored)
    times, shares = observed(seen_us, censored_us)
    found = []
    for law, name in LAWS.items():
        made = getattr(stats, name)
        *shapes, _, scale = made.fit(data, floc=0)
        frozen = made(*shapes, loc=0, scale=scale)
        likely = float(frozen.logpdf(seen).sum() + frozen.logsf(censored).sum())
        below = np.concatenate(([0.0], shares[:-1]))
        there = frozen.cdf(times)
        far = float(np.maximum(np.abs(there - shares), np.abs(there - below)).max())
        aic = 2 * (len(shapes) + 1) - 2 * likely
        shape = float(shapes[0]) if shapes else None
        found.append(Fit(law, shape, float(scale), likely, aic, far))
    return sorted(found, key=lambda fit: fit.aic)


def observed(seen_us: Sequence[int], censored_us: Sequence[int] = ()) -> tuple[Floats, Floats]:
    """(hours, share that had ended by then), at each time at which something ended."""
    ends, counts = np.unique(np.asarray(seen_us, np.int64), return_counts=True)
    everything = np.sort(np.concatenate((seen_us, censored_us)).astype(np.int64))
    at_risk = len(everything) - np.searchsorted(everything, ends, side="left")
    shares: Floats = 1 - np.cumprod(1 - counts / at_risk, dtype=np.float64)
    return ends / US_PER_HOUR, shares


def steps(times: Floats, shares: Floats, most: int) -> tuple[list[float], list[float]]:
    """What was observed, thinned for a chart."""
    keep = np.unique(np.linspace(0, len(times) - 1, min(len(times), most)).astype(int))
    return times[keep].tolist(), shares[keep].tolist()


def grid(times: Floats, points: int) -> list[float]:
    """Hours at which curves are drawn, evenly spaced on a logarithmic axis."""
    found: list[float] = np.geomspace(max(float(times[0]), 1 / 60), times[-1], points).tolist()
    return found


def percentile_us(values: Sequence[int], percent: float) -> int:
    """Nearest rank."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]
