"""Charts as data: a plotly figure of plain dicts, written into the page as JSON.

Law: the same tables give the same bytes: ids are given, floats are rounded, nothing is drawn by
lot. Text from input cannot leave the JSON (no `<`, `>` or `&` in it) nor be read as markup by
plotly (`plain`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from markupsafe import Markup

MAX_POINTS = 2_000
_MAX_LABEL = 80
_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}


@dataclass(frozen=True, slots=True)
class Choice:
    """A button above the chart: it shows these traces and hides the other buttons' traces."""

    label: str
    traces: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart. Those with `time` zoom together along simulated time."""

    id: str
    label: str
    traces: Sequence[dict[str, Any]]
    layout: dict[str, Any]
    height: int = 320
    time: bool = False
    choices: Sequence[Choice] = ()

    def html(self) -> Markup:
        """The chart's place on the page and its data."""
        data = {
            "data": list(self.traces),
            "layout": self.layout,
            "time": self.time,
            "choices": [list(choice.traces) for choice in self.choices],
        }
        return Markup(
            '{buttons}<div class="chart" id="{id}" role="img" aria-label="{label}" '
            'style="height:{height}px"></div>'
            '<script type="application/json" data-figure="{id}">{json}</script>'
        ).format(
            buttons=self._buttons(),
            id=self.id,
            label=self.label,
            height=self.height,
            json=Markup(to_json(data)),
        )

    def _buttons(self) -> Markup:
        if len(self.choices) < 2:
            return Markup("")
        buttons = Markup("").join(
            Markup('<button type="button" aria-pressed="{on}">{label}</button>').format(
                on="false" if i else "true", label=choice.label
            )
            for i, choice in enumerate(self.choices)
        )
        return Markup('<div class="choices" data-choices="{}">{}</div>').format(self.id, buttons)


def to_json(value: Any) -> str:
    """JSON that is safe inside a script element."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    for character, escape in _ESCAPES.items():
        text = text.replace(character, escape)
    return text


def plain(text: str) -> str:
    """Text for a chart: plotly reads some HTML in labels, this it shows as it is."""
    if len(text) > _MAX_LABEL:
        text = text[: _MAX_LABEL - 1] + "…"
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def rounded(values: pl.Series | Iterable[float | None], digits: int = 4) -> list[float | None]:
    """Numbers for a chart, without digits that nobody sees."""
    return [None if v is None or v != v else round(v, digits) for v in values]


def thin(frame: pl.DataFrame, by: str, limit: int = MAX_POINTS) -> pl.DataFrame:
    """At most about `limit` rows: of every stretch of rows those where `by` is lowest and highest,
    so that peaks survive; first and last row always.
    """
    if frame.height <= limit:
        return frame
    stretch = -(-frame.height // (limit // 2))
    numbered = frame.select(row=pl.int_range(pl.len()), value=pl.col(by))
    ends = (
        numbered.group_by(pl.col("row") // stretch, maintain_order=True)
        .agg(
            low=pl.col("row").get(pl.col("value").arg_min()),
            high=pl.col("row").get(pl.col("value").arg_max()),
        )
        .select(pl.concat_list("low", "high"))
        .to_series()
        .explode()
    )
    rows = pl.concat([ends, pl.Series([0, frame.height - 1], dtype=ends.dtype)]).unique().sort()
    return frame[rows]
