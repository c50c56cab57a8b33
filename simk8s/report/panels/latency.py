"""How long pods wait: distribution on a logarithmic axis, and percentiles."""

from __future__ import annotations

from typing import Any

import polars as pl

from simk8s.report import theme
from simk8s.report.distribution import curve, layout, percentiles
from simk8s.report.figure import Choice, Figure
from simk8s.report.panels.base import Block
from simk8s.results.compare import Comparison
from simk8s.results.results import Results

_STAGES = (
    ("Created to running", "pods", pl.col("running_us") - pl.col("created_us"), theme.BLUE),
    ("Created to scheduled", "pods", pl.col("scheduled_us") - pl.col("created_us"), theme.ORANGE),
    ("In the active queue", "decisions", pl.col("queue_wait_us"), theme.GREEN),
    ("One attempt takes", "decisions", pl.col("service_us"), theme.PINK),
)


class Latency:
    """Curves of the share of pods within a time, and a table of percentiles."""

    title = "Scheduling latency"
    order = 30

    def render(self, results: Results) -> Block | None:
        found = [(title, _sorted(results, table, what), c) for title, table, what, c in _STAGES]
        found = [stage for stage in found if len(stage[1])]
        if not found:
            return None
        drawn = [stage for stage in found if stage[1][-1]]  # what never took time is no curve
        traces = [curve(title, values, {"color": colour}) for title, values, colour in drawn]
        figure = Figure(
            "latency-distribution",
            "Share of pods within a waiting time",
            traces,
            layout([values for _, values, _ in drawn]),
        )
        table = percentiles([(title, values) for title, values, _ in found])
        note = "How much of all is done within a time. Pods still waiting are not in it."
        return Block("latency", self.title, figure.html() + table if drawn else table, note)

    def render_compare(self, comparison: Comparison) -> Block | None:
        traces: list[dict[str, Any]] = []
        choices: list[Choice] = []
        everything: list[pl.Series] = []
        for title, table, what, _ in _STAGES:
            first = len(traces)
            for i, variant in enumerate(comparison.variants):
                values = pl.concat(
                    [_sorted(run.results, table, what) for run in comparison.of(variant)]
                ).sort()
                if len(values) and values[-1]:
                    everything.append(values)
                    shown = {"visible": not choices}
                    traces.append(curve(variant, values, theme.series(i)) | shown)
            if len(traces) > first:
                choices.append(Choice(title, tuple(range(first, len(traces)))))
        if not traces:
            return None
        figure = Figure(
            "latency-compared",
            "Share of pods within a waiting time, one line per variant",
            traces,
            layout(everything),
            choices=choices,
        )
        note = "How much of all is done within a time; all seeds together."
        return Block("latency", self.title, figure.html(), note)


def _sorted(results: Results, table: str, what: pl.Expr) -> pl.Series:
    """Durations in microseconds, ascending."""
    values = results.table(table).select(what.alias("us")).collect().to_series()
    return values.drop_nulls().sort()
