"""Every node over time: how full it was, and when it was down."""

from __future__ import annotations

from typing import Any

import polars as pl

from simk8s.report import theme
from simk8s.report.figure import Choice, Figure, plain, rounded
from simk8s.report.panels.base import Block
from simk8s.report.time_axis import axis_of
from simk8s.results import format as fmt
from simk8s.results.results import Results

MAX_ROWS = 200
_MOST_NAMES = 20  # a band thinner than this part of the picture gets no name
_SHARES = (("cpu_share", "CPU"), ("memory_share", "Memory"), ("gpu_share", "GPU"))


class NodeHeatmap:
    """A heatmap of nodes by time; many nodes are averaged into rows of neighbours."""

    title = "Nodes over time"
    order = 40

    def render(self, results: Results) -> Block | None:
        rows = _rows(results)
        samples = _by_row(results, rows)
        if samples.is_empty():
            return None
        instants = samples["t_us"].unique().sort()
        grids = {
            name: _grid(samples, name, instants, rows)
            for name in ("cpu_share", "memory_share", "gpu_share", "ready")
        }
        shown = [(n, title) for n, title in _SHARES if _any(grids[n])]
        axis = axis_of(results)
        base = {"type": "heatmap", "x": axis.values(instants), "y": rows["label"].to_list()}
        traces = [
            base | _heat(grids[name], title) | {"visible": i == 0}
            for i, (name, title) in enumerate(shown)
        ]
        down = _down(grids["ready"])
        if _any(down):
            traces.append(base | _not_ready(down))
        figure = Figure(
            "node-heatmap-chart",
            "How full each node was over simulated time",
            traces,
            _layout(rows, axis.layout()),
            height=min(640, max(220, 80 + 4 * rows.height)),
            time=True,
            choices=[
                # the trace of what was down, if there is one, stays on with every choice
                Choice(title, (i, *range(len(shown), len(traces))))
                for i, (_, title) in enumerate(shown)
            ],
        )
        return Block("nodes", self.title, figure.html(), _note(rows, down=_any(down)))


def _rows(results: Results) -> pl.DataFrame:
    """One row of the picture each: row, zone, profile, node (list), n, label; in display order."""
    nodes = results.nodes.select("node", "name", "zone", "profile").collect()
    nodes = nodes.sort("zone", "profile", "name")
    pools = nodes.group_by("zone", "profile", maintain_order=True).len()["len"].to_list()
    apart = len(pools) <= MAX_ROWS // 2  # with more pools than that, rows may mix them
    size = _row_size(pools if apart else [nodes.height])
    place = pl.int_range(pl.len())
    block = place.over("zone", "profile") // size if apart else place // size
    key = ["zone", "profile", "block"] if apart else ["block"]
    rows = (
        nodes.with_columns(block=block)
        .group_by(key, maintain_order=True)
        .agg(
            *([] if apart else [pl.col("zone").first(), pl.col("profile").first()]),
            pl.col("node"),
            first=pl.col("name").first(),
            last=pl.col("name").last(),
            n=pl.len(),
        )
        .with_row_index("row")
    )
    return rows.with_columns(label=pl.Series(_labels(rows), dtype=pl.String))


def _row_size(pools: list[int]) -> int:
    """The fewest nodes per row that give at most MAX_ROWS rows."""
    size = max(1, -(-sum(pools) // MAX_ROWS))
    while sum(-(-pool // size) for pool in pools) > MAX_ROWS:
        size += 1
    return size


def _labels(rows: pl.DataFrame) -> list[str]:
    """What a row says of itself; distinct, since equal labels would be one row to plotly."""
    seen: set[str] = set()
    labels = []
    for row, first, last, n in rows.select("row", "first", "last", "n").rows():
        label = plain(first) if n == 1 else f"{plain(first)} … {plain(last)} ({n} nodes)"
        label = f"{label} #{row}" if label in seen else label
        seen.add(label)
        labels.append(label)
    return labels


def _by_row(results: Results, rows: pl.DataFrame) -> pl.DataFrame:
    where = rows.select("row", "node").explode("node")
    means = [pl.col(name).mean() for name in ("cpu_share", "memory_share", "gpu_share")]
    return (
        results.node_samples.collect()
        .join(where, on="node", how="inner")
        .group_by("row", "t_us")
        .agg(*means, ready=pl.col("ready").mean())
    )


Grid = list[list[float | None]]


def _grid(samples: pl.DataFrame, name: str, instants: pl.Series, rows: pl.DataFrame) -> Grid:
    """Values by row and instant; nulls where a node was not there."""
    every = rows.select("row").join(instants.to_frame(), how="cross")
    full = every.join(samples, on=["row", "t_us"], how="left", maintain_order="left")
    values = rounded(full[name], 3)
    width = len(instants)
    return [values[i : i + width] for i in range(0, len(values), width)]


def _any(grid: Grid) -> bool:
    return any(value is not None for row in grid for value in row)


def _down(ready: Grid) -> Grid:
    """1 where at least half of a row's nodes were not ready, nothing elsewhere."""
    return [[1 if v is not None and v <= 0.5 else None for v in row] for row in ready]


def _heat(grid: Grid, title: str) -> dict[str, Any]:
    return {
        "name": title,
        "z": grid,
        "zmin": 0,
        "zmax": 1,
        "colorscale": theme.HEAT,
        "colorbar": {
            "tickformat": ",.0%",
            "thickness": 10,
            "outlinewidth": 0,
            "x": 1.01,
            "tickfont": {"color": theme.MUTED},
        },
        "hovertemplate": f"%{{y}}<br>%{{x}}<br>{title} %{{z:.0%}}<extra></extra>",
    }


def _not_ready(grid: Grid) -> dict[str, Any]:
    return {
        "name": "not ready",
        "z": grid,
        "zmin": 0,
        "zmax": 1,
        "colorscale": [[0, theme.RED], [1, theme.RED]],
        "showscale": False,
        "hovertemplate": "%{y}<br>%{x}<br>not ready<extra></extra>",
    }


def _layout(rows: pl.DataFrame, x_axis: dict[str, Any]) -> dict[str, Any]:
    by = "zone" if rows["zone"].n_unique() > 1 else "profile"
    bands = rows.group_by(by, maintain_order=True).agg(
        middle=pl.col("row").cast(pl.Float64).mean(), first=pl.col("row").min(), n=pl.len()
    )
    named = bands.filter(pl.col("n") * _MOST_NAMES >= rows.height)
    prefix = "zone " if by == "zone" else ""
    return theme.layout(
        xaxis=x_axis | {"showgrid": False},
        yaxis=theme.axis(
            type="category",
            range=[rows.height - 0.5, -0.5],
            tickvals=named["middle"].to_list(),
            ticktext=[f"{prefix}{plain(name)}" if name else "" for name in named[by].to_list()],
            showgrid=False,
            ticks="",
        ),
        shapes=[_line_above(first) for first in bands["first"].to_list()[1:]],
        hovermode="closest",
    )


def _line_above(row: int) -> dict[str, Any]:
    return {
        "type": "line",
        "xref": "paper",
        "yref": "y",
        "x0": 0,
        "x1": 1,
        "y0": row - 0.5,
        "y1": row - 0.5,
        "line": {"color": theme.SURFACE, "width": 2},
    }


def _note(rows: pl.DataFrame, *, down: bool) -> str:
    sizes = rows["n"].to_list()
    most, total = max(sizes, default=0), sum(sizes)
    parts = ["Share requested of each node's allocatable, ordered by zone, hardware and name."]
    if most > 1:
        parts.append(
            f"A row is the mean of up to {most} neighbouring nodes "
            f"({fmt.count(total)} nodes in {rows.height} rows)."
        )
    if down:
        parts.append("Red: not ready." if most == 1 else "Red: half or more not ready.")
    return " ".join(parts)
