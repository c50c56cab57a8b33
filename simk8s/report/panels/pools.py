"""Nodes by hardware and zone: how many, how full, how dear."""

from __future__ import annotations

from typing import Any

import polars as pl
from markupsafe import Markup

from simk8s.report import html
from simk8s.report.panels.base import Block
from simk8s.results import energy
from simk8s.results import format as fmt
from simk8s.results.results import Results

_MOST = 20
_HEAD = (
    "Profile",
    "Zone",
    "Nodes",
    "CPU",
    "Memory",
    "GPU",
    "Pods, peak",
    "Crashes",
    "Cost",
    "Energy",
)


class Pools:
    """A table of nodes, one line per profile and zone."""

    title = "Node pools"
    order = 78

    def render(self, results: Results) -> Block | None:
        means = [
            pl.col(f"{name}_requested_mean").mean().alias(name) for name in ("cpu", "memory", "gpu")
        ]
        gone = pl.col("removed_us").fill_null(results.manifest.simulated_us)
        hours = (gone - pl.col("joined_us")).clip(0) / 3.6e9
        drawn = energy.by_node(results).lazy()
        found = (
            results.nodes.join(drawn, on="node", how="left")
            .group_by("profile", "zone")
            .agg(
                pl.len().alias("nodes"),
                *means,
                pl.col("pods_peak").max(),
                pl.col("crashes").sum(),
                (pl.col("price_per_hour") * hours).sum().alias("cost"),
                pl.col("price_per_hour").count().alias("priced"),
                pl.col("kwh").sum(),
                pl.col("kwh").count().alias("measured"),
            )
            .sort("nodes", "profile", "zone", descending=[True, False, False])
            .collect()
        )
        if found.is_empty():
            return None
        shown = _shown(found)
        rows = [
            [cell for cell, show in zip(_row(row), shown, strict=True) if show]
            for row in found.head(_MOST).rows(named=True)
        ]
        head = [title for title, show in zip(_HEAD, shown, strict=True) if show]
        note = "Shares requested: mean over nodes and time. Cost at list price."
        if found.height > _MOST:
            note += f" The largest {_MOST} of {found.height} pools."
        return Block("pools", self.title, html.table(head, rows, words=1 + shown[1]), note)


def _shown(found: pl.DataFrame) -> list[bool]:
    """Which columns have anything to say."""
    zones = bool((found["zone"] != "").any())
    gpus, crashes = found["gpu"].count() > 0, bool((found["crashes"] > 0).any())
    priced = bool((found["priced"] > 0).any())
    measured = bool((found["measured"] > 0).any())
    return [True, zones, True, True, True, gpus, True, crashes, priced, measured]


def _row(row: dict[str, Any]) -> list[str | Markup]:
    shares = [_share(row[name], i) for i, name in enumerate(("cpu", "memory", "gpu"), start=1)]
    return [
        row["profile"],
        row["zone"],
        fmt.count(row["nodes"]),
        *shares,
        fmt.count(row["pods_peak"]),
        fmt.count(row["crashes"]),
        fmt.money(row["cost"]) if row["priced"] else fmt.DASH,
        fmt.energy(row["kwh"]),
    ]


def _share(value: float | None, colour: int) -> str | Markup:
    return fmt.DASH if value is None else html.meter(fmt.share(value), value, colour)
