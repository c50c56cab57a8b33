"""Utilisation over time: requested of what ready nodes can allocate."""

from __future__ import annotations

from typing import Any

import polars as pl

from simk8s.report import theme
from simk8s.report.figure import Choice, Figure, thin
from simk8s.report.panels.base import Block
from simk8s.report.time_axis import TimeAxis, axis_of, fault_bands, time_line
from simk8s.results.compare import Comparison
from simk8s.results.results import Results

_RESOURCES = (
    ("cpu", "CPU", "cpu_requested_milli", "cpu_allocatable_milli", theme.BLUE),
    ("memory", "memory", "memory_requested_bytes", "memory_allocatable_bytes", theme.ORANGE),
    ("gpu", "GPU", "gpu_requested_milli", "gpu_allocatable_milli", theme.GREEN),
)


_HOVER = "%{y:.1%}"


class Utilisation:
    """Lines of the share requested, for CPU, memory and GPU."""

    title = "Utilisation"
    order = 20

    def render(self, results: Results) -> Block | None:
        frame = _shares(results)
        if frame.is_empty():
            return None
        axis = axis_of(results)
        frame = thin(frame, "cpu")
        traces = [
            time_line(_HOVER, frame, axis, name, title, {"color": colour})
            for name, title, _, _, colour in _RESOURCES
            if frame[name].count()
        ]
        if (frame["ready"] < 1).any():
            grey = {"color": theme.GREY, "dash": "dot"}
            traces.append(time_line(_HOVER, frame, axis, "ready", "nodes ready", grey))
        figure = Figure(
            "utilisation-over-time",
            "Share of allocatable CPU, memory and GPU requested over simulated time",
            traces,
            _layout(axis) | fault_bands(results, axis),
            time=True,
        )
        note = "Requested by pods, of what ready nodes can allocate."
        return Block("utilisation", self.title, figure.html(), note)

    def render_compare(self, comparison: Comparison) -> Block | None:
        axis = TimeAxis.over(max(r.results.manifest.simulated_us for r in comparison.runs))
        frames = {v: _shares(comparison.first(v)) for v in comparison.variants}
        used = [r for r in _RESOURCES if any(frame[r[0]].count() for frame in frames.values())]
        if comparison.first(comparison.baseline).gpu_node_share > 0.5:
            used = [used[-1], *used[:-1]]  # on a GPU cluster GPUs are what matters
        traces, choices = [], []
        for k, (name, title, _, _, _) in enumerate(used):
            for i, variant in enumerate(comparison.variants):
                line = time_line(
                    _HOVER, thin(frames[variant], name), axis, name, variant, theme.series(i)
                )
                traces.append(line | {"visible": k == 0})
            first = len(traces) - len(comparison.variants)
            shown = title[0].upper() + title[1:]
            choices.append(Choice(shown, tuple(range(first, len(traces)))))
        if not traces:
            return None
        figure = Figure(
            "utilisation-compared",
            "Share requested over simulated time, one line per variant",
            traces,
            _layout(axis) | fault_bands(comparison.first(comparison.baseline), axis),
            time=True,
            choices=choices,
        )
        note = f"Requested by pods, of what ready nodes can allocate. Seed {comparison.seeds[0]}."
        return Block("utilisation", self.title, figure.html(), note)


def _shares(results: Results) -> pl.DataFrame:
    """t_us, one share per resource (null where there is nothing to allocate), ready."""
    shares = [
        pl.when(pl.col(allocatable) > 0).then(pl.col(requested) / pl.col(allocatable)).alias(name)
        for name, _, requested, allocatable, _ in _RESOURCES
    ]
    total = pl.col("nodes_total")
    ready = pl.when(total > 0).then(pl.col("nodes_ready") / total).alias("ready")
    return results.timeseries.select("t_us", *shares, ready).collect()


def _layout(axis: TimeAxis) -> dict[str, Any]:
    return theme.layout(
        xaxis=axis.layout(),
        yaxis=theme.axis(rangemode="tozero", tickformat=",.0%", autorangeoptions={"include": 1}),
        hovermode="x unified",
    )
