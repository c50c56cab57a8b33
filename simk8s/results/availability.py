"""How available workloads were, what took their replicas, and how fast they came back.

Law: availability is 1 − replica time missed by damage / replica time wanted since a workload was
complete for the first time; start-up, rollouts and scaling are not in it. All workloads together
are weighed by their replica time. A run with no damage at all has nine nines, and none has more: a
run cannot tell them apart. A dip that is still open counts until the end of the run.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from simk8s.results import quantities
from simk8s.results.format import Format
from simk8s.results.measure import Better, Expression, Measure
from simk8s.results.results import Results
from simk8s.schema.kpis import DETECTION, RECOVERY, REPLACEMENT

MOST_NINES = 9.0
_MISSED, _WANTED = pl.col("unavailable_us").sum(), pl.col("desired_us").sum()
_EACH = 1 - pl.col("unavailable_us") / pl.col("desired_us")
_DAMAGE = pl.col("kind") == "damage"


def by_workload(results: Results) -> pl.DataFrame:
    """The table with `availability` (null if it never was complete), the least available first."""
    known = pl.when(pl.col("desired_us") > 0).then(_EACH)
    frame = results.table("availability").with_columns(availability=known)
    order = ["unavailable_us", "desired_us", "row"]
    return frame.sort(order, descending=[True, False, False]).collect()


def measures() -> Iterable[Measure]:
    """KPIs of availability; a run without owners of pods has none of them."""
    yield from _shares()
    yield from quantities.measures(RECOVERY, "availability", "zero")
    yield from quantities.measures(DETECTION, "availability", "zero")
    yield from quantities.measures(REPLACEMENT, "availability", "zero")
    yield from _sums()


def _shares() -> Iterable[Measure]:
    nines = (-(_MISSED / _WANTED).log10()).clip(upper_bound=MOST_NINES)
    yield Measure(
        "availability", "Availability", "share", "higher", "share", "availability",
        "availability", "Replica time that was there, of what was wanted once a workload was "
        "complete; missed by damage alone.",
        lambda _: 1 - _MISSED / _WANTED, "absent",
    )  # fmt: skip
    yield Measure(
        "availability_worst", "Availability of the worst workload", "share", "higher", "share",
        "availability", "availability", "The least available workload.",
        lambda _: _EACH.filter(pl.col("desired_us") > 0).min(), "absent",
    )  # fmt: skip
    yield Measure(
        "availability_nines", "Availability, nines", "", "higher", "count", "availability",
        "availability", "−log10 of the share missed; nine if nothing was missed.",
        lambda _: nines, "absent",
    )  # fmt: skip


def _sums() -> Iterable[Measure]:
    yield _sum(
        "unavailable_us", "Replica time missed", "work", "availability",
        "By damage, of all workloads.", lambda _: _MISSED,
    )  # fmt: skip
    yield _sum(
        "below_desired_us", "Time below desired", "duration", "availability",
        "Time in which a workload missed replicas by damage, added up over workloads.",
        lambda _: pl.col("below_us").sum(),
    )  # fmt: skip
    yield _sum(
        "dips", "Dips", "count", "dips", "Times that a workload lost replicas it had.",
        lambda _: _DAMAGE.sum(),
    )  # fmt: skip
    yield _sum(
        "dips_open", "Dips not over", "count", "dips", "Dips that the run ended in.",
        lambda _: (_DAMAGE & (pl.col("outcome") == "open")).sum(),
    )  # fmt: skip
    yield _sum(
        "longest_dip_us", "Longest dip", "duration", "dips",
        "The longest time a workload took to recover.", lambda _: pl.col("recovery_us").max(),
    )  # fmt: skip
    yield _sum(
        "never_complete", "Never complete", "count", "availability",
        "Workloads that never had all their replicas.",
        lambda _: ((pl.col("desired") > 0) & pl.col("complete_us").is_null()).sum(),
    )  # fmt: skip
    yield _sum(
        "data_out_us", "Data out of service", "work", "availability",
        "Time that replicas of StatefulSets with claims were not ready, added up.",
        lambda _: pl.col("data_out_us").sum(),
    )  # fmt: skip
    yield _sum(
        "work_wasted_us", "Work wasted", "work", "work",
        "Running time of what ends (Jobs, pods of nobody) that came to nothing.",
        lambda _: pl.col("wasted_us").sum(),
    )  # fmt: skip
    yield _sum(
        "work_redone_us", "Work redone", "work", "work", "What of that was run again.",
        lambda _: pl.col("redone_us").sum(), None,
    )  # fmt: skip
    yield _sum(
        "evictions_granted", "Evictions granted", "count", "disruptions",
        "That PodDisruptionBudgets allowed.", lambda _: pl.col("granted").sum(), None,
    )  # fmt: skip
    yield _sum(
        "evictions_refused", "Evictions refused", "count", "disruptions",
        "That PodDisruptionBudgets refused; each try counts.", lambda _: pl.col("refused").sum(),
    )  # fmt: skip


def _sum(
    name: str,
    title: str,
    how: Format,
    table: str,
    meaning: str,
    expression: Expression,
    better: Better | None = "lower",
) -> Measure:
    unit = "" if how == "count" else "us"
    return Measure(
        name, title, unit, better, how, "availability", table, meaning, expression, "zero"
    )  # fmt: skip
