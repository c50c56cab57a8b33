"""Where a pod's start takes its time: stage by stage from creation to Ready.

Mirrors: the pod lifecycle as kubelet and API report it (behaviour notes 3.2): created, scheduled,
bound, seen by the kubelet, images pulled, containers started, phase Running, condition Ready.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from simk8s.report import theme
from simk8s.report.distribution import at, curve, layout, percentiles
from simk8s.report.figure import Choice, Figure, plain
from simk8s.report.panels.base import Block
from simk8s.results import format as fmt
from simk8s.results.compare import Comparison
from simk8s.results.quantities import durations
from simk8s.results.results import Results
from simk8s.schema.kpis import READY, STAGES, STARTUP, Quantity

_COLOURS = (*theme.SERIES[:6], theme.GREY)
_BARS = ((0.5, "Median"), (0.9, "p90"), (0.99, "p99"))
_BAR_HEIGHT, _AROUND = 34, 70
_SECOND, _MINUTE = 1_000_000, 60_000_000
_TOTALS = (STARTUP, READY)

Found = list[tuple[Quantity, pl.Series]]


class Stages:
    """Bars of the stages' percentiles, curves of the totals, a table of both."""

    title = "Pod startup by stage"
    order = 25

    def render(self, results: Results) -> Block | None:
        found = _durations(results, STAGES)
        if not any(values[-1] for _, values in found):
            return None
        figure = _figure("stages-of-a-pod", "Stages of a pod's start", [""], [found])
        totals = [(q, v) for q, v in _durations(results, _TOTALS) if v[-1]]
        curves = Figure(
            "stages-total",
            "Share of pods running and ready within a time",
            [curve(q.title, v, theme.series(i)) for i, (q, v) in enumerate(totals)],
            layout([v for _, v in totals]),
            height=240,
        )
        table = percentiles((q.title, v) for q, v in (*found, *_durations(results, _TOTALS)))
        note = (
            "Percentiles of every stage by itself, end to end: they do not add up to those of "
            "the total. A stage that has not ended is not in it."
        )
        drawn = figure.html() + curves.html() if totals else figure.html()
        return Block("stages", self.title, drawn + table, note)

    def render_compare(self, comparison: Comparison) -> Block | None:
        per_variant = [_together(comparison, variant) for variant in comparison.variants]
        if not any(values[-1] for found in per_variant for _, values in found):
            return None
        names = [plain(variant) for variant in comparison.variants]
        label = "Stages of a pod's start, one bar per variant"
        figure = _figure("stages-compared", label, names, per_variant)
        note = "A percentile of every stage by itself, end to end; all seeds together."
        return Block("stages", self.title, figure.html(), note)


def _durations(results: Results, quantities: Sequence[Quantity]) -> Found:
    """Sorted durations, where there are any."""
    found = [(quantity, durations(results, quantity)) for quantity in quantities]
    return [(quantity, values) for quantity, values in found if len(values)]


def _together(comparison: Comparison, variant: str) -> Found:
    """The stages of a variant over all its seeds."""
    runs = [run.results for run in comparison.of(variant)]
    found = [(q, pl.concat([durations(run, q) for run in runs]).sort()) for q in STAGES]
    return [(quantity, values) for quantity, values in found if len(values)]


def _figure(figure_id: str, label: str, names: list[str], bars: list[Found]) -> Figure:
    """A bar for each name; buttons choose the percentile, since their scales are far apart."""
    traces: list[dict[str, Any]] = []
    choices: list[Choice] = []
    longest = max(sum(at(values, _BARS[-1][0]) for _, values in found) for found in bars)
    unit_us = _MINUTE if longest > 10 * _MINUTE else _SECOND
    for share, chosen in _BARS:
        first = len(traces)
        stacks = _stacks(names, [(found, share) for found in bars], unit_us)
        traces += [trace | {"visible": not choices} for trace in stacks]
        choices.append(Choice(chosen, tuple(range(first, len(traces)))))
    height = _AROUND + _BAR_HEIGHT * len(names)
    return Figure(figure_id, label, traces, _layout(unit_us), height=height, choices=choices)


def _stacks(
    names: list[str], columns: list[tuple[Found, float]], unit_us: int
) -> list[dict[str, Any]]:
    """One trace a stage: its percentile in every bar."""
    traces = []
    for stage, colour in zip(STAGES, _COLOURS, strict=True):
        values = [_value(found, stage, share) for found, share in columns]
        if any(values):
            traces.append(_bar(stage.title, names, values, unit_us, colour))
    return traces


def _value(found: Found, stage: Quantity, share: float) -> int:
    return next((at(values, share) for quantity, values in found if quantity is stage), 0)


def _bar(
    title: str, names: list[str], values: list[int], unit_us: int, colour: str
) -> dict[str, Any]:
    return {
        "type": "bar",
        "orientation": "h",
        "name": plain(title),
        "x": [us / unit_us for us in values],
        "y": names,
        "text": [fmt.duration(us) for us in values],
        "textposition": "none",
        "marker": {"color": colour},
        "hovertemplate": f"{plain(title)}: %{{text}}<extra></extra>",
    }


def _layout(unit_us: int) -> dict[str, Any]:
    # `~s` writes 0.002 as 2m, so that with the suffix it reads 2ms.
    unit = {"ticksuffix": "s", "tickformat": "~s"} if unit_us == _SECOND else {"ticksuffix": " min"}
    return theme.layout(
        xaxis=theme.axis(rangemode="tozero", **unit),
        yaxis=theme.axis(autorange="reversed", type="category", showgrid=False),
        barmode="stack",
        bargap=0.35,
        hovermode="closest",
    )
