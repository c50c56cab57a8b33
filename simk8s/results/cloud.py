"""What the cloud's API was asked, and how long it made the cluster wait: over `cloud_calls`.

Law: a run whose machines cost no calls has none of these numbers (they are absent, not zero).
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from simk8s.results.measure import Hide, Measure
from simk8s.results.results import Results

GROUP, TABLE = "cloud", "cloud_calls"
RUN = "RunInstances"
_WAIT = pl.col("joined_us") - pl.col("asked_us")


def measures() -> Iterable[Measure]:
    """In the order of the page."""
    some: Hide = "absent"
    yield Measure(
        "cloud_calls", "Cloud API calls", "", None, "count", GROUP, TABLE,
        "Calls of the provider's API, tries that were refused included.",
        lambda _: pl.col("calls").sum(), "zero",
    )  # fmt: skip
    yield Measure(
        "cloud_throttled", "Cloud API calls refused", "", "lower", "count", GROUP, TABLE,
        "Of those, refused because there were too many (RequestLimitExceeded).",
        lambda _: pl.col("throttled").sum(), "zero",
    )  # fmt: skip
    for name, title, q in (("p50", "median", 0.5), ("max", "longest", 1.0)):
        yield Measure(
            f"node_asked_to_joined_{name}_us", f"Asked to joined, {title}", "us", "lower",
            "duration", GROUP, TABLE,
            "From the first call for a machine until it is a node; those that joined.",
            lambda _, q=q: _WAIT.quantile(q, "nearest"), some,  # type: ignore[misc]
        )  # fmt: skip


def by_action(results: Results) -> pl.DataFrame:
    """action, operations, machines, calls, throttled, refused (share), waited_us and longest_us
    (first call to the one that was taken), unanswered; in order of appearance.
    """
    wait = pl.col("taken_us") - pl.col("asked_us")
    return (
        results.cloud_calls.group_by("action", maintain_order=True)
        .agg(
            operations=pl.len(),
            machines=pl.col("machines").sum(),
            calls=pl.col("calls").sum(),
            throttled=pl.col("throttled").sum(),
            waited_us=wait.median(),
            longest_us=wait.max(),
            joined_us=_WAIT.max(),
            unanswered=pl.col("answered_us").is_null().sum(),
        )
        .collect()
    )
