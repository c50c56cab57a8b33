"""The API server and etcd: calls with their latency over time, who asked, how full they were."""

from __future__ import annotations

from typing import Any

import polars as pl
from markupsafe import Markup

from simk8s.report import html, theme
from simk8s.report.distribution import duration_axis
from simk8s.report.figure import Choice, Figure, plain, rounded, thin
from simk8s.report.panels.base import Block
from simk8s.report.time_axis import TimeAxis, axis_of, fault_bands
from simk8s.results import control_plane as found_in
from simk8s.results import format as fmt
from simk8s.results.compare import Comparison
from simk8s.results.results import Results
from simk8s.results.slos import WINDOW_US

_AROUND = 0.12
"""Room above and below the lines, in powers of ten."""
_CURVES, _CALLS, _CLIENTS, _POINTS = 5, 12, 12, 600
_LINES = (("p50", "median", theme.BLUE), ("p99", "p99", theme.ORANGE))


class ControlPlane:
    """Lines of latency, a table of calls, of clients, of priority levels and etcd."""

    title = "Control plane"
    order = 60

    def render(self, results: Results) -> Block | None:
        calls = found_in.calls(results)
        parts = found_in.parts(results)
        if calls.is_empty() and parts.is_empty():
            return None
        blocks = [_over_time(results, calls), _calls(calls), _clients(results), _parts(parts)]
        note = (
            "Latency: from arrival at the API server to its answer, by five minutes; what a "
            "client's own QPS and burst hold back comes before that and is counted apart."
        )
        return Block("control-plane", self.title, html.join(blocks), note)

    def render_compare(self, comparison: Comparison) -> Block | None:
        axis = TimeAxis.over(max(r.results.manifest.simulated_us for r in comparison.runs))
        frames = {v: found_in.windows(comparison.first(v)) for v in comparison.variants}
        drawn = {v: f for v, f in frames.items() if (f["p99"].max() or 0) > 0}  # type: ignore[operator]
        if not drawn:
            return None
        traces: list[dict[str, Any]] = []
        choices: list[Choice] = []
        for column, label in (("p99", "p99"), ("p50", "Median")):
            first = len(traces)
            for i, variant in enumerate(frames):
                if variant in drawn:
                    line = _line(frames[variant], axis, column, variant, theme.series(i))
                    traces.append(line | {"visible": not choices})
            choices.append(Choice(label, tuple(range(first, len(traces)))))
        figure = Figure(
            "api-compared",
            "Latency of API calls over simulated time, one line per variant",
            traces,
            _layout(axis, list(drawn.values()))
            | fault_bands(comparison.first(comparison.baseline), axis),
            time=True,
            choices=choices,
        )
        note = f"Latency of all API calls by five minutes. Seed {comparison.seeds[0]}."
        return Block("control-plane", self.title, figure.html(), note)


def _over_time(results: Results, calls: pl.DataFrame) -> Markup:
    """Percentiles of all calls and of the commonest, a button each."""
    everything = found_in.windows(results)
    if not (everything["p99"].max() or 0) > 0:  # type: ignore[operator]
        return Markup("")
    by_call = found_in.windows(results, "verb", "resource")
    frames = [("All calls", everything)]
    for verb, resource in calls.select("verb", "resource").head(_CURVES).rows():
        frames.append((f"{verb} {resource}", by_call.filter(verb=verb, resource=resource)))
    axis = axis_of(results)
    traces: list[dict[str, Any]] = []
    choices: list[Choice] = []
    for label, frame in frames:
        if not (frame["p99"].max() or 0) > 0:  # type: ignore[operator]
            continue
        first = len(traces)
        lines = [_line(frame, axis, c, name, {"color": colour}) for c, name, colour in _LINES]
        lines += _rates(frame, axis)
        traces += [line | {"visible": not choices} for line in lines]
        choices.append(Choice(label, tuple(range(first, len(traces)))))
    figure = Figure(
        "api-latency",
        "Latency of API calls over simulated time, and how many there were",
        traces,
        _split(_layout(axis, [frame for _, frame in frames])) | fault_bands(results, axis),
        height=420,
        time=True,
        choices=choices,
    )
    return figure.html()


def _line(
    frame: pl.DataFrame, axis: TimeAxis, column: str, name: str, line: dict[str, str]
) -> dict[str, Any]:
    """A line over the middles of windows; a window without answers is a gap."""
    thinned = thin(frame, column, _POINTS)
    return {
        "type": "scatter",
        "mode": "lines+markers" if frame.height < 3 else "lines",
        "name": plain(name),
        "x": axis.values((thinned["window_us"] + WINDOW_US // 2).clip(0, axis.span_us)),
        "y": [us or None for us in thinned[column].to_list()],
        "text": [fmt.text(us, "duration") for us in thinned[column].to_list()],
        "line": {"width": 2} | line,
        "hovertemplate": "%{text}",
    }


def _rates(frame: pl.DataFrame, axis: TimeAxis) -> list[dict[str, Any]]:
    """Answered and rejected a second, for the part below."""
    traces = []
    for column, colour in (("answered", theme.SKY), ("rejected", theme.RED)):
        if frame[column].max():
            thinned = thin(frame, column, _POINTS)
            traces.append(
                {
                    "type": "scatter",
                    "mode": "lines",
                    "name": column,
                    "x": axis.values(thinned["window_us"] + WINDOW_US // 2),
                    "y": rounded(thinned[column] * 1e6 / WINDOW_US),
                    "yaxis": "y2",
                    "line": {"width": 2, "color": colour},
                    "hovertemplate": "%{y:,.2f}/s",
                }
            )
    return traces


def _split(layout: dict[str, Any]) -> dict[str, Any]:
    """Latencies above, calls a second below."""
    title = {"text": "calls/s", "font": {"color": theme.MUTED}}
    below = theme.axis(domain=[0, 0.26], rangemode="tozero", title=title)
    layout["xaxis"]["anchor"] = "y2"
    layout["yaxis"]["domain"] = [0.34, 1]
    return layout | {"yaxis2": below}


def _layout(axis: TimeAxis, frames: list[pl.DataFrame]) -> dict[str, Any]:
    values = pl.concat([frame.select("p50", "p99").unpivot()["value"] for frame in frames])
    positive = values.filter(values > 0)
    low, high = float(positive.min() or 1), float(positive.max() or 1)  # type: ignore[arg-type]
    return theme.layout(xaxis=axis.layout(), yaxis=duration_axis(low, high), hovermode="x unified")


def _calls(found: pl.DataFrame) -> Markup:
    if found.is_empty():
        return Markup("")
    rejected = bool(found["rejected"].sum())
    rows = [
        [
            f"{row['verb']} {row['resource']}",
            fmt.count(row["requests"]),
            *([fmt.count(row["rejected"])] if rejected else []),
            *(fmt.text(row[name], "duration") for name in ("p50", "p90", "p99", "max_us")),
        ]
        for row in found.head(_CALLS).rows(named=True)
    ]
    refused = ["Rejected"] if rejected else []
    head = ("Call", "Requests", *refused, "p50", "p90", "p99", "max")
    return html.table(head, rows) + _rest(found, _CALLS, "calls")


def _clients(results: Results) -> Markup:
    found = found_in.clients(results)
    if found.is_empty():
        return Markup("")
    rows = [
        [client, fmt.count(requests), fmt.count(rejected), fmt.duration(throttled)]
        for client, requests, rejected, throttled in found.head(_CLIENTS).rows()
    ]
    head = ("Client", "Requests", "Rejected", "Throttled by itself")
    return html.table(head, rows) + _rest(found, _CLIENTS, "clients")


def _parts(found: pl.DataFrame) -> Markup:
    """Priority levels by their seats, and etcd."""
    rows = [_part(row) for row in found.rows(named=True)]
    head = (
        "Priority level, etcd", "Busy", "Seats, members", "Worked on", "Wait p50", "Wait p99",
        "Service p50", "Service p99",
    )  # fmt: skip
    return html.table(head, rows) if rows else Markup("")


def _part(row: dict[str, Any]) -> list[str | Markup]:
    busy = row["utilisation"]
    colour = 4 if busy >= 0.9 else 2 if busy >= 0.7 else 1
    waits = ("queue_wait_us_p50", "queue_wait_us_p99", "service_us_p50", "service_us_p99")
    return [
        row["component"].removeprefix(found_in.PRIORITY_LEVEL),
        html.meter(fmt.share(busy), busy, colour),
        fmt.count(row["workers"]),
        fmt.count(row["reconciles"]),
        *(fmt.duration(row[name]) for name in waits),
    ]


def _rest(found: pl.DataFrame, shown: int, what: str) -> Markup:
    if found.height <= shown:
        return Markup("")
    text = f"The {shown} with the most requests of {found.height} {what}."
    return Markup('<p class="note">{}</p>').format(text)
