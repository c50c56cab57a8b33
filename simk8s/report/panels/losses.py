"""Pods lost, by cause and workload, and what running time went with them."""

from __future__ import annotations

import polars as pl

from simk8s.report import html
from simk8s.report.panels.base import Block
from simk8s.results import format as fmt
from simk8s.results.results import Results

_MOST = 12


class Losses:
    """A table of lost pods."""

    title = "Pods lost"
    order = 55

    def render(self, results: Results) -> Block | None:
        lost = (
            results.pods.filter(pl.col("lost_cause").is_not_null())
            .group_by("lost_cause", "workload")
            .agg(pods=pl.len(), work=pl.col("lost_work_us").sum())
            .sort("pods", "lost_cause", "workload", descending=[True, False, False])
            .collect()
        )
        if lost.is_empty():
            return None
        most, total = int(lost["pods"][0]), int(lost["pods"].sum())
        rows = [
            [
                cause.replace("_", " "),
                workload,
                html.meter(fmt.count(pods), pods / most, 4),
                fmt.share(pods / total),
                fmt.work(work),
            ]
            for cause, workload, pods, work in lost.head(_MOST).rows()
        ]
        head = ("Cause", "Workload", "Pods", "of all lost", "Work lost")
        note = "Pods that a fault, an eviction or preemption ended; controllers may replace them."
        if lost.height > _MOST:
            note += f" The largest {_MOST} of {lost.height} lines."
        return Block("losses", self.title, html.table(head, rows, words=2), note)
