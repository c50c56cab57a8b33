"""Simulated time along a chart: the unit that fits the run, ticks that people count in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from simk8s.report import theme
from simk8s.report.figure import plain, rounded
from simk8s.results import actions, faults
from simk8s.results.results import Results

_S, _MIN, _H, _D = 1_000_000, 60_000_000, 3_600_000_000, 86_400_000_000
# Up to this span: this unit, with one of these tick distances.
_UNITS: tuple[tuple[float, int, str, tuple[float, ...]], ...] = (
    (3 * _MIN, _S, "s", (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30)),
    (3 * _H, _MIN, "min", (1, 2, 5, 10, 15, 20, 30)),
    (4 * _D, _H, "h", (1, 2, 3, 6, 12, 24)),
    (float("inf"), _D, "d", (1, 2, 5, 7, 14, 30, 60, 90, 180, 365)),
)
_TICKS = 9
_MAX_BANDS = 12
_MAX_LABELS = 3
_MAX_MARKS = 40
_LETTER = 0.0065
"""Share of the width that a letter takes."""


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """Converts microseconds to the axis' unit."""

    span_us: int
    unit_us: int
    suffix: str
    tick: float

    @classmethod
    def over(cls, span_us: int) -> TimeAxis:
        """The axis for a run of that length."""
        span = max(1, span_us)
        _, unit, suffix, ticks = next(row for row in _UNITS if span <= row[0])
        fitting = [tick for tick in ticks if span / unit / tick <= _TICKS]
        return cls(span, unit, suffix, fitting[0] if fitting else ticks[-1])

    def at(self, t_us: float) -> float:
        """One instant on the axis."""
        return round(t_us / self.unit_us, 5)

    def values(self, t_us: pl.Series) -> list[float]:
        """Instants on the axis."""
        return [round(t, 5) for t in (t_us / self.unit_us).to_list()]

    def layout(self, **more: Any) -> dict[str, Any]:
        """The x axis."""
        return theme.axis(
            range=[0, self.at(self.span_us)],
            dtick=self.tick,
            ticksuffix=f" {self.suffix}",
            hoverformat=",.2f",
            **more,
        )


def axis_of(results: Results) -> TimeAxis:
    """The time axis of a run."""
    return TimeAxis.over(results.manifest.simulated_us)


def fault_bands(results: Results, axis: TimeAxis) -> dict[str, Any]:
    """Shapes and annotations that shade the time of the gravest faults behind a chart."""
    grave = _grave(faults.intervals(results))
    shapes: list[dict[str, Any]] = []
    labels: list[dict[str, Any]] = []
    for kind, target, start, end, hit in grave.select(
        "kind", "target", "start_us", "end_us", "pods_hit"
    ).rows():
        x0, x1 = axis.at(start), axis.at(end if end is not None else axis.span_us)
        shapes.append(_band(x0, x1))
        if hit and len(labels) < _MAX_LABELS:
            labels.append(_label(x0, faults.name(kind, target)))
    return {"shapes": shapes, "annotations": labels}


def marked(results: Results, axis: TimeAxis) -> dict[str, Any]:
    """Faults as bands, and the timeline's actions as lines with words where there is room."""
    found = fault_bands(results, axis)
    shapes, labels = found["shapes"], found["annotations"]
    free, span = 0.0, axis.at(axis.span_us)
    steps = actions.steps(results).head(_MAX_MARKS)
    for at_us, verb in steps.select("t_us", "verb").rows():
        x = axis.at(at_us)
        shapes.append(_mark(x))
        words = actions.words(verb)
        if x >= free:
            labels.append(_mark_label(x, words, x > 0.9 * span))
            free = x + _LETTER * (len(words) + 2) * span
    return found


def _mark(x: float) -> dict[str, Any]:
    ends = {"x0": x, "x1": x, "y0": 0, "y1": 1}
    line = {"width": 1, "color": theme.MUTED, "dash": "dot"}
    return {"type": "line", "xref": "x", "yref": "paper", "layer": "below", "line": line, **ends}


def _mark_label(x: float, text: str, left: bool) -> dict[str, Any]:
    """Below the top, so that it is not where the words of a fault are."""
    label = _label(x, text) | {"y": 0.94, "font": {"size": 11, "color": theme.MUTED}}
    return label | {"xanchor": "right" if left else "left"}


def _grave(found: pl.DataFrame) -> pl.DataFrame:
    """Faults worth shading: hundreds of single crashes are noise, what hits far more is not."""
    of_kind = pl.len().over("kind")
    far_more = pl.col("pods_hit") > 10 * pl.col("pods_hit").median().over("kind") + 10
    worth = found.filter((of_kind <= _MAX_BANDS // 2) | far_more)
    return worth.sort("pods_hit", "start_us", descending=[True, False]).head(_MAX_BANDS)


def _band(x0: float, x1: float) -> dict[str, Any]:
    return {
        "type": "rect",
        "xref": "x",
        "yref": "paper",
        "x0": x0,
        "x1": x1,
        "y0": 0,
        "y1": 1,
        "fillcolor": theme.BAND,
        "line": {"width": 1, "color": theme.BAND},
        "layer": "below",
    }


def _label(x: float, text: str) -> dict[str, Any]:
    return {
        "x": x,
        "y": 1,
        "xref": "x",
        "yref": "paper",
        "xanchor": "left",
        "yanchor": "top",
        "text": plain(text),
        "showarrow": False,
        "font": {"size": 11, "color": theme.RED},
    }


def time_line(
    hover: str, frame: pl.DataFrame, axis: TimeAxis, column: str, name: str, style: dict[str, str]
) -> dict[str, Any]:
    """A column of a frame over its `t_us`, as a line."""
    return {
        "type": "scatter",
        "mode": "lines",
        "name": plain(name),
        "x": axis.values(frame["t_us"]),
        "y": rounded(frame[column]),
        "line": {"width": 2} | style,
        "hovertemplate": hover,
    }
