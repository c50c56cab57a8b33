"""What the worst faults took, and how the cluster healed: noticed, re-placed, all back."""

from __future__ import annotations

from typing import Any

import polars as pl

from simk8s.report import html, theme
from simk8s.report.figure import Choice, Figure, plain, thin
from simk8s.report.panels.base import Block
from simk8s.report.time_axis import TimeAxis, fault_bands
from simk8s.results import blasts as found_in
from simk8s.results import format as fmt
from simk8s.results.compare import Comparison
from simk8s.results.results import Results

_MOST, _DRAWN, _NAMED = 10, 4, 4
_POINTS = 600
_BEFORE = 0.06
"""Of the time until all is back, so much is drawn before the fault and after."""
_HEAD = (
    "Cause", "at", "Nodes", "Pods", "Workloads", "Noticed after", "Re-placed after",
    "All back after", "Replica time missed",
)  # fmt: skip
_MOMENTS = (("detected_us", "noticed"), ("replaced_us", "re-placed"), ("end_us", "all back"))
_SIDES = {
    "fault": "bottom left",
    "start": "bottom left",
    "noticed": "bottom right",
    "re-placed": "bottom left",
    "all back": "top left",
}
_STAGES = (
    ("until noticed", theme.RED),
    ("until re-placed", theme.ORANGE),
    ("until all back", theme.BLUE),
)


class BlastRadius:
    """Chart of replicas around each of the worst faults, a time line and a table of all."""

    title = "Blast radius"
    order = 51

    def render(self, results: Results) -> Block | None:
        found = found_in.blasts(results)
        if found.is_empty():
            return None
        shown = found.head(_MOST).rows(named=True)
        end_us = results.manifest.simulated_us
        parts = [
            html.paragraph(_worst(results)),
            _around(results, shown[:_DRAWN], end_us).html(),
            _healing(results, end_us).html(),
            html.table(_HEAD, [_row(blast, found["missed_us"][0]) for blast in shown]),
        ]
        note = "Available pods that were taken, and the way back of the workloads that had them."
        if found.height > _MOST:
            note += f" The worst {_MOST} of {fmt.count(found.height)}."
        return Block("blast-radius", self.title, html.join(parts), note)

    def render_compare(self, comparison: Comparison) -> Block | None:
        lines = {v: found_in.steps(comparison.first(v)) for v in comparison.variants}
        if all(line.is_empty() for line in lines.values()):
            return None
        axis = TimeAxis.over(max(r.results.manifest.simulated_us for r in comparison.runs))
        traces = [
            _line(
                [0.0, *axis.values(line["t_us"]), axis.at(axis.span_us)],
                [0, *line["missing"].to_list(), int(line["missing"][-1]) if line.height else 0],
                variant,
            )
            | {"line": {"width": 2, "shape": "hv"} | theme.series(i)}
            for i, (variant, line) in enumerate(
                (variant, thin(line, "missing", _POINTS)) for variant, line in lines.items()
            )
        ]
        layout = theme.layout(
            xaxis=axis.layout(),
            yaxis=_count_axis("replicas missing"),
            hovermode="x unified",
            **fault_bands(comparison.first(comparison.baseline), axis),
        )
        figure = Figure(
            "missing-compared",
            "Replicas missing over simulated time, one line per variant",
            traces,
            layout,
            time=True,
        )
        note = f"Replicas missing by damage, of all workloads. Seed {comparison.seeds[0]}."
        return Block("blast-radius", self.title, figure.html(), note)


def _worst(results: Results) -> str:
    """The worst minute and why."""
    minute = found_in.worst_minute(results)
    if minute is None:
        return ""
    hit = [(name, lacks) for name, lacks in minute.by_workload if lacks >= 0.005]
    told = ", ".join(f"{name} {fmt.significant(lacks)}" for name, lacks in hit[:_NAMED])
    if len(hit) > _NAMED:
        told += f" and {fmt.count(len(hit) - _NAMED)} more"
    since = fmt.duration(minute.start_us)
    return (
        f"Worst minute, from {since} on: {fmt.significant(minute.missing)} replicas were missing "
        f"on average ({told}). Mostly because of {minute.because}."
    )


# --- charts


def _around(results: Results, shown: list[dict[str, Any]], end_us: int) -> Figure:
    """Available and wanted replicas of what was hit, a button for each blast."""
    traces: list[dict[str, Any]] = []
    choices: list[Choice] = []
    for blast in shown:
        drawn = _replicas(results, blast, end_us)
        first = len(traces)
        traces += [trace | {"visible": not choices} for trace in drawn]
        label = plain(f"{found_in.name(blast)} at {fmt.duration(blast['hit_us'])}")
        choices.append(Choice(label, tuple(range(first, len(traces)))))
    layout = theme.layout(
        xaxis=theme.axis(ticksuffix=" min", hoverformat=",.2f", nticks=8),
        yaxis=_count_axis("replicas"),
        hovermode="x",
    )
    label = "Available and wanted replicas around the worst faults, from the fault on"
    return Figure("blast-replicas", label, traces, layout, height=300, choices=choices)


def _replicas(results: Results, blast: dict[str, Any], end_us: int) -> list[dict[str, Any]]:
    """Wanted, available, and the moments of healing as points on it."""
    changes = thin(found_in.steps(results, pl.Series(blast["dips"])), "missing", _POINTS)
    hit, last = blast["hit_us"], blast["end_us"] if blast["end_us"] is not None else end_us
    margin = max(1_000_000, round(_BEFORE * (last - hit)))
    wanted = [blast["desired"], *(blast["desired"] + changes["wanted"]).to_list()]
    missing = [0, *changes["missing"].to_list()]
    times = [max(0, hit - margin), *changes["t_us"].to_list(), min(end_us, last + margin)]
    wanted, missing = [*wanted, wanted[-1]], [*missing, missing[-1]]
    there = [a - b for a, b in zip(wanted, missing, strict=True)]
    x = [_minutes(t - hit) for t in times]
    points = [(hit, "fault" if blast["fault"] else "start"), *_moments(blast)]
    at = [(t, label, _value(times, there, t)) for t, label in points]
    return [
        _line(x, wanted, "wanted")
        | {"line": {"width": 1.5, "shape": "hv", "dash": "dot", "color": theme.GREY}},
        _line(x, there, "available")
        | {"line": {"width": 2, "shape": "hv", "color": theme.BLUE}},
        {
            "type": "scatter",
            "mode": "markers+text",
            "name": "moments",
            "x": [_minutes(t - hit) for t, _, _ in at],
            "y": [y for _, _, y in at],
            "text": [label for _, label, _ in at],
            "textposition": [_SIDES[label] for _, label, _ in at],
            "cliponaxis": False,
            "marker": {"size": 9, "color": theme.RED, "symbol": "diamond"},
            "hovertemplate": "%{text}: %{x:,.2f} min<extra></extra>",
            "showlegend": False,
        },
    ]  # fmt: skip


def _moments(blast: dict[str, Any]) -> list[tuple[int, str]]:
    return [(blast[name], label) for name, label in _MOMENTS if blast[name] is not None]


def _value(times: list[int], values: list[int], t_us: int) -> int:
    """The step function at an instant."""
    return [v for t, v in zip(times, values, strict=True) if t <= t_us][-1]


def _healing(results: Results, end_us: int) -> Figure:
    """Per dip a bar: until noticed, until the last replacement was bound, until all was back."""
    dips = found_in.damage(results).sort(
        "missed_us", "dip", descending=[True, False], maintain_order=True
    )
    shown = dips.head(_MOST).rows(named=True)
    names = [_called(dip) for dip in shown]
    parts = [_stages(dip, end_us) for dip in shown]
    traces = [
        {
            "type": "bar",
            "orientation": "h",
            "name": label,
            "y": list(range(len(shown))),
            "x": [_minutes(part[i]) for part in parts],
            "text": names,
            "textposition": "none",
            "marker": {"color": colour},
            "hovertemplate": f"%{{text}}<br>{label}: %{{x:,.2f}} min<extra></extra>",
        }
        for i, (label, colour) in enumerate(_STAGES)
    ]
    layout = theme.layout(
        barmode="stack",
        bargap=0.35,
        xaxis=theme.axis(ticksuffix=" min", nticks=6),
        yaxis=theme.axis(
            range=[len(shown) - 0.5, -0.5],
            tickvals=list(range(len(shown))),
            ticktext=names,
            showgrid=False,
            fixedrange=True,
        ),
    )
    label = "From the fault until it was noticed, until all was re-placed, until all was back"
    return Figure("blast-healing", label, traces, layout, height=70 + 30 * len(shown))


def _called(dip: dict[str, Any]) -> str:
    """Whose dip it is and when; who is behind it tells the table."""
    return plain(f"{str(dip['called']).rpartition(' ')[2]}, {fmt.duration(dip['hit_us'])}")


def _stages(dip: dict[str, Any], end_us: int) -> tuple[int, int, int]:
    """Lengths of the three stretches; what never was is passed over."""
    last = end_us if dip["end_us"] is None else dip["end_us"]
    seen = min(last, dip["hit_us"] if dip["detected_us"] is None else dip["detected_us"])
    placed = min(last, max(seen, dip["replaced_us"] or seen))
    return seen - dip["hit_us"], placed - seen, last - placed


def _line(x: list[float], y: list[int], name: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": plain(name),
        "x": x,
        "y": y,
        "hovertemplate": f"%{{y:,}} {plain(name)}<extra></extra>",
    }


def _count_axis(title: str) -> dict[str, Any]:
    words = {"text": title, "font": {"color": theme.MUTED}}
    return theme.axis(title=words, rangemode="tozero", tickformat=",d")


def _minutes(us: float) -> float:
    return round(us / 60_000_000, 5)


def _row(blast: dict[str, Any], most_us: int) -> list[Any]:
    def after(name: str) -> str:
        return fmt.DASH if blast[name] is None else fmt.duration(blast[name] - blast["hit_us"])

    return [
        found_in.name(blast),
        fmt.duration(blast["hit_us"]),
        fmt.count(blast["nodes"]),
        fmt.count(blast["pods_hit"]),
        fmt.count(blast["workloads"]),
        after("detected_us"),
        after("replaced_us"),
        "not over" if blast["end_us"] is None else after("end_us"),
        html.meter(fmt.work(blast["missed_us"]), blast["missed_us"] / most_us, 4),
    ]
