"""Plans of a batch strategy: size, simulated latency, distance from the proven bound."""

from __future__ import annotations

from typing import Any

import polars as pl

from simk8s.report import html, theme
from simk8s.report.figure import MAX_POINTS, Figure, plain, rounded
from simk8s.report.panels.base import Block
from simk8s.report.time_axis import TimeAxis, axis_of
from simk8s.results import format as fmt
from simk8s.results.results import Results


class Solves:
    """Points over time, one series per solver status, and a table by status."""

    title = "Solver plans"
    order = 65

    def render(self, results: Results) -> Block | None:
        solves = results.solves.collect()
        if solves.is_empty():
            return None
        axis = axis_of(results)
        drawn = solves.gather_every(max(1, -(-solves.height // MAX_POINTS)))
        statuses = sorted(solves["status"].unique().to_list())
        figure = Figure(
            "solves-over-time",
            "Simulated latency of plans over simulated time",
            [
                _points(drawn.filter(status=status), axis, status, theme.SERIES[i % 7])
                for i, status in enumerate(statuses)
            ],
            theme.layout(
                xaxis=axis.layout(),
                yaxis=theme.axis(rangemode="tozero", ticksuffix=" s", tickformat=",~g"),
                hovermode="closest",
            ),
            time=True,
        )
        rows = [_row(solves.filter(status=status), status) for status in statuses]
        head = (
            "Status", "Plans", "Batch, mean", "Gap, mean", "Latency p50", "Latency p99",
            "Placed", "Stale",
        )  # fmt: skip
        note = "Simulated time from the call until the plan was there; larger dots: more pods."
        return Block("solves", self.title, figure.html() + html.table(head, rows), note)


def _points(found: pl.DataFrame, axis: TimeAxis, status: str, colour: str) -> dict[str, Any]:
    text = [
        f"{size} pods on {candidates} nodes, gap {fmt.text(gap, 'share')}"
        for size, candidates, gap in found.select("size", "candidates", "gap").rows()
    ]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": plain(status),
        "x": axis.values(found["t_us"]),
        "y": rounded(found["latency_us"] / 1e6),
        "text": text,
        "marker": {
            "color": colour,
            "opacity": 0.6,
            "size": [round(4 + min(14.0, size**0.5), 1) for size in found["size"].to_list()],
        },
        "hovertemplate": "%{text}<br>%{y:.3f} s after %{x}",
    }


def _row(found: pl.DataFrame, status: str) -> list[str]:
    latency = found["latency_us"]
    return [
        status,
        fmt.count(found.height),
        fmt.text(_number(found["size"].mean()), "number"),
        fmt.text(_number(found["gap"].mean()), "share"),
        fmt.text(latency.quantile(0.5), "duration"),
        fmt.text(latency.quantile(0.99), "duration"),
        fmt.count(int(found["placed"].sum())),
        fmt.count(int(found["stale"].sum())),
    ]


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None
