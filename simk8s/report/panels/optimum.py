"""What was reached beside what no strategy could have beaten: allocation, pods, nodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
from markupsafe import Markup

from simk8s.report import html, theme
from simk8s.report.figure import Choice, Figure, plain, rounded
from simk8s.report.panels.base import Block
from simk8s.report.time_axis import TimeAxis, axis_of
from simk8s.results import format as fmt
from simk8s.results.compare import Comparison
from simk8s.results.packing import bounded
from simk8s.results.results import Results
from simk8s.schema.solver import Bounded

_CALLED = {
    Bounded.GPU: "GPU allocated",
    Bounded.PODS: "Pods with a node",
    Bounded.CPU: "CPU requested",
    Bounded.NODES: "Nodes in use",
}
_SHARES = (Bounded.GPU, Bounded.CPU)
_NOTE = (
    "Proved with the pods and nodes of that instant: no placement has more (of nodes: needs fewer) "
    "on these nodes, with their selectors, taints and devices. Perhaps none comes that close."
)


class Optimum:
    """A line a strategy: reached, bound and gap, at the end and on average; gaps over time."""

    title = "Distance from the best possible"
    order = 9

    def render(self, results: Results) -> Block | None:
        found = _kinds([results])
        if not found:
            return None
        axis = axis_of(results)
        traces: list[dict[str, Any]] = []
        choices = []
        for what in found:
            rows, first = bounded(results, what), len(traces)
            for column, name, style in (
                ("bound", "at least" if what is Bounded.NODES else "at most", _BOUND),
                ("reached", "reached", {"color": theme.BLUE}),
            ):
                line = _line(axis, rows["t_us"], _values(rows, column, what), name, style, what)
                traces.append(line | {"visible": what is found[0]})
            choices.append(Choice(_CALLED[what], tuple(range(first, len(traces)))))
        label = "Reached and bound over simulated time"
        figure = Figure("optimum-over-time", label, traces, _layout(axis), 240, True, choices)
        rows_of = [row for what in found for row in _rows("", [results], what)]
        table = html.table(_HEAD[1:], [row[1:] for row in rows_of])
        return Block("optimum", self.title, table + figure.html(), _NOTE)

    def render_compare(self, comparison: Comparison) -> Block | None:
        runs = {v: [run.results for run in comparison.of(v)] for v in comparison.variants}
        found = _kinds([each for of in runs.values() for each in of])
        if not found:
            return None
        body = [
            row for what in found for v in comparison.variants for row in _rows(v, runs[v], what)
        ]
        first = comparison.first(comparison.baseline)
        figure = _gaps(comparison, found, axis_of(first))
        return Block("optimum", self.title, html.table(_HEAD, body, words=2) + figure.html(), _NOTE)


_HEAD = ("Variant", "", "At the end", "Possible", "Gap", "Gap, mean", "Gap, worst")
_BOUND = {"color": theme.GREY, "dash": "dot"}


def _kinds(runs: Sequence[Results]) -> list[Bounded]:
    """Those of which some run knows anything."""
    return [what for what in _CALLED if any(not bounded(run, what).is_empty() for run in runs)]


def _rows(variant: str, runs: Sequence[Results], what: Bounded) -> list[list[str | Markup]]:
    """Means over seeds; no row of a variant that has nothing."""
    frames = [frame for run in runs if not (frame := bounded(run, what)).is_empty()]
    if not frames:
        return []
    ends = pl.concat([frame.tail(1) for frame in frames])
    gaps = pl.concat(frames)["gap"]
    gaps = gaps.filter(gaps.is_finite())
    least = what is Bounded.NODES
    return [
        [
            variant,
            _CALLED[what],
            _amount(ends, "reached", what),
            ("≥ " if least else "≤ ") + _amount(ends, "bound", what),
            _share(ends["gap"].mean(), what),
            _share(gaps.mean(), what),
            _share(gaps.max(), what),
        ]
    ]


def _amount(ends: pl.DataFrame, column: str, what: Bounded) -> str:
    mean = _values(ends, column, what).mean()
    how: fmt.Format = "share" if what in _SHARES else "count"
    return fmt.text(float(mean), how) if isinstance(mean, float) else fmt.DASH


def _share(value: object, what: Bounded) -> str:
    """Of allocations points of a share, of nodes and pods parts of the bound."""
    if not isinstance(value, float):
        return fmt.DASH
    return f"{100 * value:.1f} points" if what in _SHARES else fmt.text(value, "share")


def _values(rows: pl.DataFrame, column: str, what: Bounded) -> pl.Series:
    return rows[column] / rows["capacity"] if what in _SHARES else rows[column].cast(pl.Float64)


def _line(
    axis: TimeAxis, t_us: pl.Series, y: pl.Series, name: str, style: dict[str, str], what: Bounded
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": plain(name),
        "x": axis.values(t_us),
        "y": rounded(y),
        "line": {"width": 2} | style,
        "marker": {"size": 5},
        "hovertemplate": "%{y:.1%}" if what in _SHARES else "%{y:,.4~g}",
    }


def _gaps(comparison: Comparison, found: Sequence[Bounded], axis: TimeAxis) -> Figure:
    """Of the first seed, a line a variant."""
    traces: list[dict[str, Any]] = []
    choices = []
    for what in found:
        first = len(traces)
        for i, variant in enumerate(comparison.variants):
            rows = bounded(comparison.first(variant), what)
            line = _line(axis, rows["t_us"], rows["gap"], variant, theme.series(i), Bounded.GPU)
            traces.append(line | {"visible": what is found[0]})
        choices.append(Choice(_CALLED[what], tuple(range(first, len(traces)))))
    label = "Gap to the bound over simulated time, by variant"
    return Figure("optimum-over-time", label, traces, _layout(axis, ".0%"), 240, True, choices)


def _layout(axis: TimeAxis, tickformat: str = ",~g") -> dict[str, Any]:
    return theme.layout(
        xaxis=axis.layout(),
        yaxis=theme.axis(rangemode="tozero", tickformat=tickformat),
        hovermode="x unified",
    )
