"""Wait per queue: how long the pods of each namespace waited for a node, and what they got."""

from __future__ import annotations

import polars as pl
from markupsafe import Markup

from simk8s.report import html
from simk8s.report.panels.base import Block
from simk8s.results import format as fmt
from simk8s.results import waits
from simk8s.results.compare import Comparison
from simk8s.results.results import Results

_MOST = 20
_COUNTED = "Pods without a node have waited until the end."
_SERVED = "Served: resource time that pods held, of what they asked for since their creation."


class Queues:
    """A table of namespaces, if there are several and somebody waited."""

    title = "Wait per queue"
    order = 35

    def render(self, results: Results) -> Block | None:
        found = waits.by_queue(results)
        if not _worth_a_look([found]):
            return None
        most = float(found["mean"].max() or 1)  # type: ignore[arg-type]
        rows = [
            [
                name,
                fmt.count(pods),
                fmt.count(without),
                html.meter(fmt.text(mean, "duration"), mean / most, 4),
                fmt.text(p50, "duration"),
                fmt.text(p90, "duration"),
                fmt.text(served, "share"),
            ]
            for name, pods, without, mean, p50, p90, served in found.head(_MOST).rows()
        ]
        head = ("Namespace", "Pods", "Without a node", "Mean wait", "p50", "p90", "Served")
        index = waits.jain(found["mean"].to_list())
        note = f"From creation to a node. {_COUNTED} Jain's index of means: {index:.2f}. {_SERVED}"
        if found.height > _MOST:
            note += f" The largest {_MOST} of {fmt.count(found.height)}."
        return Block("queues", self.title, html.table(head, rows), note)

    def render_compare(self, comparison: Comparison) -> Block | None:
        """Mean, p50, p90 and share served by namespace, a column per variant, mean over seeds."""
        frames = [
            waits.by_queue(run.results).with_columns(variant=pl.lit(run.variant))
            for run in comparison.runs
        ]
        if not _worth_a_look(frames):
            return None
        found = (
            pl.concat(frames)
            .group_by("namespace", "variant")
            .agg(pl.col("pods", "mean", "p50", "p90", "served").mean())
        )
        order = found.group_by("namespace").agg(pl.col("pods").max())
        names = order.sort("pods", "namespace", descending=[True, False])["namespace"].head(_MOST)
        cells = {(name, v): times for name, v, _, *times in found.rows()}
        most = float(found["mean"].max() or 1)  # type: ignore[arg-type]
        rows: list[list[Markup | str]] = [
            [name, *(_cell(cells.get((name, v)), most) for v in comparison.variants)]
            for name in names.to_list()
        ]
        for title, column in (("Jain's index of means", "mean"), ("… of served", "served")):
            rows.append([title, *(_index(found, v, column) for v in comparison.variants)])
        note = f"From creation to a node: mean (p50, p90), mean over seeds. {_COUNTED} {_SERVED}"
        return Block(
            "queues", self.title, html.table(("Namespace", *comparison.variants), rows), note
        )


def _worth_a_look(frames: list[pl.DataFrame]) -> bool:
    return any(frame.height > 1 and float(frame["mean"].max() or 0) >= 1e6 for frame in frames)  # type: ignore[arg-type]


def _cell(cell: list[float] | None, most: float) -> Markup | str:
    if cell is None:
        return fmt.DASH
    mean, p50, p90, served = cell
    text = f"{fmt.text(mean, 'duration')} ({fmt.text(p50, 'duration')}, "
    text += f"{fmt.text(p90, 'duration')}), {fmt.text(served, 'share')} served"
    return html.meter(text, mean / most, 4)


def _index(found: pl.DataFrame, variant: str, column: str) -> str:
    index = waits.jain(found.filter(variant=variant)[column].drop_nulls().to_list())
    return fmt.DASH if index is None else f"{index:.2f}"
