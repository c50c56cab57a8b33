"""How pods of each priority fared.

Law: pods of DaemonSets, refused ones and those that a run began with are left aside. *High* is the
highest priority of a run's pods, if they have more than one; a pod counts as started if it ran and
was not lost, so that nobody looks better for starting the same work twice.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from simk8s.results.measure import Measure
from simk8s.results.quantities import STAYED
from simk8s.results.results import Results


def by_priority(results: Results) -> pl.DataFrame:
    """priority (highest first), pods, started, without (a node), lost, p50, p99 until running."""
    return results.remember("priorities", lambda: _by_priority(results))


def _by_priority(results: Results) -> pl.DataFrame:
    daemon = pl.col("owner").str.starts_with("DaemonSet/").fill_null(value=False)
    took = (pl.col("running_us") - pl.col("created_us")).drop_nulls()
    took = took.filter(took >= 0)
    lost = pl.col("lost_cause").is_not_null()
    return (
        results.pods.filter((pl.col("phase").cast(pl.String) != "refused") & ~daemon & ~STAYED)
        .group_by("priority")
        .agg(
            pods=pl.len(),
            started=(pl.col("running_us").is_not_null() & ~lost).sum(),
            without=pl.col("scheduled_us").is_null().sum(),
            lost=lost.sum(),
            p50=took.quantile(0.5, "linear"),
            p99=took.quantile(0.99, "linear"),
        )
        .sort("priority", descending=True)
        .collect()
    )


def _highest(column: str, results: Results) -> float | None:
    found = by_priority(results)
    return None if found.height < 2 else found[column].item(0)


def measures() -> Iterable[Measure]:
    """KPIs of the highest priority, for runs with several."""
    yield Measure(
        "high_priority_started", "Started, highest priority", "pods", "higher", "count", "pods",
        "pods", "Pods of the highest priority that ran and were not lost.",
        None, "absent", lambda results: _highest("started", results),
    )  # fmt: skip
    yield Measure(
        "high_priority_startup_p99_us", "Created to running, p99, highest priority", "us", "lower",
        "duration", "latency", "pods", "Of pods of the highest priority that ran.",
        None, "absent", lambda results: _highest("p99", results),
    )  # fmt: skip
