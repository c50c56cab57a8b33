"""How long pods wait for a node, queue by queue; a queue is a namespace.

Law: a pod that still has no node has waited until the run ended (or until it was gone), so that a
strategy that starves somebody does not look fair; dropped and refused pods and those that a run
began with are not counted. A run with pods in one namespace has no fairness.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import polars as pl

from simk8s.results.measure import Measure
from simk8s.results.quantities import STAYED
from simk8s.results.results import Results


def by_queue(results: Results) -> pl.DataFrame:
    """namespace, pods, without (a node), mean, p50, p90 in microseconds; most pods first."""
    return results.remember("waits", lambda: _by_queue(results))


def _by_queue(results: Results) -> pl.DataFrame:
    until = pl.coalesce("scheduled_us", "finished_us", pl.lit(results.manifest.simulated_us))
    waited = (until - pl.col("created_us")).clip(0)
    return (
        results.pods.filter(~pl.col("phase").cast(pl.String).is_in(["dropped", "refused"]))
        .filter(~STAYED)
        .group_by("namespace")
        .agg(
            pods=pl.len(),
            without=pl.col("scheduled_us").is_null().sum(),
            mean=waited.mean(),
            p50=waited.quantile(0.5, "linear"),
            p90=waited.quantile(0.9, "linear"),
        )
        .sort("pods", "namespace", descending=[True, False])
        .collect()
    )


def jain(values: Sequence[float]) -> float | None:
    """(Σx)² / (n Σx²): 1 if all are equal, 1/n if one has everything; None for nobody."""
    if not values:
        return None
    squares = math.fsum(x * x for x in values)
    return math.fsum(values) ** 2 / (len(values) * squares) if squares else 1.0


def _fairness(results: Results) -> float | None:
    means = by_queue(results)["mean"].to_list()
    return jain(means) if len(means) > 1 else None


def _worst(results: Results) -> float | None:
    means = by_queue(results)["mean"].to_list()
    return max(means) if len(means) > 1 else None


def measures() -> Iterable[Measure]:
    """The KPIs of queues, for runs that have several."""
    yield Measure(
        "queue_fairness", "Fairness over queues", "", "higher", "share", "queues", "pods",
        "Jain's index of the mean waits of namespaces: 1 if all wait alike.",
        None, "absent", _fairness,
    )  # fmt: skip
    yield Measure(
        "queue_worst_wait_us", "Mean wait in the worst queue", "us", "lower", "duration", "queues",
        "pods", "The highest mean wait for a node of all namespaces.",
        None, "absent", _worst,
    )  # fmt: skip
