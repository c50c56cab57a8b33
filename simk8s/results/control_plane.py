"""The control plane in numbers: requests, what was turned away or held back, how full it was."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from simk8s.results import pooled, quantities
from simk8s.results.measure import Measure
from simk8s.results.results import Results
from simk8s.schema.kpis import API_LATENCY

GROUP = "control plane"
PRIORITY_LEVEL = "kube-apiserver/"
"""Components of that prefix are priority levels, their workers seats."""
ETCD = "etcd"


def of_the_server() -> pl.Expr:
    """Rows of `controllers` that are parts of API server and etcd, or their clients."""
    parts = r"^(kube-apiserver|background|client)/|^etcd$"
    return pl.col("component").str.contains(parts)


def windows(results: Results, *by: str) -> pl.DataFrame:
    """*by, window_us, requests, rejected, answered, p50, p99: the clients of a window together."""
    keys = [*by, "window_us"]
    rows = results.api_requests.sort(*keys, "client", "verb", "resource").collect()
    sums = rows.group_by(keys, maintain_order=True).agg(pl.col("requests", "rejected").sum())
    for share, name in ((0.5, "p50"), (0.99, "p99")):
        found = pooled.by(rows, keys, share).rename({"us": name}).drop("answered")
        sums = sums.join(found, on=keys, how="left", maintain_order="left")
    return sums.with_columns(answered=pl.col("requests") - pl.col("rejected"))


def calls(results: Results) -> pl.DataFrame:
    """verb, resource, requests, rejected, p50, p90, p99, max_us: most requests first."""
    keys = ["verb", "resource"]
    rows = results.api_requests.sort(*keys, "window_us", "client").collect()
    sums = rows.group_by(keys, maintain_order=True).agg(
        pl.col("requests", "rejected").sum(), max_us=pl.col("latency_us_max").max()
    )
    for share, name in ((0.5, "p50"), (0.9, "p90"), (0.99, "p99")):
        found = pooled.by(rows, keys, share).rename({"us": name}).drop("answered")
        sums = sums.join(found, on=keys, how="left", maintain_order="left")
    return sums.sort("requests", "verb", "resource", descending=[True, False, False])


def clients(results: Results) -> pl.DataFrame:
    """client, requests, rejected, throttled_us: most requests first."""
    return (
        results.api_requests.group_by("client")
        .agg(pl.col("requests", "rejected", "throttled_us").sum())
        .sort("requests", "client", descending=[True, False])
        .collect()
    )


def parts(results: Results) -> pl.DataFrame:
    """The rows of priority levels and etcd that did anything, fullest first."""
    asked = pl.col("component").str.starts_with(PRIORITY_LEVEL) | (pl.col("component") == ETCD)
    return (
        results.controllers.filter(asked & (pl.col("reconciles") > 0))
        .sort("utilisation", "component", descending=[True, False])
        .collect()
    )


def measures() -> Iterable[Measure]:
    """In the order of the page."""
    requests, rejected = pl.col("requests").sum(), pl.col("rejected").sum()
    yield Measure(
        "api_requests", "API requests", "", None, "count", GROUP, "api_requests",
        "Requests that arrived at the API server.", lambda _: requests, "zero",
    )  # fmt: skip
    yield Measure(
        "api_rejected", "API requests rejected", "", "lower", "count", GROUP, "api_requests",
        "Turned away with 429 by priority and fairness.", lambda _: rejected, "zero",
    )  # fmt: skip
    yield Measure(
        "api_rejected_share", "API requests rejected, share", "share", "lower", "share", GROUP,
        "api_requests", "Turned away with 429, of all that arrived.",
        lambda _: rejected / requests, "zero",
    )  # fmt: skip
    yield from quantities.measures(API_LATENCY, GROUP, "zero")
    yield Measure(
        "api_throttled_us", "Throttled by clients", "us", "lower", "duration", GROUP,
        "api_requests", "Time requests waited for their client's own QPS and burst, added up.",
        lambda _: pl.col("throttled_us").sum(), "zero",
    )  # fmt: skip
    yield Measure(
        "etcd_utilisation", "etcd busy", "share", "lower", "share", GROUP, "controllers",
        "Time that etcd worked, of all time.", lambda _: _busiest(pl.col("component") == ETCD),
        "zero",
    )  # fmt: skip
    yield Measure(
        "seats_utilisation_max", "Fullest priority level", "share", "lower", "share", GROUP,
        "controllers", "Seats taken of seats, of the priority level where that was highest.",
        lambda _: _busiest(pl.col("component").str.starts_with(PRIORITY_LEVEL)), "zero",
    )  # fmt: skip


def _busiest(which: pl.Expr) -> pl.Expr:
    return pl.col("utilisation").filter(which).max()
