"""Every workload of the scenario: what came of its pods."""

from __future__ import annotations

import polars as pl

from simk8s.report import html
from simk8s.report.panels.base import Block
from simk8s.results import format as fmt
from simk8s.results.results import Results

_MOST = 15


class Workloads:
    """A table of workloads by number of pods."""

    title = "Workloads"
    order = 75

    def render(self, results: Results) -> Block | None:
        start = (pl.col("running_us") - pl.col("created_us")).drop_nulls()
        ended = ("running", "succeeded", "failed", "pending")
        found = (
            results.pods.group_by("workload")
            .agg(
                pl.len().alias("pods"),
                *((pl.col("phase") == phase).sum().alias(phase) for phase in ended),
                pl.col("lost_cause").count().alias("lost"),
                start.quantile(0.5, "linear").alias("p50"),
                start.quantile(0.99, "linear").alias("p99"),
            )
            .sort("pods", "workload", descending=[True, False])
            .collect()
        )
        if found.is_empty():
            return None
        rows = [
            [name, *(fmt.count(n) for n in counts), *(fmt.text(us, "duration") for us in times)]
            for name, *counts, times in ((*row[:-2], row[-2:]) for row in found.head(_MOST).rows())
        ]
        head = (
            "Workload", "Pods", "Running", "Succeeded", "Failed", "Pending", "Lost",
            "Running after p50", "p99",
        )  # fmt: skip
        note = "Pods by where they stood at the end."
        if found.height > _MOST:
            note += f" The largest {_MOST} of {fmt.count(found.height)}."
        return Block("workloads", self.title, html.table(head, rows), note)
