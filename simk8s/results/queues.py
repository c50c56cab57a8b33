"""Queues of strategies that have some: time to admission, use of quota, evictions.

Law: means over time weigh each sample with the time until the next; a queue that has admitted
nobody has no time to admission, and is not in Jain's index.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from simk8s.results.measure import Measure
from simk8s.results.results import Results
from simk8s.results.waits import jain


def of(results: Results) -> pl.DataFrame:
    """queue, resource, nominal, used (mean), borrowed (mean), peak, waiting (mean), admitted,
    evicted, wait_us (mean time to admission); as the strategy lists them.
    """
    return results.remember("queues", lambda: _of(results))


def _of(results: Results) -> pl.DataFrame:
    key = ("queue", "resource")
    rows = results.table("queues").collect()
    span = (pl.col("t_us").shift(-1) - pl.col("t_us")).over(key).fill_null(0).cast(pl.Float64)
    over = (pl.col("used") - pl.col("nominal")).clip(0)

    def mean(column: pl.Expr) -> pl.Expr:
        return (column * pl.col("span")).sum() / pl.col("span").sum()

    return (
        rows.with_columns(span=span, over=over)
        .group_by(key, maintain_order=True)
        .agg(
            nominal=pl.col("nominal").last(),
            used=mean(pl.col("used")),
            borrowed=mean(pl.col("over")),
            peak=pl.col("used").max(),
            waiting=mean(pl.col("waiting")),
            admitted=pl.col("admitted").last(),
            evicted=pl.col("evicted").last(),
            wait_us=pl.col("waited_us").last() / pl.col("admitted").last(),
        )
        .with_columns(pl.col("wait_us").fill_nan(None))
    )


def once(results: Results) -> pl.DataFrame:
    """One row a queue: that of its first resource."""
    return of(results).unique("queue", keep="first", maintain_order=True)


def fairness(results: Results) -> float | None:
    """Jain's index of mean times to admission."""
    waits = once(results)["wait_us"].drop_nulls().to_list()
    return jain(waits) if len(waits) > 1 else None


def _wait(results: Results) -> float | None:
    found = once(results)
    admitted = int(found["admitted"].sum())
    return float((found["wait_us"] * found["admitted"]).sum()) / admitted if admitted else None


def _evicted(results: Results) -> float | None:
    found = once(results)
    return float(found["evicted"].sum()) if found.height else None


def measures() -> Iterable[Measure]:
    """The KPIs of a strategy's queues."""
    yield Measure(
        "admission_wait_us", "Time to admission, mean", "us", "lower", "duration", "queues",
        "queues", "From whole to admitted, over all workloads that were admitted.",
        None, "absent", _wait,
    )  # fmt: skip
    yield Measure(
        "workloads_evicted", "Workloads evicted", "", "lower", "count", "queues", "queues",
        "Workloads that had to go for others.", None, "zero", _evicted,
    )  # fmt: skip
    yield Measure(
        "admission_fairness", "Fairness of admission", "", "higher", "share", "queues", "queues",
        "Jain's index of the mean times to admission of queues.", None, "absent", fairness,
    )  # fmt: skip
