"""How close to its proven bound a solver comes, and how soon: the anytime curve of all solves."""

from __future__ import annotations

from typing import Any

from simk8s.report import theme
from simk8s.report.figure import Choice, Figure, plain, rounded
from simk8s.report.panels.base import Block
from simk8s.results import format as fmt
from simk8s.results.compare import Comparison
from simk8s.results.curves import PLACING, THEN, Curve, curves, kinds
from simk8s.results.results import Results

_CALLED = {PLACING: "Pods placed", THEN: "Nodes, fragmentation, moves"}
_UNIT = "Deterministic time is the solver's own count of its work, the same on every machine."


class SolveCurves:
    """Median, band and worst of the gap against deterministic time; in a comparison the median of
    each strategy."""

    title = "How soon plans get good"
    order = 66

    def render(self, results: Results) -> Block | None:
        drawn = [(kind, curve) for kind in kinds(results) if (curve := curves([results], kind))]
        if not drawn:
            return None
        traces: list[dict[str, Any]] = []
        choices = []
        for i, (kind, curve) in enumerate(drawn):
            first = len(traces)
            traces += [trace | {"visible": i == 0} for trace in _one(curve)]
            choices.append(Choice(_CALLED[kind], tuple(range(first, len(traces)))))
        label = "Gap of plans to their proven bound over deterministic time"
        figure = Figure("gaps-of-plans", label, traces, _layout(), choices=choices)
        all_solves = int(results.solves.collect().height)
        counts = ", ".join(
            f"{_CALLED[kind].lower()}: {fmt.count(curve.solves)}" for kind, curve in drawn
        )
        note = (
            f"Of {fmt.count(all_solves)} plans those that did not meet their bounds at once "
            f"({counts}). Band: 8 of 10 plans. {_UNIT}"
        )
        return Block("solve-curve", self.title, figure.html(), note)

    def render_compare(self, comparison: Comparison) -> Block | None:
        variants = comparison.variants
        runs = {v: [run.results for run in comparison.of(v)] for v in variants}
        wanted = [k for k in _CALLED if any(k in kinds(r) for of in runs.values() for r in of)]
        traces: list[dict[str, Any]] = []
        choices = []
        for kind in wanted:
            first = len(traces)
            for i, variant in enumerate(variants):
                curve = curves(runs[variant], kind)
                if curve is not None:
                    traces += _of_variant(curve, variant, theme.series(i))
            if len(traces) > first:
                choices.append(Choice(_CALLED[kind], tuple(range(first, len(traces)))))
        if not traces:
            return None
        for i, trace in enumerate(traces):
            trace["visible"] = i in choices[0].traces
        label = "Median gap of plans to their proven bound over deterministic time, by variant"
        figure = Figure("gaps-of-plans", label, traces, _layout(), choices=choices)
        note = (
            "Plans of all seeds that did not meet their bounds at once: the median, and dotted the "
            f"worst. {_UNIT}"
        )
        return Block("solve-curve", self.title, figure.html(), note)


def _layout() -> dict[str, Any]:
    return theme.layout(
        xaxis=theme.axis(title={"text": "deterministic seconds"}, rangemode="tozero"),
        yaxis=theme.axis(rangemode="tozero", tickformat=".1%", title={"text": "gap"}),
        hovermode="x unified",
    )


def _line(curve: Curve, values: Any, name: str, line: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": plain(name),
        "x": rounded(curve.time.tolist(), 5),
        "y": rounded(values.tolist(), 5),
        "line": {"width": 2, "shape": "hv"} | line,
        "hovertemplate": "%{y:.2%}",
    }


def _one(curve: Curve) -> list[dict[str, Any]]:
    edge = {"width": 0, "color": theme.BLUE}
    low = _line(curve, curve.low, "best tenth", edge)
    high = _line(curve, curve.high, "worst tenth", edge)
    band = {"fill": "tonexty", "fillcolor": theme.soft(theme.BLUE)}
    worst = f"worst (plan {fmt.count(curve.worst_solve + 1)})"
    return [
        low,
        high | band,
        _line(curve, curve.median, "median", {"color": theme.BLUE}),
        _line(curve, curve.worst, worst, {"color": theme.RED, "dash": "dot"}),
    ]


def _of_variant(curve: Curve, variant: str, style: dict[str, str]) -> list[dict[str, Any]]:
    dotted = style | {"dash": "dot", "width": 1}
    return [
        _line(curve, curve.median, variant, dict(style)),
        _line(curve, curve.worst, f"{variant}, worst", dotted),
    ]
