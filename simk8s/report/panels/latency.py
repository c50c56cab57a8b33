"""How long pods wait: distribution on a logarithmic axis, and percentiles."""

from __future__ import annotations

from typing import Any

import polars as pl

from simk8s.report import html, theme
from simk8s.report.figure import Choice, Figure, plain
from simk8s.report.panels.base import Block
from simk8s.results import format as fmt
from simk8s.results.compare import Comparison
from simk8s.results.results import Results

_STAGES = (
    ("Created to running", "pods", pl.col("running_us") - pl.col("created_us"), theme.BLUE),
    ("Created to scheduled", "pods", pl.col("scheduled_us") - pl.col("created_us"), theme.ORANGE),
    ("In the active queue", "decisions", pl.col("queue_wait_us"), theme.GREEN),
    ("One attempt takes", "decisions", pl.col("service_us"), theme.PINK),
)
_SHARES = (*(i / 200 for i in range(200)), 0.997, 0.998, 0.999, 0.9995, 0.9999, 1.0)
_PERCENTILES = (0.5, 0.9, 0.99, 0.999, 1.0)
_TICKS_US = (
    (1, "1 µs"), (10, "10 µs"), (100, "100 µs"), (1e3, "1 ms"), (1e4, "10 ms"), (1e5, "100 ms"),
    (1e6, "1 s"), (1e7, "10 s"), (6e7, "1 min"), (6e8, "10 min"), (3.6e9, "1 h"),
    (3.6e10, "10 h"), (8.64e10, "1 d"), (8.64e11, "10 d"), (8.64e12, "100 d"),
)  # fmt: skip
_FEW = {"1 µs", "1 ms", "1 s", "1 min", "1 h", "1 d", "100 d"}
_MOST_TICKS = 10


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
        traces = [_curve(title, values, {"color": colour}) for title, values, colour in drawn]
        figure = Figure(
            "latency-distribution",
            "Share of pods within a waiting time",
            traces,
            _layout([values for _, values, _ in drawn]),
        )
        rows = [_row(title, values) for title, values, _ in found]
        table = html.table(("", "n", "p50", "p90", "p99", "p99.9", "max"), rows)
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
                    traces.append(_curve(variant, values, theme.series(i)) | shown)
            if len(traces) > first:
                choices.append(Choice(title, tuple(range(first, len(traces)))))
        if not traces:
            return None
        figure = Figure(
            "latency-compared",
            "Share of pods within a waiting time, one line per variant",
            traces,
            _layout(everything),
            choices=choices,
        )
        note = "How much of all is done within a time; all seeds together."
        return Block("latency", self.title, figure.html(), note)


def _sorted(results: Results, table: str, what: pl.Expr) -> pl.Series:
    """Durations in microseconds, ascending."""
    values = results.table(table).select(what.alias("us")).collect().to_series()
    return values.drop_nulls().sort()


def _at(values: pl.Series, share: float) -> int:
    """The value that this share of all values does not exceed (nearest rank)."""
    return int(values[max(0, -(-int(share * 1e6) * len(values) // 1_000_000) - 1)])


def _curve(name: str, values: pl.Series, line: dict[str, str]) -> dict[str, Any]:
    points = [_at(values, share) for share in _SHARES]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": plain(name),
        "x": [max(_first_positive(values), us) for us in points],
        "y": list(_SHARES),
        "text": [fmt.duration(us) for us in points],
        "line": {"width": 2, "shape": "vh"} | line,
        "hovertemplate": "%{y:.1%} within %{text}",
    }


def _first_positive(values: pl.Series) -> int:
    """The smallest value above zero, which a logarithmic axis does not have."""
    return int(values[min(int(values.search_sorted(1)), len(values) - 1)])


def _row(title: str, values: pl.Series) -> list[str]:
    return [
        title,
        fmt.count(len(values)),
        *(fmt.duration(_at(values, share)) for share in _PERCENTILES),
    ]


def _layout(found: list[pl.Series]) -> dict[str, Any]:
    low = min((_first_positive(values) for values in found), default=1)
    high = max((int(values[-1]) for values in found), default=1)
    ticks = [(us, label) for us, label in _TICKS_US if low / 10 <= us <= high * 10]
    if len(ticks) > _MOST_TICKS:
        ticks = [(us, label) for us, label in ticks if label in _FEW]
    return theme.layout(
        xaxis=theme.axis(
            type="log",
            tickvals=[us for us, _ in ticks],
            ticktext=[label for _, label in ticks],
        ),
        yaxis=theme.axis(range=[0, 1.02], tickformat=",.0%"),
        hovermode="closest",
    )
