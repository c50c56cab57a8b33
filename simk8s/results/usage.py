"""What pods used: KPIs over the `usage` table, which only some runs have.

Law: a run without the table has none of these numbers (they are absent, not zero).
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from simk8s.results.measure import Better, Expression, Hide, Measure

GROUP, TABLE = "utilisation", "usage"


def _mean(column: str, whole: str) -> Expression:
    """A row is the mean since the row before it."""
    weight = (pl.col("t_us") - pl.col("t_us").shift(1)).fill_null(0).cast(pl.Float64)
    return lambda _: (pl.col(column) * weight).sum() / (pl.col(whole) * weight).sum()


def _cut(less: str, more: str) -> Expression:
    weight = (pl.col("t_us") - pl.col("t_us").shift(1)).fill_null(0).cast(pl.Float64)
    lost = ((pl.col(more) - pl.col(less)) * weight).sum()
    return lambda _: lost / (pl.col("cpu_demand_milli") * weight).sum()


Share = tuple[str, str, Better | None, str, Expression]


def measures() -> Iterable[Measure]:
    """In the order of the page."""
    shares: tuple[Share, ...] = (
        ("cpu_used_mean", "CPU used, mean", None, "Used by pods, of the CPUs of ready nodes.",
         _mean("cpu_used_milli", "cpu_capacity_milli")),
        ("memory_used_mean", "Memory used, mean", None, "Used by pods, of ready nodes' memory.",
         _mean("memory_used_bytes", "memory_capacity_bytes")),
        ("cpu_throttled_share", "CPU throttled", "lower",
         "What limits cut off, of what pods would have used.",
         _cut("cpu_capped_milli", "cpu_demand_milli")),
        ("cpu_starved_share", "CPU starved", "lower",
         "What nodes did not have, of what pods would have used.",
         _cut("cpu_used_milli", "cpu_capped_milli")),
    )  # fmt: skip
    for name, title, better, meaning, expression in shares:
        words = f"{meaning} Weighted by time."
        hide: Hide = "zero" if better is None else "absent"
        yield Measure(
            name, title, "share", better, "share", GROUP, TABLE, words, expression, hide,
        )  # fmt: skip
    yield Measure(
        "oom_kills", "OOM kills", "", "lower", "count", "pods", TABLE,
        "Pods whose containers the kernel killed for memory.",
        lambda _: pl.col("oom_kills").max(), "zero",
    )  # fmt: skip
