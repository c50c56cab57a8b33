"""What each fault, eviction or crash did to workloads: dips of the kind damage, put together.

Law: dips of one fault are one blast; those that no fault is behind are one by cause. What a dip
missed counts for whatever began it. Replicas that are missing are exact at every instant.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from simk8s.results import faults
from simk8s.results.results import Results

MINUTE_US = 60_000_000
_KEY = ("fault", "target", "fault_us", "because")
_CALLED = {
    "node_lost": "nodes lost",
    "taint_eviction": "taint evictions",
    "eviction": "evictions",
    "preemption": "preemption",
    "node_pressure": "node pressure",
    "node_removed": "nodes removed",
    "rejected": "pods rejected by kubelets",
    "container": "containers not ready",
    "ended": "pods that were done",
    "deleted": "pods deleted",
}


def damage(results: Results) -> pl.DataFrame:
    """Dips of the kind damage with `workload` (kind and name) and `because` (null with a fault)."""
    names = results.table("availability").select(
        "row", called=pl.concat_str("kind", pl.lit(" "), "name")
    )
    found = results.table("dips").filter(pl.col("kind") == "damage").join(names, on="row")
    because = pl.when(pl.col("fault").is_null()).then("cause")
    return found.with_columns(because=because).sort("dip").collect()


def blasts(results: Results) -> pl.DataFrame:
    """One row a blast, the worst first; `end_us` is null while a workload is not back."""
    dips = damage(results)
    found = dips.group_by(_KEY, maintain_order=True).agg(
        pl.col("hit_us").min(),
        pl.col("fault_nodes").max(),
        pl.col("nodes").sum(),
        pl.col("pods_hit").sum(),
        pl.col("row").n_unique().alias("workloads"),
        pl.col("missed_us").sum(),
        pl.col("detected_us").min(),
        pl.col("replaced_us").max(),
        open=pl.col("end_us").is_null().any(),
        end_us=pl.col("end_us").max(),
        dips=pl.col("dip"),
        desired=pl.col("desired").sum(),
    )
    closed = pl.when(~pl.col("open")).then("end_us")
    nodes = pl.coalesce("fault_nodes", "nodes")
    return found.with_columns(end_us=closed, nodes=nodes).sort(
        "missed_us", "hit_us", descending=[True, False], maintain_order=True
    )


def name(blast: dict[str, object]) -> str:
    """What to call it: `zone b outage`, `evictions`."""
    if blast["fault"] is None:
        return _CALLED.get(str(blast["because"]), str(blast["because"]))
    return faults.name(str(blast["fault"]), str(blast["target"]))


def steps(results: Results, dips: pl.Series | None = None) -> pl.DataFrame:
    """t_us, missing, desired: of these dips together (None = of all), at every change."""
    found = results.table("dip_steps").collect()
    if dips is not None:
        found = found.filter(pl.col("dip").is_in(dips.to_list()))
    lacks = (pl.col("desired") - pl.col("available")).clip(lower_bound=0)
    found = found.sort("dip", "t_us").with_columns(missing=lacks)
    before = pl.col("missing").shift(1).over("dip").fill_null(0)
    wanted = pl.col("desired") - pl.col("desired").shift(1).over("dip")
    changes = found.with_columns(change=pl.col("missing") - before, wanted=wanted.fill_null(0))
    return (
        changes.group_by("t_us")
        .agg(pl.col("change").sum(), pl.col("wanted").sum())
        .sort("t_us")
        .select("t_us", missing=pl.col("change").cum_sum(), wanted=pl.col("wanted").cum_sum())
    )


@dataclass(frozen=True, slots=True)
class Minute:
    """The minute in which the most replica time was missed, and by whom."""

    start_us: int
    missing: float
    """Replicas, on average."""
    by_workload: list[tuple[str, float]]
    """The most affected first."""
    because: str


def worst_minute(results: Results) -> Minute | None:
    """The worst whole minute of the run."""
    all_steps = steps(results)
    if all_steps.is_empty():
        return None
    end_us = results.manifest.simulated_us
    edges = np.arange(0, end_us + MINUTE_US, MINUTE_US, dtype=np.float64)
    missed = np.diff(_integral(all_steps, end_us, edges))
    worst = int(missed.argmax())
    first, last = worst * MINUTE_US, (worst + 1) * MINUTE_US
    dips = damage(results).filter(
        (pl.col("start_us") < last) & (pl.col("end_us").is_null() | (pl.col("end_us") > first))
    )
    shares: dict[str, float] = {}
    causes: dict[str, float] = {}
    for dip in dips.rows(named=True):
        own = steps(results, pl.Series([dip["dip"]]))
        ends = _integral(own, end_us, np.array([first, last], np.float64))
        lacking = float(ends[1] - ends[0]) / MINUTE_US
        shares[dip["called"]] = shares.get(dip["called"], 0.0) + lacking
        causes[name(dip)] = causes.get(name(dip), 0.0) + lacking
    ranked = sorted(shares.items(), key=lambda one: (-one[1], one[0]))
    because = min(causes, key=lambda cause: (-causes[cause], cause))
    return Minute(first, float(missed[worst]) / MINUTE_US, ranked, because)


def _integral(
    found: pl.DataFrame, end_us: int, at_us: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Missed until each of these instants, in replica-µs."""
    knots = np.append(found["t_us"].to_numpy(), end_us).astype(np.float64)
    grown = np.cumsum(found["missing"].to_numpy() * np.diff(knots))
    result: np.ndarray[tuple[int], np.dtype[np.float64]] = np.interp(
        at_us, knots, np.concatenate([[0.0], grown])
    )
    return result
