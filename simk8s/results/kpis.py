"""The numbers that sum a run up, each as one polars expression over one table.

Law: a measure is data (name, title, unit, which way is better, what it means, expression), so that
the page, the summary, `--json` and the comparison cannot disagree. Means over time weigh each
sample with the time until the next.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable

import polars as pl

from simk8s.results import (
    availability,
    cloud,
    control_plane,
    costs,
    disruption,
    energy,
    fragmentation,
    packing,
    priorities,
    quantities,
    queues,
    slos,
    usage,
    waits,
)
from simk8s.results.measure import Better, Expression, Hide, Kpi, Measure
from simk8s.results.results import Results
from simk8s.schema.enums import LossCause
from simk8s.schema.kpis import QUEUE_WAIT, READY, SCHEDULING, STAGES, STARTUP
from simk8s.schema.manifest import Manifest

__all__ = ["MEASURES", "Kpi", "Measure", "by_name", "kpis", "values"]

STARTED_WITHIN_US = 5_000_000


def kpis(results: Results) -> list[Kpi]:
    """Every KPI of a run, in the order of MEASURES."""
    found = values(results)
    return [
        Kpi(m.name, m.title, found[m.name], m.unit, m.better, m.format, m.group, m.meaning)
        for m in MEASURES
        if m.shows(found[m.name])
    ]


def values(results: Results) -> dict[str, float | None]:
    """Every KPI by name, those that a summary leaves out too."""
    return results.remember("kpis", lambda: _values(results, MEASURES))


def by_name(found: Iterable[Kpi]) -> dict[str, float | None]:
    """KPIs as name and value."""
    return {kpi.name: kpi.value for kpi in found}


def _values(results: Results, measures: Iterable[Measure]) -> dict[str, float | None]:
    per_table: dict[str, list[pl.Expr]] = defaultdict(list)
    found: dict[str, float | None] = {}
    for measure in measures:
        if measure.expression is not None:
            expression = measure.expression(results.manifest).alias(measure.name)
            per_table[measure.table].append(expression)
        elif measure.compute is not None:
            found[measure.name] = _clean(measure.compute(results))
    queries = [results.table(table).select(asked) for table, asked in per_table.items()]
    for frame in pl.collect_all(queries):
        found |= {name: _clean(value) for name, value in frame.row(0, named=True).items()}
    return found


def _clean(value: float | int | None) -> float | int | None:
    """No NaN and no infinity: nothing divided by nothing is nothing."""
    if value is None or not math.isfinite(value):
        return None
    return value


# -- pieces of expressions ----------------------------------------------------------------------


def _count(predicate: pl.Expr) -> Expression:
    return lambda _: predicate.fill_null(value=False).sum()


def _phase(phase: str) -> Expression:
    return _count(pl.col("phase") == phase)


def _until_next() -> pl.Expr:
    """Time that a sample stands for."""
    return (pl.col("t_us").shift(-1) - pl.col("t_us")).fill_null(0).cast(pl.Float64)


def _mean_over_time(column: str) -> Expression:
    weight = _until_next()
    return lambda _: (pl.col(column) * weight).sum() / weight.sum()


def _mean_share(requested: str, allocatable: str) -> Expression:
    weight = _until_next()
    return lambda _: (pl.col(requested) * weight).sum() / (pl.col(allocatable) * weight).sum()


def _peak_share(requested: str, allocatable: str) -> Expression:
    share = pl.col(requested) / pl.col(allocatable)
    return lambda _: share.filter(pl.col(allocatable) > 0).max()


def _started_in_time(manifest: Manifest) -> pl.Expr:
    """Of the pods that fitted and had the time to start before the run ended."""
    in_time = ((pl.col("running_us") - pl.col("created_us")) <= STARTED_WITHIN_US).fill_null(
        value=False
    )
    old_enough = pl.col("created_us") <= manifest.simulated_us - STARTED_WITHIN_US
    return in_time.filter(((old_enough & _NOT_DROPPED) | in_time) & ~quantities.STAYED).mean()


def _per_second(manifest: Manifest) -> pl.Expr:
    return pl.len() / (manifest.simulated_us / 1e6 or math.nan)


_CREATED = pl.col("phase") != "refused"
_NOT_DROPPED = _CREATED & (pl.col("phase") != "dropped")


def _resource(name: str, title: str, requested: str, allocatable: str) -> Iterable[Measure]:
    hide: Hide = "absent" if name == "gpu" else "never"
    meaning = f"{title} requested by pods, of what ready nodes can allocate"
    yield Measure(
        f"{name}_utilisation_mean", f"{title} requested, mean", "share", "higher", "share",
        "utilisation", "timeseries", f"{meaning}; weighted by time.",
        _mean_share(requested, allocatable), hide,
    )  # fmt: skip
    yield Measure(
        f"{name}_utilisation_peak", f"{title} requested, peak", "share", None, "share",
        "utilisation", "timeseries", f"{meaning}; highest sample.",
        _peak_share(requested, allocatable), hide,
    )  # fmt: skip


def _pod(
    name: str,
    title: str,
    meaning: str,
    expression: Expression,
    better: Better | None = None,
    hide: Hide = "never",
) -> Measure:
    return Measure(name, title, "pods", better, "count", "pods", "pods", meaning, expression, hide)


def _losses() -> Iterable[Measure]:
    for cause in LossCause:
        yield _pod(
            f"lost_{cause.value}",
            f"Lost: {cause.value.replace('_', ' ')}",
            f"Pods lost by {cause.value.replace('_', ' ')}.",
            _count(pl.col("lost_cause") == cause.value),
            "lower",
            "zero",
        )


MEASURES: tuple[Measure, ...] = (
    _pod("pods_created", "Pods created", "Replacements included.", _count(_CREATED)),
    _pod("pods_refused", "Refused", "Never created: admission said no and nobody tries again.",
         _phase("refused"), "lower", "zero"),
    Measure(
        "started_within_5s", "Running within 5 s", "share", "higher", "share", "latency", "pods",
        "Share of pods that ran at most 5 s after they were created. Dropped pods are not counted, "
        "nor those created in the last 5 s that did not run yet.",
        _started_in_time,
    ),
    _pod("pods_started", "Pods started", "Ran at some time.", _count(pl.col("running_us") >= 0),
         "higher"),
    _pod("pods_running", "Running at the end", "Phase running.", _phase("running")),
    _pod("pods_succeeded", "Succeeded", "Phase succeeded.", _phase("succeeded")),
    _pod("pods_failed", "Failed", "Phase failed, lost pods included.", _phase("failed"), "lower"),
    _pod("pods_pending", "Pending at the end", "Phase pending.", _phase("pending"), "lower"),
    Measure(
        "pending_share", "Pending at the end, share", "share", "lower", "share", "pods", "pods",
        "Pods in phase pending when the run ended, of all that were created.",
        lambda _: (pl.col("phase") == "pending").mean(), "zero",
    ),
    _pod("pods_unscheduled", "Never scheduled",
         "No node was ever found, dropped pods not counted.",
         _count(pl.col("scheduled_us").is_null() & _NOT_DROPPED), "lower"),
    _pod("pods_dropped", "Dropped", "Did not fit when they came and were not tried again.",
         _phase("dropped"), "lower", "zero"),
    _pod("pods_lost", "Lost", "Ended by a fault, an eviction or preemption.",
         _count(pl.col("lost_cause").is_not_null()), "lower"),
    *_losses(),
    Measure(
        "lost_work_us", "Work lost", "us", "lower", "work", "pods", "pods",
        "Running time of lost pods, added up.", lambda _: pl.col("lost_work_us").sum(), "zero",
    ),
    *disruption.measures(),
    *priorities.measures(),
    *usage.measures(),
    *cloud.measures(),
    *quantities.measures(SCHEDULING, "latency"),
    *quantities.measures(STARTUP, "latency"),
    *quantities.measures(READY, "latency", "zero"),
    *quantities.measures(QUEUE_WAIT, "latency"),
    *(m for stage in STAGES[1:] for m in quantities.measures(stage, "stages", "zero")),
    Measure(
        "attempts", "Scheduling attempts", "", None, "count", "scheduler", "decisions",
        "Attempts, successful or not.", lambda _: pl.len(),
    ),
    Measure(
        "attempts_per_second", "Attempts per second", "1/s", None, "rate", "scheduler",
        "decisions", "Attempts per simulated second.", _per_second,
    ),
    Measure(
        "attempts_unsuccessful", "Unsuccessful attempts", "share", "lower", "share", "scheduler",
        "decisions", "Share of attempts that did not end with a binding.",
        lambda _: (pl.col("outcome") != "bound").mean(),
    ),
    Measure(
        "service_us_mean", "Time an attempt takes, mean", "us", "lower", "duration", "scheduler",
        "decisions", "Time the scheduler spent on an attempt.",
        lambda _: pl.col("service_us").mean(),
    ),
    Measure(
        "victims", "Pods preempted", "pods", "lower", "count", "scheduler", "decisions",
        "Victims that attempts chose.", lambda _: pl.col("victims").sum(), "zero",
    ),
    *availability.measures(),
    *waits.measures(),
    *queues.measures(),
    *slos.measures(),
    *control_plane.measures(),
    *_resource("cpu", "CPU", "cpu_requested_milli", "cpu_allocatable_milli"),
    *_resource("memory", "Memory", "memory_requested_bytes", "memory_allocatable_bytes"),
    *_resource("gpu", "GPU", "gpu_requested_milli", "gpu_allocatable_milli"),
    Measure(
        "gpu_allocation_end", "GPU allocated at the end", "share", "higher", "share",
        "utilisation", "timeseries", "GPU requested of allocatable in the last sample.",
        lambda _: (pl.col("gpu_requested_milli") / pl.col("gpu_allocatable_milli")).last(),
        "absent",
    ),
    Measure(
        "nodes_used_mean", "Nodes in use, mean", "nodes", "lower", "count", "nodes", "timeseries",
        "Nodes with at least one pod, weighted by time.", _mean_over_time("nodes_used"),
    ),
    Measure(
        "nodes_used_peak", "Nodes in use, peak", "nodes", "lower", "count", "nodes", "timeseries",
        "Nodes with at least one pod, highest sample.", lambda _: pl.col("nodes_used").max(),
    ),
    Measure(
        "nodes_down_share", "Node time lost", "share", "lower", "share", "nodes", "nodes",
        "Share of all nodes' time that they were down.",
        lambda manifest: pl.col("down_us").sum() / costs.node_time(manifest).sum(),
        "zero",
    ),
    *packing.measures(),
    *costs.measures(),
    *energy.measures(),
    *fragmentation.measures(),
    Measure(
        "solves", "Plans computed", "", None, "count", "solver", "solves",
        "Plans of a batch strategy.", lambda _: pl.len(), "zero",
    ),
    Measure(
        "solve_gap_mean", "Gap of a plan, mean", "share", "lower", "share", "solver", "solves",
        "Distance of a plan from the proven bound.", lambda _: pl.col("gap").mean(),
        "absent",
    ),
    Measure(
        "solve_stale_share", "Stale placements", "share", "lower", "share", "solver", "solves",
        "Planned placements that no longer held when carried out.",
        lambda _: pl.col("stale").sum() / pl.col("placed").sum(),
        "absent",
    ),
)  # fmt: skip
