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
    """One row of the picture each: row, zone, nodes (list), label; zones stay together."""
    nodes = results.nodes.select("node", "name", "zone", "profile").collect()
    nodes = nodes.sort("zone", "profile", "name")
    size = max(1, -(-nodes.height // MAX_ROWS))
    while size < nodes.height and _groups(nodes, size) > MAX_ROWS:
        size += 1
    position = pl.int_range(pl.len()).over("zone")
    return (
        nodes.with_columns(block=position // size)
        .group_by("zone", "block", maintain_order=True)
        .agg("node", first=pl.col("name").first(), last=pl.col("name").last(), n=pl.len())
        .with_row_index("row")
        .with_columns(label=pl.struct("first", "last", "n").map_elements(_label, pl.String))
    )


def _groups(nodes: pl.DataFrame, size: int) -> int:
    return sum(-(-n // size) for n in nodes.group_by("zone").len()["len"].to_list())


def _label(row: dict[str, Any]) -> str:
    if row["n"] == 1:
        return plain(row["first"])
    return f"{plain(row['first'])} … {plain(row['last'])} ({row['n']} nodes)"


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
    zones = rows.group_by("zone", maintain_order=True).agg(
        middle=pl.col("row").cast(pl.Float64).mean(), first=pl.col("row").min()
    )
    lines = [
        {
            "type": "line",
            "xref": "paper",
            "yref": "y",
            "x0": 0,
            "x1": 1,
            "y0": first - 0.5,
            "y1": first - 0.5,
            "line": {"color": theme.SURFACE, "width": 2},
        }
        for first in zones["first"].to_list()[1:]
    ]
    return theme.layout(
        xaxis=x_axis | {"showgrid": False},
        yaxis=theme.axis(
            type="category",
            range=[rows.height - 0.5, -0.5],
            tickvals=zones["middle"].to_list(),
            ticktext=[f"zone {plain(zone)}" if zone else "" for zone in zones["zone"].to_list()],
            showgrid=False,
        ),
        shapes=lines,
        hovermode="closest",
    )


def _note(rows: pl.DataFrame, *, down: bool) -> str:
    sizes = rows["n"].to_list()
    most, total = max(sizes, default=0), sum(sizes)
    parts = ["Share requested of each node's allocatable, ordered by zone, hardware and name."]
    if most > 1:
        parts.append(
            f"A row is the mean of up to {most} neighbouring nodes of one zone "
            f"({fmt.count(total)} nodes in {rows.height} rows)."
        )
    if down:
        parts.append("Red: not ready." if most == 1 else "Red: half or more not ready.")
    return " ".join(parts)
