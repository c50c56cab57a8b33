"""KPIs of the control plane: requests, what was turned away or held back, how full it was."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from simk8s.results import quantities
from simk8s.results.measure import Measure
from simk8s.schema.kpis import API_LATENCY

GROUP = "control plane"
PRIORITY_LEVEL = "kube-apiserver/"
"""Components of that prefix are priority levels, their workers seats."""
ETCD = "etcd"


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
