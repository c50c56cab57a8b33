"""Pods over time by phase: what runs above, what waits and where below."""

from __future__ import annotations

from typing import Any

import polars as pl

from simk8s.report import theme
from simk8s.report.figure import Choice, Figure, thin
from simk8s.report.panels.base import Block
from simk8s.report.time_axis import TimeAxis, axis_of, fault_bands, marked, time_line
from simk8s.results.compare import Comparison
from simk8s.results.results import Results

_WAITING = (
    ("queue_active", "in the active queue", theme.SKY),
    ("queue_backoff", "backing off", theme.ORANGE),
    ("queue_unschedulable", "no node fits", theme.RED),
    ("elsewhere", "elsewhere, such as starting", theme.GREY),
)


_HOVER = "%{y:,.0f}"


class PodsOverTime:
    """Stacked areas of pods by phase."""

    title = "Pods over time"
    order = 10

    def render(self, results: Results) -> Block | None:
        frame = results.timeseries.collect()
        if frame.is_empty():
            return None
        queued = pl.col("queue_active") + pl.col("queue_backoff") + pl.col("queue_unschedulable")
        frame = thin(frame, "pending").with_columns(
            elsewhere=(pl.col("pending") - queued).clip(lower_bound=0)
        )
        axis = axis_of(results)
        figure = Figure(
            "pods-over-time",
            "Pods by phase over simulated time",
            [*_phases(frame, axis), *_waiting(frame, axis)],
            _layout(axis) | marked(results, axis),
            height=440,
            time=True,
        )
        note = "Above: on nodes. Below: pending, by what they wait for. Shaded: faults."
        if results.has_timeline:
            note += " Dotted: the timeline."
        return Block("pods", self.title, figure.html(), note)

    def render_compare(self, comparison: Comparison) -> Block | None:
        traces: list[dict[str, Any]] = []
        columns = [("pending", "Pending"), ("running", "Running"), ("nodes_used", "Nodes in use")]
        if not _pending_counts(comparison):
            columns[:2] = columns[1::-1]
        axis = TimeAxis.over(max(r.results.manifest.simulated_us for r in comparison.runs))
        for column, _ in columns:
            for i, variant in enumerate(comparison.variants):
                frame = comparison.first(variant).timeseries.collect()
                line = time_line(
                    _HOVER, thin(frame, column), axis, column, variant, theme.series(i)
                )
                traces.append(line | {"visible": column == columns[0][0]})
        count = len(comparison.variants)
        figure = Figure(
            "pods-compared",
            "Pods over simulated time, one line per variant",
            traces,
            theme.layout(
                xaxis=axis.layout(),
                yaxis=theme.axis(rangemode="tozero", tickformat=",d"),
                hovermode="x unified",
            )
            | fault_bands(comparison.first(comparison.baseline), axis),
            time=True,
            choices=[
                Choice(label, tuple(range(i * count, (i + 1) * count)))
                for i, (_, label) in enumerate(columns)
            ],
        )
        return Block("pods", self.title, figure.html(), f"Seed {comparison.seeds[0]}.")


def _pending_counts(comparison: Comparison) -> bool:
    """Whether more than a sliver of the pods ever was pending in any variant."""
    peaks = [
        comparison.first(variant).timeseries.select(pl.col("pending", "running").max()).collect()
        for variant in comparison.variants
    ]
    return any((peak["pending"][0] or 0) > 0.01 * (peak["running"][0] or 0) for peak in peaks)


def _area(
    frame: pl.DataFrame, axis: TimeAxis, column: str, name: str, colour: str
) -> dict[str, Any]:
    line = time_line(_HOVER, frame, axis, column, name, {"color": colour})
    # No outline: on top of a stack it would paint an area of zero over the one below.
    return line | {"line": {"color": colour, "width": 0}, "fillcolor": theme.soft(colour)}


def _phases(frame: pl.DataFrame, axis: TimeAxis) -> list[dict[str, Any]]:
    stack = {"stackgroup": "phase", "yaxis": "y"}
    traces = [_area(frame, axis, "running", "running", theme.BLUE) | stack]
    if frame["terminating"].max():
        traces.append(_area(frame, axis, "terminating", "terminating", theme.PINK) | stack)
    totals = (
        ("succeeded", "succeeded so far", theme.GREEN),
        ("failed", "failed, lost or dropped so far", theme.RED),
    )
    for column, name, colour in totals:
        if frame[column].max():
            line = {"color": colour, "dash": "dot"}
            traces.append(
                time_line(_HOVER, frame, axis, column, name, line)
                | {"visible": "legendonly" if column == "succeeded" else True}
            )
    return traces


def _waiting(frame: pl.DataFrame, axis: TimeAxis) -> list[dict[str, Any]]:
    return [
        _area(frame, axis, column, name, colour) | {"stackgroup": "waiting", "yaxis": "y2"}
        for column, name, colour in _WAITING
        if frame[column].max()
    ]


def _layout(axis: TimeAxis) -> dict[str, Any]:
    def y(title: str, domain: list[float]) -> dict[str, Any]:
        return theme.axis(
            title={"text": title, "font": {"color": theme.MUTED}},
            domain=domain,
            rangemode="tozero",
            tickformat=",d",
        )

    return theme.layout(
        xaxis=axis.layout(anchor="y2"),
        yaxis=y("on nodes", [0.42, 1]),
        yaxis2=y("pending", [0, 0.34]),
        hovermode="x unified",
    )
