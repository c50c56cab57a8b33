"""What nodes cost: their time, all of it and that in which they were in use, and money for it.

Law: a node is in use while it has a pod besides those of DaemonSets and static ones, and is not
down; what was in use is what a cluster would have paid for that gives empty nodes back at once, so
the least that any autoscaling could reach with these placements. Money is the list price, or what
the scenario says, for the time that a node was there; none where no node has a price. Down or not,
a node that is there is paid for. Pod time is from a pod's first Running to its end.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from simk8s.results.measure import Measure
from simk8s.results.results import Results
from simk8s.schema.manifest import Manifest

GROUP = "cost"
HOUR_US = 3.6e9


def node_time(manifest: Manifest) -> pl.Expr:
    """For how long each node was there, in microseconds."""
    gone = pl.col("removed_us").fill_null(manifest.simulated_us)
    return (gone - pl.col("joined_us")).clip(0).cast(pl.Float64)


def measures() -> Iterable[Measure]:
    """In the order of the page."""
    yield Measure(
        "node_time_us", "Node time", "us", "lower", "node_time", GROUP, "nodes",
        "Every node for as long as it was there.", lambda m: node_time(m).sum(),
    )  # fmt: skip
    yield Measure(
        "node_time_used_us", "Node time in use", "us", "lower", "node_time", GROUP, "node_use",
        "Time in which nodes had pods besides those of DaemonSets.",
        lambda _: pl.col("used_us").sum().cast(pl.Float64), "zero",
    )  # fmt: skip
    yield Measure(
        "node_cost", "Cost of nodes", "USD", "lower", "money", GROUP, "nodes",
        "List price of every node for as long as it was there.", _cost, "absent",
    )  # fmt: skip
    yield Measure(
        "node_cost_used", "Cost of nodes in use", "USD", "lower", "money", GROUP, "nodes",
        "What nodes would have cost had empty ones been given back at once.",
        None, "absent", used_cost,
    )  # fmt: skip
    yield Measure(
        "node_cost_per_pod_hour", "Cost of an hour of a pod", "USD", "lower", "money", GROUP,
        "nodes", "Cost of nodes by running time of pods, DaemonSets' left aside.",
        None, "absent", _per_pod_hour,
    )  # fmt: skip


def _cost(manifest: Manifest) -> pl.Expr:
    """Null unless at least one node has a price."""
    total = (pl.col("price_per_hour") * node_time(manifest) / HOUR_US).sum()
    return pl.when(pl.col("price_per_hour").count() > 0).then(total)


def used_cost(results: Results) -> float | None:
    """Of nodes with a price; None if none has one, or a run of an older version is looked at."""
    prices = results.nodes.select("node", "price_per_hour").drop_nulls()
    used = results.table("node_use").select("node", "used_us")
    found = prices.join(used, on="node", how="inner", maintain_order="left").collect()
    if found.is_empty():
        return None
    return float((found["price_per_hour"] * found["used_us"]).sum()) / HOUR_US


def pod_hours(results: Results) -> float:
    """Running time of pods, those of DaemonSets left aside."""
    until = pl.col("finished_us").fill_null(results.manifest.simulated_us)
    ran = (until - pl.col("running_us")).clip(0).cast(pl.Float64)
    daemon = pl.col("owner").str.starts_with("DaemonSet/").fill_null(value=False)
    return float(results.pods.filter(~daemon).select(ran.sum()).collect().item() or 0) / HOUR_US


def _per_pod_hour(results: Results) -> float | None:
    cost = results.nodes.select(_cost(results.manifest)).collect().item()
    hours = pod_hours(results)
    return None if cost is None or not hours else float(cost) / hours
