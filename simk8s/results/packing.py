"""How far the pods that run at the end are from the fewest nodes that could hold them.

Law: the bound is from totals, the roomiest nodes first, each resource by itself; no packing of
these pods uses fewer nodes of the cluster, and often every one uses more. Pods of DaemonSets are
left aside, a node with nothing else counts as unused.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from simk8s.results.measure import Measure
from simk8s.results.results import Results


def measures() -> Iterable[Measure]:
    """The bound, and the distance from it."""
    yield Measure(
        "nodes_bound", "Nodes needed at least, at the end", "nodes", None, "count", "nodes",
        "nodes", "No packing of the pods that run at the end uses fewer of these nodes.",
        None, "absent", compute=_bound,
    )  # fmt: skip
    yield Measure(
        "packing_gap", "Nodes in use above that", "share", "lower", "share", "nodes", "nodes",
        "How many more nodes they use than `nodes_bound`, of it, at the end.",
        None, "absent", compute=_gap,
    )  # fmt: skip


def _running(results: Results) -> pl.DataFrame:
    daemon = pl.col("owner").str.starts_with("DaemonSet/").fill_null(value=False)
    running = (pl.col("phase").cast(pl.String) == "running") & pl.col("node").is_not_null()
    columns = ["node", "cpu_milli", "memory_bytes", "gpu_milli"]
    return results.table("pods").filter(running & ~daemon).select(columns).collect()


def _bound(results: Results) -> float | None:
    pods = _running(results)
    nodes = results.table("nodes").filter(pl.col("removed_us").is_null()).collect()
    if pods.is_empty() or nodes.is_empty():
        return None
    nodes = nodes.with_columns(gpu_milli=pl.col("gpu_count") * 1_000, pods=pl.col("max_pods"))
    asked = {name: int(pods[name].sum()) for name in ("cpu_milli", "memory_bytes", "gpu_milli")}
    least = [_least(nodes[name], amount) for name, amount in asked.items()]
    return float(max(1, *least, _least(nodes["pods"], pods.height)))


def _least(each: pl.Series, asked: int) -> int:
    """The roomiest nodes first."""
    room = each.sort(descending=True).cum_sum()
    return min(int((room < asked).sum()) + 1, len(each)) if asked else 0


def _gap(results: Results) -> float | None:
    bound = _bound(results)
    return None if bound is None else _running(results)["node"].n_unique() / bound - 1
