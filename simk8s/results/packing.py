"""How far what was reached is from what no strategy could have beaten.

Law: bounds are proofs. Those of the table `bounds` know of selectors, taints, GPU devices and
priorities (`packing.relaxation`) and are there where somebody asked for them; without them the
nodes that are needed at the end are bounded by totals, the roomiest nodes first, each resource by
itself. Pods of DaemonSets are left aside, a node with nothing else counts as unused.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from simk8s.results.format import Format
from simk8s.results.measure import Better, Compute, Measure
from simk8s.results.results import Results
from simk8s.schema.solver import Bounded

_MEAN = "mean over the instants at which bounds were proved"


def measures() -> Iterable[Measure]:
    """Bounds, and the distances from them."""
    yield _measure(
        "nodes_bound", "Nodes needed at least, at the end", "count", None,
        "No packing of the pods that run at the end uses fewer of these nodes.", _nodes, "nodes",
    )  # fmt: skip
    yield _measure(
        "packing_gap", "Nodes in use above that", "share", "lower",
        "How many more nodes they use than `nodes_bound`, of it, at the end.", _gap, "nodes",
    )  # fmt: skip
    yield _measure(
        "gap_nodes_mean", "Nodes in use above the least, mean", "share", "lower",
        f"The same, {_MEAN}.", _on_average(Bounded.NODES),
    )  # fmt: skip
    yield _measure(
        "bound_pods", "Pods with a node, at most, at the end", "count", None,
        "No placement of the pods that are there at the end gives more of them a node.",
        _at_the_end(Bounded.PODS, _BOUND),
    )  # fmt: skip
    yield _measure(
        "gap_pods", "Pods with a node, below that", "count", "lower",
        "How many pods fewer have a node than `bound_pods`.",
        _at_the_end(Bounded.PODS, _MISSED),
    )  # fmt: skip
    yield _measure(
        "gap_pods_mean", "Pods without a node that could have one, mean", "share", "lower",
        f"Of those that could have a node, {_MEAN}.", _on_average(Bounded.PODS),
    )  # fmt: skip
    yield _measure(
        "bound_gpu_allocation", "GPU allocated at most, at the end", "share", None,
        "No placement of the pods that are there at the end allocates more of the GPUs.",
        _at_the_end(Bounded.GPU, _BOUND / _CAPACITY),
    )  # fmt: skip
    yield _measure(
        "gap_gpu_allocation", "GPU allocated below that", "share", "lower",
        "How much less is allocated at the end than `bound_gpu_allocation`.",
        _at_the_end(Bounded.GPU, _SHORT),
    )  # fmt: skip
    yield _measure(
        "gap_gpu_mean", "GPU allocated below the most, mean", "share", "lower",
        f"The same, {_MEAN}.", _on_average(Bounded.GPU),
    )  # fmt: skip


_BOUND, _REACHED, _CAPACITY = pl.col("bound"), pl.col("reached"), pl.col("capacity")
_MISSED = _BOUND - _REACHED
_SHORT = _MISSED / _CAPACITY
_OF: dict[Bounded, pl.Expr] = {
    Bounded.NODES: _REACHED / _BOUND - 1,
    Bounded.PODS: _MISSED / _BOUND,
    Bounded.CPU: _SHORT,
    Bounded.GPU: _SHORT,
}
"""The distance from the bound, as a share."""


def _measure(
    name: str, title: str, how: Format, better: Better | None, meaning: str, compute: Compute,
    table: str = "bounds",
) -> Measure:  # fmt: skip
    unit = "share" if how == "share" else "nodes" if "nodes" in name else "pods"
    group = "nodes" if table == "nodes" else "bounds"
    return Measure(name, title, unit, better, how, group, table, meaning, None, "absent", compute)


def bounded(results: Results, what: Bounded) -> pl.DataFrame:
    """What the table `bounds` says of that, of all pods, with the distance as `gap`."""
    rows = results.remember("bounds", lambda: results.table("bounds").collect())
    mine = rows.filter(pl.col("what") == what.value)
    # The lowest priority and above: everybody.
    return mine.group_by("t_us", maintain_order=True).last().with_columns(gap=_OF[what])


def _at_the_end(what: Bounded, value: pl.Expr) -> Compute:
    return lambda results: _last(results, what, value)


def _on_average(what: Bounded) -> Compute:
    return lambda results: _mean(results, what)


def _last(results: Results, what: Bounded, value: pl.Expr) -> float | None:
    rows = bounded(results, what)
    if rows.is_empty() or rows["t_us"][-1] != _end_us(results):
        return None
    return float(rows.tail(1).select(value).item())


def _end_us(results: Results) -> int:
    return int(results.manifest.simulated_us)


def _mean(results: Results, what: Bounded) -> float | None:
    gaps = bounded(results, what)["gap"]
    mean = gaps.filter(gaps.is_finite()).mean()
    return float(mean) if isinstance(mean, float) else None


def _running(results: Results) -> pl.DataFrame:
    daemon = pl.col("owner").str.starts_with("DaemonSet/").fill_null(value=False)
    running = (pl.col("phase").cast(pl.String) == "running") & pl.col("node").is_not_null()
    columns = ["node", "cpu_milli", "memory_bytes", "gpu_milli"]
    return results.table("pods").filter(running & ~daemon).select(columns).collect()


def _nodes(results: Results) -> float | None:
    """The better of the two bounds, if that of the table is of the same pods."""
    pods = _running(results)
    nodes = results.table("nodes").filter(pl.col("removed_us").is_null()).collect()
    if pods.is_empty() or nodes.is_empty():
        return None
    nodes = nodes.with_columns(gpu_milli=pl.col("gpu_count") * 1_000, pods=pl.col("max_pods"))
    asked = {name: int(pods[name].sum()) for name in ("cpu_milli", "memory_bytes", "gpu_milli")}
    least = [_least(nodes[name], amount) for name, amount in asked.items()]
    totals = float(max(1, *least, _least(nodes["pods"], pods.height)))
    proved = _last(results, Bounded.NODES, _BOUND)
    same = _last(results, Bounded.PODS, _REACHED) == pods.height
    return max(totals, proved) if proved is not None and same else totals


def _least(each: pl.Series, asked: int) -> int:
    """The roomiest nodes first."""
    room = each.sort(descending=True).cum_sum()
    return min(int((room < asked).sum()) + 1, len(each)) if asked else 0


def _gap(results: Results) -> float | None:
    bound = _nodes(results)
    return None if bound is None else _running(results)["node"].n_unique() / bound - 1
