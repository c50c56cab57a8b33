"""How long pods wait for a node, and what share of what they ask for they get, queue by queue; a
queue is a namespace.

Law: a pod that still has no node has waited until the run ended (or until it was gone), so that a
strategy that starves somebody does not look fair; dropped and refused pods and those that a run
began with are not counted. Served is the resource time that a queue's pods held, of what they asked
for: from creation to their end, or that of the run, weighed by the pod's dominant share of the
cluster, as in DRF; so 1 / served is how many times longer the queue's work takes than with a
cluster of its own. A run with pods in one namespace has no fairness.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import polars as pl

from simk8s.results.measure import Measure
from simk8s.results.quantities import STAYED
from simk8s.results.results import Results


def by_queue(results: Results) -> pl.DataFrame:
    """namespace, pods, without (a node), mean, p50, p90 in microseconds, served (a share; null if
    nothing was asked for); most pods first.
    """
    return results.remember("waits", lambda: _by_queue(results))


def _by_queue(results: Results) -> pl.DataFrame:
    until = pl.coalesce("scheduled_us", "finished_us", pl.lit(results.manifest.simulated_us))
    waited = (until - pl.col("created_us")).clip(0)
    size = _dominant(results)
    ended = pl.col("finished_us").fill_null(results.manifest.simulated_us)
    held = size * (ended - pl.col("bound_us").fill_null(ended)).clip(0)
    asked = (size * (ended - pl.col("created_us")).clip(0)).sum()
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
            served=pl.when(asked > 0).then((held.sum() / asked).clip(0, 1)),
        )
        .sort("pods", "namespace", descending=[True, False])
        .collect()
    )


def _dominant(results: Results) -> pl.Expr:
    """The largest share of the cluster that a pod asks for, of CPU, memory and GPUs."""
    gpus = pl.col("gpu_count").sum() * 1_000
    whole = results.nodes.select(pl.col("cpu_milli", "memory_bytes").sum(), gpu_milli=gpus)
    shares = [
        pl.col(name) / amount
        for name, amount in whole.collect().row(0, named=True).items()
        if amount
    ]
    return pl.max_horizontal(pl.lit(0.0), *shares)


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


def _served(results: Results) -> list[float]:
    found = by_queue(results)
    return found["served"].drop_nulls().to_list() if found.height > 1 else []


def _served_fairness(results: Results) -> float | None:
    return jain(_served(results))


def _served_worst(results: Results) -> float | None:
    return min(_served(results), default=None)


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
    yield Measure(
        "queue_served_worst", "Served in the worst queue", "share", "higher", "share", "queues",
        "pods", "Resource time that a namespace's pods got, of what they asked for; the lowest.",
        None, "absent", _served_worst,
    )  # fmt: skip
    yield Measure(
        "queue_served_fairness", "Fairness of what is served", "", "higher", "share", "queues",
        "pods", "Jain's index of the shares served to namespaces: 1 if all get the same share.",
        None, "absent", _served_fairness,
    )  # fmt: skip
