"""What nodes draw: their watts (table `node_use`), at rest and at work, over time.

Law: energy is the integral of power over time, exact for what pods request. A machine that is down
draws nothing, one without pods what it draws at rest. Between rest and work a line, in the share of
the machine's CPU and GPUs that pods request; nodes with packages draw by steps. Where a run knows
what pods used (table `usage`), CPU is what they used: the cluster's, spread over nodes as requests
are, which is exact where all machines draw alike; GPUs stay as requested.

Departs: the machine alone: no cooling, no network, no storage outside of it.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from simk8s.results.costs import GROUP, pod_hours
from simk8s.results.measure import Measure
from simk8s.results.results import Results

WH_US_PER_KWH = 3.6e12
"""Watt-microseconds in a kWh."""


def measures() -> Iterable[Measure]:
    """In the order of the page."""
    yield Measure(
        "energy_kwh", "Energy", "kWh", "lower", "energy", GROUP, "node_use",
        "Drawn by machines: at rest, and for the CPU (used if known, else requested) and GPUs "
        "(requested) of pods.", None, "absent", lambda r: _total(r, "kwh"),
    )  # fmt: skip
    yield Measure(
        "energy_used_kwh", "Energy, empty nodes off", "kWh", "lower", "energy", GROUP, "node_use",
        "The same if nodes without pods, those of DaemonSets left aside, had drawn nothing.",
        None, "absent", lambda r: _total(r, "used_kwh"),
    )  # fmt: skip
    yield Measure(
        "energy_per_pod_hour", "Energy of an hour of a pod", "kWh", "lower", "energy", GROUP,
        "node_use", "Energy by running time of pods, DaemonSets' left aside.",
        None, "absent", _per_pod_hour,
    )  # fmt: skip


def by_node(results: Results) -> pl.DataFrame:
    """node, kwh, used_kwh; no rows where nothing is known of it."""
    return results.remember("energy", lambda: _by_node(results))


def _by_node(results: Results) -> pl.DataFrame:
    use = results.table("node_use").collect()
    used_milli_us = _used(results)
    steps = (pl.col("packages") > 0) & (used_milli_us is None)
    cpu = (
        pl.when(steps)
        .then(pl.col("packages_us") / pl.col("packages"))
        .otherwise(_cpu_share(use, used_milli_us))
    )
    gpu = pl.when(pl.col("packages") > 0).then("gpus_busy_us").otherwise("gpu_share_us")
    rest = pl.col("idle_w") + pl.col("gpus") * pl.col("gpu_idle_w")
    work = (pl.col("busy_w") - pl.col("idle_w")) * cpu
    work += (pl.col("gpu_busy_w") - pl.col("gpu_idle_w")) * gpu
    return use.select(
        "node",
        kwh=(rest * pl.col("up_us") + work) / WH_US_PER_KWH,
        used_kwh=(rest * pl.col("used_us") + work) / WH_US_PER_KWH,
    )


def _used(results: Results) -> float | None:
    """milli-CPU · µs that pods used; None if that is not known."""
    since = (pl.col("t_us") - pl.col("t_us").shift(1)).fill_null(0).cast(pl.Float64)
    total = (pl.col("cpu_used_milli") * since).sum()
    found = results.usage.select(pl.when(pl.len() > 0).then(total)).collect().item()
    return None if found is None else float(found)


def _cpu_share(use: pl.DataFrame, used_milli_us: float | None) -> pl.Expr:
    """Time × share of the machine's CPU, by node."""
    requested = pl.col("cpu_share_us")
    if used_milli_us is None:
        return requested
    all_requested = float((use["cpu_share_us"] * use["machine_milli"]).sum())
    if all_requested:
        return requested * (used_milli_us / all_requested)
    # Nobody requested any: by the machines' size.
    whole = float((use["up_us"] * use["machine_milli"]).cast(pl.Float64).sum())
    return pl.col("up_us") * (used_milli_us / whole if whole else 0.0)


def _total(results: Results, column: str) -> float | None:
    found = by_node(results)
    return None if found.is_empty() else float(found[column].sum())


def _per_pod_hour(results: Results) -> float | None:
    total, hours = _total(results, "kwh"), pod_hours(results)
    return None if total is None or not hours else total / hours
