"""Durations of which any percentile can be asked: the stages of a pod's start, waits, API latency.

Law: a percentile of pods or attempts is interpolated linearly between the two values around it, as
the KPIs are; a stage that has not ended is in none of them. A pod that was started again keeps the
time of its first Running, so that what would be negative is left out; so are pods that a run began
with.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from simk8s.results import pooled
from simk8s.results.measure import Compute, Expression, Hide, Measure
from simk8s.results.results import Results
from simk8s.schema.kpis import API_LATENCY, PERCENTILES, Quantity

STAYED = (
    (pl.col("running_us") == 0) & (pl.col("created_us") == 0) & pl.col("scheduled_us").is_null()
).fill_null(value=False)
"""Pods that ran already when the run began: they were started by nobody."""


def expression(quantity: Quantity) -> pl.Expr:
    """The durations, nulls and what is negative left out."""
    if not quantity.start:
        return pl.col(quantity.end).drop_nulls()
    took = pl.col(quantity.end) - pl.col(quantity.start)
    took = (took.filter(~STAYED) if quantity.table == "pods" else took).drop_nulls()
    return took.filter(took >= 0)


def durations(results: Results, quantity: Quantity) -> pl.Series:
    """All durations in microseconds, ascending."""
    found = results.table(quantity.table).select(expression(quantity).alias("us"))
    return found.collect().to_series().sort()


def percentile(results: Results, quantity: Quantity, percent: float) -> float | None:
    """Any percentile, 0 to 100; None if there is nothing."""
    if quantity is API_LATENCY:
        return pooled.percentile(results.api_requests.collect(), percent / 100)
    found = results.table(quantity.table).select(_quantile(quantity, percent)).collect()
    value: float | None = found.item()
    return value


def measures(quantity: Quantity, group: str, hide: Hide = "never") -> Iterable[Measure]:
    """The KPIs of a quantity: its percentiles."""
    for percent in PERCENTILES[quantity.name]:
        direct = quantity is not API_LATENCY
        yield Measure(
            f"{quantity.name}_us_p{percent}",
            f"{quantity.title}, p{percent}",
            "us",
            "lower",
            "duration",
            group,
            quantity.table,
            quantity.meaning,
            _expression(quantity, percent) if direct else None,
            hide,
            None if direct else _compute(quantity, percent),
        )


def _quantile(quantity: Quantity, percent: float) -> pl.Expr:
    found = expression(quantity).quantile(percent / 100, interpolation="linear")
    return found.fill_null(pl.when(pl.len() > 0).then(0.0)) if quantity.calm else found


def _expression(quantity: Quantity, percent: float) -> Expression:
    found = _quantile(quantity, percent)
    return lambda _: found


def _compute(quantity: Quantity, percent: float) -> Compute:
    return lambda results: percentile(results, quantity, percent)
