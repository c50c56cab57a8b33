"""A page that holds fitted distributions against what was recorded.

Law: plain numbers in, one self-contained page out; the same numbers give the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

from simk8s.report import html, theme
from simk8s.report.distribution import duration_axis
from simk8s.report.figure import Figure, plain, rounded
from simk8s.report.panels.base import Block
from simk8s.report.render import page, write_page

_US_PER_HOUR = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Curve:
    """One candidate: the share that has ended within each of the chart's times."""

    law: str
    written: str
    aic: float
    distance: float
    shares: Sequence[float]


@dataclass(frozen=True, slots=True)
class Fitted:
    """One quantity: what was observed (step function) and the candidates, the best first."""

    id: str
    title: str
    note: str
    seen_hours: Sequence[float]
    seen_shares: Sequence[float]
    hours: Sequence[float]
    curves: Sequence[Curve]


def write_fit(
    target: Path,
    title: str,
    facts: Sequence[str],
    verdict: Sequence[str],
    found: Sequence[Fitted],
    version: str = "",
) -> Path:
    """Draw the page into a file."""
    text = page(
        "fit.html",
        title=title,
        manifest=SimpleNamespace(scenario=title, version=version),
        subtitle=facts,
        banners=[],
        verdict=verdict,
        blocks=[_block(fitted) for fitted in found],
    )
    return write_page(target, text)


def _block(fitted: Fitted) -> Block:
    us = [hours * _US_PER_HOUR for hours in fitted.hours]
    traces = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": "recorded",
            "x": rounded(hours * _US_PER_HOUR for hours in fitted.seen_hours),
            "y": rounded(fitted.seen_shares),
            "line": {"color": theme.INK, "shape": "hv", "width": 2},
        },
        *(
            {
                "type": "scatter",
                "mode": "lines",
                "name": plain(curve.law),
                "x": rounded(us),
                "y": rounded(curve.shares),
                "line": theme.series(place),
            }
            for place, curve in enumerate(fitted.curves)
        ),
    ]
    layout = theme.layout(
        xaxis=duration_axis(us[0], us[-1]),
        yaxis=theme.axis(range=[0, 1.02], tickformat=",.0%"),
        hovermode="closest",
    )
    figure = Figure(f"{fitted.id}-chart", f"{fitted.title}: share within a time", traces, layout)
    rows = [
        (curve.law, curve.written, f"{curve.aic:,.1f}", f"{curve.distance:.3f}")
        for curve in fitted.curves
    ]
    table = html.table(("", "as a scenario writes it", "AIC", "distance"), rows, words=2)
    return Block(fitted.id, fitted.title, figure.html() + table, fitted.note)
