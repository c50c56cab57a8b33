"""Colours and chart defaults. Colours are CSS variables, so that the page follows light and dark.

The palette is Okabe and Ito's, which people with any common colour blindness can tell apart; the
dark page has lighter versions of the same hues (templates/page.css holds the values).
"""

from __future__ import annotations

from typing import Any

INK = "var(--ink)"
MUTED = "var(--muted)"
GRID = "var(--grid)"
SURFACE = "var(--surface)"
BAND = "var(--band)"
CLEAR = "rgba(0,0,0,0)"

BLUE = "var(--c1)"
ORANGE = "var(--c2)"
GREEN = "var(--c3)"
RED = "var(--c4)"
SKY = "var(--c5)"
PINK = "var(--c6)"
GREY = "var(--c7)"
SERIES = (BLUE, ORANGE, GREEN, RED, SKY, PINK, GREY)
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")

HEAT: list[list[Any]] = [[i / 5, f"var(--h{i})"] for i in range(6)]


def series(i: int) -> dict[str, str]:
    """Colour and, once colours repeat, dash of the i-th line."""
    return {"color": SERIES[i % len(SERIES)], "dash": DASHES[i // len(SERIES) % len(DASHES)]}


def soft(colour: str) -> str:
    """The translucent version of a series colour, for areas."""
    return colour.replace(")", "-soft)")


def axis(**more: Any) -> dict[str, Any]:
    """A quiet axis."""
    return {
        "gridcolor": GRID,
        "linecolor": GRID,
        "zeroline": False,
        "automargin": True,
        "tickfont": {"color": MUTED},
        "title": {"font": {"color": MUTED}},
    } | more


def layout(**more: Any) -> dict[str, Any]:
    """The layout that all charts share."""
    return {
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "font": {"family": "system-ui, sans-serif", "size": 12, "color": INK},
        "margin": {"l": 8, "r": 22, "t": 12, "b": 8},
        "separators": ".,",
        "hoverlabel": {"bgcolor": SURFACE, "bordercolor": GRID, "font": {"color": INK}},
        "showlegend": False,  # page.js writes one above the chart, where it can wrap
        "modebar": {"bgcolor": CLEAR, "color": MUTED, "activecolor": INK},
        "dragmode": "zoom",
    } | more
