"""Percentiles of many rows of `api_requests` taken together.

A row knows its own percentiles only. Law: each row's distribution is taken as linear between what
the row knows (nothing at 0, p50, p90, p99, the longest), rows are weighed by what they answered,
and the pooled percentile is where the weighed sum of distributions reaches it; one row alone
answers with its own percentiles exactly.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

KNOTS = ("latency_us_p50", "latency_us_p90", "latency_us_p99", "latency_us_max")
SHARES = (0.0, 0.5, 0.9, 0.99, 1.0)
_STEPS = 48
"""Halvings of the interval: of an hour, to below a nanosecond."""

Floats = NDArray[np.float64]


def percentile(rows: pl.DataFrame, share: float) -> float | None:
    """Of all rows; None if there was no request."""
    found = by(rows, (), share)
    return float(found["us"][0]) if found.height else None


def by(rows: pl.DataFrame, keys: Sequence[str], share: float) -> pl.DataFrame:
    """keys, answered, us: the pooled percentile of every group, in order of appearance."""
    answered = rows.with_columns(answered=pl.col("requests") - pl.col("rejected"))
    answered = answered.filter(pl.col("answered") > 0)
    if answered.is_empty():
        return answered.select(*keys, "answered", us=pl.lit(0.0)).clear()
    keyed = answered.with_columns(_all=pl.lit(0))
    names = list(keys) or ["_all"]
    groups = keyed.group_by(names, maintain_order=True).agg(pl.col("answered").sum())
    numbered = groups.with_row_index("_group").select("_group", *names)
    group = keyed.join(numbered, on=names, how="left", maintain_order="left", nulls_equal=True)
    us = _pooled(
        group["_group"].to_numpy().astype(np.intp),
        groups.height,
        answered["answered"].to_numpy().astype(np.float64),
        np.stack([np.zeros(answered.height), *(answered[k].to_numpy() for k in KNOTS)]),
        share,
    )
    return groups.with_columns(us=pl.Series(us)).select(*keys, "answered", "us")


def _pooled(group: NDArray[np.intp], n: int, weight: Floats, knots: Floats, share: float) -> Floats:
    """Halve the interval of every group until the weighed sum of distributions meets `share`."""
    own = _inverse(knots, share)
    low, high = np.full(n, np.inf), np.zeros(n)
    np.minimum.at(low, group, own)
    np.maximum.at(high, group, own)
    several = low < high  # one row, or rows that agree, need no search
    rows = several[group]
    group, weight, knots = group[rows], weight[rows], knots[:, rows]
    wanted = share * np.bincount(group, weight, n)
    for _ in range(_STEPS if len(group) else 0):
        middle = (low + high) / 2
        below = np.bincount(group, weight * _distribution(knots, middle[group]), n)
        enough = (below >= wanted) & several
        high = np.where(enough, middle, high)
        low = np.where(several & ~enough, middle, low)
    return high


def _inverse(knots: Floats, share: float) -> Floats:
    """Every row's own percentile."""
    k = min(int(np.searchsorted(SHARES, share, "left")), len(SHARES) - 1)
    k = max(k, 1)
    part = (share - SHARES[k - 1]) / (SHARES[k] - SHARES[k - 1])
    found: Floats = knots[k - 1] + part * (knots[k] - knots[k - 1])
    return found


def _distribution(knots: Floats, x: Floats) -> Floats:
    """The share of each row's requests that took at most x."""
    found = np.zeros(len(x))
    for k in range(1, len(SHARES)):
        a, b = knots[k - 1], knots[k]
        wide = np.maximum(b - a, 1e-9)
        inside = SHARES[k - 1] + (SHARES[k] - SHARES[k - 1]) * (x - a) / wide
        found = np.where(x >= b, SHARES[k], np.where(x >= a, inside, found))
    return found
