"""Used, requested and allocatable CPU and memory over time, where a run knows what pods used."""

from __future__ import annotations

from typing import Any

import polars as pl

from simk8s.report import html, theme
from simk8s.report.figure import Choice, Figure, thin
from simk8s.report.panels.base import Block
from simk8s.report.time_axis import TimeAxis, axis_of, fault_bands, time_line
from simk8s.results import format as fmt
from simk8s.results.results import Results

_LINES = (
    ("used", "used", {"color": theme.BLUE}),
    ("demand", "wanted", {"color": theme.BLUE, "dash": "dot"}),
    ("requested", "requested", {"color": theme.ORANGE}),
    ("allocatable", "allocatable", {"color": theme.GREY, "dash": "dot"}),
)


_HOVER = "%{y:,.4~g}"


class Usage:
    """Lines for CPU and for memory, and a line of what went wrong."""

    title = "Used, requested, allocatable"
    order = 22

    def render(self, results: Results) -> Block | None:
        frame = _joined(results)
        if frame.is_empty():
            return None
        axis = axis_of(results)
        traces: list[dict[str, Any]] = []
        choices = []
        for resource, title in (("cpu", "CPU"), ("memory", "Memory")):
            first = len(traces)
            for column, name, style in _LINES:
                if f"{resource}_{column}" in frame.columns:
                    line = time_line(_HOVER, frame, axis, f"{resource}_{column}", name, style)
                    traces.append(line | {"visible": resource == "cpu"})
            choices.append(Choice(title, tuple(range(first, len(traces)))))
        figure = Figure(
            "usage-over-time",
            "CPU and memory used, requested and allocatable over simulated time",
            traces,
            _layout(axis) | fault_bands(results, axis),
            time=True,
            choices=choices,
        )
        note = "Cores and GiB of ready nodes; used and wanted are means between two points."
        return Block("usage", self.title, figure.html() + html.table(_HEAD, [_row(results)]), note)


_HEAD = ("OOM kills", "Of those, node full", "Evicted", "Nodes with MemoryPressure, most")


def _row(results: Results) -> list[str]:
    columns = ("oom_kills", "node_ooms", "evictions", "memory_pressure")
    most = results.usage.select(pl.col(*columns).max()).collect()
    return [fmt.count(int(most[column].item())) for column in columns]


def _joined(results: Results) -> pl.DataFrame:
    """Cores and GiB, with what was requested at the instants of the usage table."""
    usage = results.usage.collect()
    if usage.is_empty():
        return usage
    asked = results.timeseries.select(
        "t_us",
        "cpu_requested_milli",
        "cpu_allocatable_milli",
        "memory_requested_bytes",
        "memory_allocatable_bytes",
    ).collect()
    both = usage.join(asked, on="t_us", how="inner", maintain_order="left")
    cores, gib = 1_000, 1 << 30
    frame = both.select(
        "t_us",
        cpu_used=pl.col("cpu_used_milli") / cores,
        cpu_demand=pl.col("cpu_demand_milli") / cores,
        cpu_requested=pl.col("cpu_requested_milli") / cores,
        cpu_allocatable=pl.col("cpu_allocatable_milli") / cores,
        memory_used=pl.col("memory_used_bytes") / gib,
        memory_requested=pl.col("memory_requested_bytes") / gib,
        memory_allocatable=pl.col("memory_allocatable_bytes") / gib,
    )
    return thin(frame, "cpu_used")


def _layout(axis: TimeAxis) -> dict[str, Any]:
    return theme.layout(
        xaxis=axis.layout(),
        yaxis=theme.axis(rangemode="tozero", tickformat=",~g"),
        hovermode="x unified",
    )
