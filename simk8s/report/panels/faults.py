"""Faults on the time axis, and the gravest of them as a table."""

from __future__ import annotations

from typing import Any

import polars as pl

from simk8s.report import html, theme
from simk8s.report.figure import MAX_POINTS, Figure, plain
from simk8s.report.panels.base import Block
from simk8s.report.time_axis import TimeAxis, axis_of
from simk8s.results import faults
from simk8s.results import format as fmt
from simk8s.results.results import Results

_IDLE = 3
_GRAVEST = 8


class Faults:
    """One lane per kind of fault, a bar from start to end."""

    title = "Faults"
    order = 60

    def render(self, results: Results) -> Block | None:
        found = faults.intervals(results)
        if found.is_empty():
            return None
        axis = axis_of(results)
        grave = found.sort("pods_hit", "start_us", descending=[True, False])
        drawn = grave.head(MAX_POINTS // 2).sort("start_us")
        kinds = drawn["kind"].unique(maintain_order=True).to_list()
        figure = Figure(
            "faults-over-time",
            "Faults over simulated time, one lane per kind",
            [_lane(drawn.filter(kind=kind), axis, i) for i, kind in enumerate(kinds)],
            _layout(axis, [faults.words(kind) for kind in kinds]),
            height=60 + 46 * len(kinds),
            time=True,
        )
        end = results.manifest.simulated_us
        rows = [_row(fault, end) for fault in grave.head(_GRAVEST).rows(named=True)]
        head = ("Fault", "at", "for", "noticed after", "pods hit")
        note = f"{fmt.count(found.height)} faults."
        if found.height > _GRAVEST:
            note += f" The table shows the {_GRAVEST} that hit the most pods."
        idle = faults.idle(results)
        if idle:
            said = "; ".join(f"{name} ({why})" for name, why in idle[:_IDLE])
            more = f" and {len(idle) - _IDLE} more" if len(idle) > _IDLE else ""
            note += f" Without effect: {said}{more}."
        return Block("faults", self.title, figure.html() + html.table(head, rows), note)


def _lane(found: pl.DataFrame, axis: TimeAxis, lane: int) -> dict[str, Any]:
    """Bars as one broken line: null lifts the pen."""
    x: list[float | None] = []
    text: list[str] = []
    for kind, target, start, end, hit in found.select(
        "kind", "target", "start_us", "end_us", "pods_hit"
    ).rows():
        last = end if end is not None else axis.span_us
        label = f"{plain(faults.name(kind, target))}<br>{fmt.duration(last - start)}"
        label += f", {fmt.count(hit)} pods hit"
        x += [axis.at(start), axis.at(last), None]
        text += [label] * 3
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": x,
        "y": [lane] * len(x),
        "text": text,
        "line": {"color": theme.RED, "width": 10},
        # The shortest fault still shows: a bar of no width has its two ends.
        "marker": {"size": 5, "symbol": "line-ns", "line": {"width": 2, "color": theme.RED}},
        "hovertemplate": "%{text}<extra></extra>",
        "showlegend": False,
    }


def _layout(axis: TimeAxis, kinds: list[str]) -> dict[str, Any]:
    return theme.layout(
        xaxis=axis.layout(),
        yaxis=theme.axis(
            range=[len(kinds) - 0.5, -0.5],
            tickvals=list(range(len(kinds))),
            ticktext=[plain(kind) for kind in kinds],
            showgrid=False,
            fixedrange=True,
        ),
        hovermode="closest",
    )


def _row(fault: dict[str, Any], end_us: int) -> list[str]:
    start, end, seen = fault["start_us"], fault["end_us"], fault["detected_us"]
    lasted = fmt.duration(end - start) if end is not None else "to the end"
    return [
        faults.name(fault["kind"], fault["target"]),
        fmt.duration(start),
        lasted,
        fmt.duration(seen - start) if seen is not None and seen <= end_us else fmt.DASH,
        fmt.count(fault["pods_hit"]),
    ]
