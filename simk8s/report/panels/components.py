"""Scheduler and controllers: how busy each was, and how long its work waited."""

from __future__ import annotations

from typing import Any

import polars as pl
from markupsafe import Markup

from simk8s.report import html
from simk8s.report.panels.base import Block
from simk8s.results import format as fmt
from simk8s.results.control_plane import of_the_server
from simk8s.results.results import Results

_HEAD = (
    "Component", "Busy", "Workers", "Items", "Wait p50", "Wait p99", "Service p50", "Service p99",
    "Writes", "Conflicts", "Throttled",
)  # fmt: skip


class Components:
    """A table of everything with a work queue, busiest first."""

    title = "Scheduler and controllers"
    order = 70

    def render(self, results: Results) -> Block | None:
        found = results.controllers.filter(~of_the_server()).collect()
        if found.is_empty():
            return None
        busiest = found.sort("utilisation", "component", descending=[True, False])
        rows = [_row(row) for row in busiest.rows(named=True)]
        note = "Busy: worker time spent, of workers × simulated time."
        head = list(_HEAD)
        if not busiest.select(pl.col("throttled_us", "conflicts").sum()).sum_horizontal().item():
            head, rows = head[:-2], [row[:-2] for row in rows]
        return Block("components", self.title, html.table(head, rows), note)


def _row(row: dict[str, Any]) -> list[str | Markup]:
    busy = row["utilisation"]
    colour = 4 if busy >= 0.9 else 2 if busy >= 0.7 else 1
    return [
        row["component"],
        html.meter(fmt.share(busy), busy, colour),
        fmt.count(row["workers"]),
        fmt.count(row["reconciles"]),
        fmt.duration(row["queue_wait_us_p50"]),
        fmt.duration(row["queue_wait_us_p99"]),
        fmt.duration(row["service_us_p50"]),
        fmt.duration(row["service_us_p99"]),
        fmt.count(row["writes"]),
        fmt.count(row["conflicts"]),
        fmt.duration(row["throttled_us"]),
    ]
