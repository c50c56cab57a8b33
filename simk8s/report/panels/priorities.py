"""How pods of each priority fared: started, without a node, lost, how long until running."""

from __future__ import annotations

from typing import Any

import polars as pl

from simk8s.report import html
from simk8s.report.panels.base import Block
from simk8s.results import format as fmt
from simk8s.results import priorities
from simk8s.results.compare import Comparison
from simk8s.results.results import Results

_MOST = 12
_COUNTED = "Pods of DaemonSets are left aside; started: ran and was not lost."


class Priorities:
    """A table of priorities, the highest first, where there are several."""

    title = "Priorities"
    order = 34

    def render(self, results: Results) -> Block | None:
        found = priorities.by_priority(results)
        if found.height < 2:
            return None
        rows = [
            [
                f"{priority:,}",
                *(fmt.count(n) for n in counts),
                *(fmt.text(us, "duration") for us in times),
            ]
            for priority, *counts, times in (
                (*row[:-2], row[-2:]) for row in found.head(_MOST).rows()
            )
        ]  # fmt: skip
        head = (
            "Priority", "Pods", "Started", "Never scheduled", "Lost", "Running after p50", "p99",
        )  # fmt: skip
        return Block("priorities", self.title, html.table(head, rows), _note(found.height))

    def render_compare(self, comparison: Comparison) -> Block | None:
        """Started of all and the 99th percentile, one column per variant, mean over seeds."""
        frames = [
            priorities.by_priority(run.results).with_columns(variant=pl.lit(run.variant))
            for run in comparison.runs
        ]
        if not any(frame.height > 1 for frame in frames):
            return None
        found = (
            pl.concat(frames)
            .group_by("priority", "variant")
            .agg(pl.col("pods", "started", "p99").mean())
        )
        levels = found["priority"].unique().sort(descending=True).to_list()
        cells = {(row["priority"], row["variant"]): row for row in found.rows(named=True)}
        rows = [
            [f"{level:,}", *(_cell(cells.get((level, v))) for v in comparison.variants)]
            for level in levels[:_MOST]
        ]
        note = f"Started of all, p99 until running; mean over seeds. {_note(len(levels))}"
        head = ("Priority", *comparison.variants)
        return Block("priorities", self.title, html.table(head, rows), note)


def _note(levels: int) -> str:
    return _COUNTED + (f" The highest {_MOST} of {levels}." if levels > _MOST else "")


def _cell(row: dict[str, Any] | None) -> str:
    if row is None:
        return fmt.DASH
    share = row["started"] / row["pods"] if row["pods"] else None
    p99 = fmt.text(row["p99"], "duration")
    return f"{fmt.count(row['started'])} ({fmt.text(share, 'share')}), {p99}"
