"""Distributions of durations: curves of the share within a time, and tables of percentiles.

Law: what is drawn are values that occurred (nearest rank), on a logarithmic axis; zero, which such
an axis does not have, is drawn at the smallest value above it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import polars as pl
from markupsafe import Markup

from simk8s.report import html, theme
from simk8s.report.figure import plain
from simk8s.results import format as fmt

PERCENTILES = (0.5, 0.9, 0.99, 0.999, 1.0)
_SHARES = (*(i / 200 for i in range(200)), 0.997, 0.998, 0.999, 0.9995, 0.9999, 1.0)
_TICKS_US = (
    (1, "1 µs"), (10, "10 µs"), (100, "100 µs"), (1e3, "1 ms"), (1e4, "10 ms"), (1e5, "100 ms"),
    (1e6, "1 s"), (1e7, "10 s"), (6e7, "1 min"), (6e8, "10 min"), (3.6e9, "1 h"),
    (3.6e10, "10 h"), (8.64e10, "1 d"), (8.64e11, "10 d"), (8.64e12, "100 d"),
)  # fmt: skip
_FEW = {"1 µs", "1 ms", "1 s", "1 min", "1 h", "1 d", "100 d"}
_MOST_TICKS, _LEAST_TICKS = 10, 3
_BETWEEN = (1, 2, 3, 5, 7)


def at(values: pl.Series, share: float) -> int:
    """The value that this share of all values does not exceed (nearest rank); sorted input."""
    return int(values[max(0, -(-int(share * 1e6) * len(values) // 1_000_000) - 1)])


def curve(name: str, values: pl.Series, line: dict[str, str]) -> dict[str, Any]:
    """The share of sorted values within a time."""
    points = [at(values, share) for share in _SHARES]
    least = _first_positive(values)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": plain(name),
        "x": [max(least, us) for us in points],
        "y": list(_SHARES),
        "text": [fmt.duration(us) for us in points],
        "line": {"width": 2, "shape": "vh"} | line,
        "hovertemplate": "%{y:.1%} within %{text}",
    }


def percentiles(found: Iterable[tuple[str, pl.Series]]) -> Markup:
    """A table of percentiles, a line for each series of sorted values."""
    rows = [
        [title, fmt.count(len(v)), *(fmt.duration(at(v, share)) for share in PERCENTILES)]
        for title, v in found
    ]
    return html.table(("", "n", "p50", "p90", "p99", "p99.9", "max"), rows)


def layout(found: list[pl.Series]) -> dict[str, Any]:
    """The layout around curves of these sorted values."""
    low = min((_first_positive(values) for values in found), default=1)
    high = max((int(values[-1]) for values in found), default=1)
    return theme.layout(
        xaxis=duration_axis(low, high),
        yaxis=theme.axis(range=[0, 1.02], tickformat=",.0%"),
        hovermode="closest",
    )


def duration_axis(low: float, high: float, **more: Any) -> dict[str, Any]:
    """A logarithmic axis from one duration to another, with ticks that people count in."""
    ticks = [(us, label) for us, label in _TICKS_US if low / 10 <= us <= high * 10]
    if len(ticks) > _MOST_TICKS:
        ticks = [(us, label) for us, label in ticks if label in _FEW]
    if sum(low <= us <= high for us, _ in ticks) < _LEAST_TICKS:
        powers = range(int(math.log10(low)), int(math.log10(high)) + 1)
        fine = [base * 10**power for power in powers for base in _BETWEEN]
        ticks = [(us, fmt.duration(us)) for us in fine if low / 2 <= us <= high * 2]
    return theme.axis(
        type="log",
        tickvals=[us for us, _ in ticks],
        ticktext=[label for _, label in ticks],
        **more,
    )


def _first_positive(values: pl.Series) -> int:
    """The smallest value above zero, which a logarithmic axis does not have."""
    return int(values[min(int(values.search_sorted(1)), len(values) - 1)])
