"""Fragmentation over time: what is free and of no use to the pods that this run typically had."""

from __future__ import annotations

from typing import Any

import polars as pl

from simk8s.report import theme
from simk8s.report.figure import Choice, Figure, thin
from simk8s.report.panels.base import Block
from simk8s.report.time_axis import TimeAxis, axis_of, fault_bands, time_line
from simk8s.results import fragmentation
from simk8s.results.compare import Comparison
from simk8s.results.results import Results

_LINES = (
    ("gpu", "GPU", "GPU fragments, of all GPUs", theme.GREEN),
    ("gpu_idle", "GPU, of idle", "GPU fragments, of idle GPUs", theme.SKY),
    ("cpu", "CPU", "CPU stranded, of what is free", theme.BLUE),
    ("memory", "Memory", "memory stranded, of what is free", theme.ORANGE),
)
_GPUS = (
    "GPU fragments: idle GPUs that typical pods cannot use (F of FGD), of all and of idle ones. "
)
_NOTE = (
    "CPU and memory stranded: free where a typical pod does not fit, of what is free. Typical pods "
    "are those of the run."
)


class Fragmentation:
    """Lines of shares; nothing where no typical pod ever misses anything."""

    title = "Fragmentation"
    order = 24

    def render(self, results: Results) -> Block | None:
        frame = fragmentation.over_time(results)
        used = _used([frame])
        if not used:
            return None
        axis = axis_of(results)
        traces = [
            _line(frame, axis, name, title, {"color": colour}) for name, _, title, colour in used
        ]
        figure = Figure(
            "fragmentation-over-time",
            "Share of free GPU, CPU and memory that typical pods cannot use, over simulated time",
            traces,
            _layout(axis) | fault_bands(results, axis),
            height=280,
            time=True,
        )
        return Block("fragmentation", self.title, figure.html(), _note(used))

    def render_compare(self, comparison: Comparison) -> Block | None:
        frames = {v: fragmentation.over_time(comparison.first(v)) for v in comparison.variants}
        used = _used(list(frames.values()))
        if not used:
            return None
        axis = TimeAxis.over(max(r.results.manifest.simulated_us for r in comparison.runs))
        traces: list[dict[str, Any]] = []
        choices = []
        for k, (name, short, _, _) in enumerate(used):
            first = len(traces)
            for i, variant in enumerate(comparison.variants):
                line = _line(frames[variant], axis, name, variant, theme.series(i))
                traces.append(line | {"visible": k == 0})
            choices.append(Choice(short, tuple(range(first, len(traces)))))
        figure = Figure(
            "fragmentation-compared",
            "Share of what is free that typical pods cannot use, one line per variant",
            traces,
            _layout(axis) | fault_bands(comparison.first(comparison.baseline), axis),
            height=280,
            time=True,
            choices=choices,
        )
        note = f"{_note(used)} Seed {comparison.seeds[0]}."
        return Block("fragmentation", self.title, figure.html(), note)


def _used(frames: list[pl.DataFrame]) -> list[tuple[str, str, str, str]]:
    """What has anything to show in one of them."""
    return [line for line in _LINES if any((frame[line[0]] > 0).any() for frame in frames)]


def _note(used: list[tuple[str, str, str, str]]) -> str:
    return (_GPUS if used[0][0].startswith("gpu") else "") + _NOTE


def _line(
    frame: pl.DataFrame, axis: TimeAxis, column: str, name: str, line: dict[str, str]
) -> dict[str, Any]:
    return time_line("%{y:.1%}", thin(frame, column), axis, column, name, line)


def _layout(axis: TimeAxis) -> dict[str, Any]:
    return theme.layout(
        xaxis=axis.layout(),
        yaxis=theme.axis(rangemode="tozero", tickformat=",.0%", autorangeoptions={"include": 0.05}),
        hovermode="x unified",
    )
