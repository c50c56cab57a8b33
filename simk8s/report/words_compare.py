"""Which variant is better on what, and how sure that is, in sentences.

Law: a difference is called better or worse only when it is sure after correction for everything
that is compared, or with one seed with the words that it is one seed; differences too small to
matter are not told. What the verdict looks at comes first; *besides* is told what is sure among the
other numbers, after the weaker correction for those.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from simk8s.report.phrases import phrase
from simk8s.results.compare import Cell, Comparison, Row, counts
from simk8s.results.statistics import FEWEST_TO_RESAMPLE

# What is looked at (`results.compare.KEY`), as it is called in a sentence.
CALLED = {
    "high_priority_started": "high-priority pods started",
    "pods_unscheduled": "pods never scheduled",
    "pods_dropped": "pods dropped",
    "pods_lost": "pods lost",
    "pods_moved": "pods moved",
    "pods_evicted": "pods evicted",
    "availability_nines": "availability",
    "recovery_us_p95": "95th percentile of the time to recover",
    "gpu_allocation_end": "GPU allocated at the end",
    "started_within_5s": "pods running within 5 s",
    "startup_us_p50": "median time until running",
    "startup_us_p99": "99th percentile of the time until running",
    "nodes_used_mean": "nodes in use",
    "node_cost": "cost of nodes",
}
# What else is told if it is sure: money, energy, fragments, fairness, disruption.
BESIDES = (
    "node_cost_used", "energy_kwh", "gpu_fragmentation_mean", "cpu_stranded_mean",
    "queue_served_worst", "queue_fairness", "lost_work_us", "budget_exhausted_us",
)  # fmt: skip
_TOLD_IF_SAME = ("high_priority_started", "pods_lost", "availability_nines", "startup_us_p99")
"""Whom to reassure that nothing has changed."""
_MOST_TOLD = 4


@dataclass(frozen=True, slots=True)
class Standing:
    """A variant against the baseline: rows on which it is better, worse, unclear."""

    variant: str
    better: tuple[Row, ...]
    worse: tuple[Row, ...]
    unclear: tuple[Row, ...]
    alike: tuple[Row, ...] = ()
    identical: bool = False
    besides: tuple[Row, ...] = ()
    """Sure differences among other numbers."""


def verdict(comparison: Comparison) -> tuple[str, list[str]]:
    """A headline, and a sentence for every variant but the first."""
    standings = [_standing(comparison, variant) for variant in comparison.variants[1:]]
    if not standings:
        return f"Only one variant, {comparison.baseline}: nothing to compare it with.", []
    return _headline(comparison, standings), [_sentence(comparison, s) for s in standings]


def sureness(comparison: Comparison) -> str:
    """How sure the differences are."""
    n = len(comparison.seeds)
    if n == 1:
        return (
            "One seed: every difference is of this one day. "
            "With more seeds the page says how sure it is."
        )
    compared = sum(
        cell.difference is not None for row in _key_rows(comparison) for cell in row.cells
    )
    tests = "the t-test and the bootstrap both say so"
    if n < FEWEST_TO_RESAMPLE:
        tests = f"the t-test alone says so ({n} seeds are too few for the bootstrap)"
    return (
        f"Differences are means over {n} seeds, taken seed by seed, since variants of a seed saw "
        f"the same arrivals and faults. Better and worse: {tests}, "
        f"after Holm's correction for the {compared} differences of this verdict; after that of "
        "Benjamini and Hochberg elsewhere, and for what is said besides."
    )


def matters(row: Row, cell: Cell) -> bool:
    """Whether a difference is large enough to be told."""
    if cell.difference is None or cell.mean is None:
        return False
    return counts(row, cell.difference.mean)


def _standing(comparison: Comparison, variant: str) -> Standing:
    if comparison.identical(variant):
        return Standing(variant, (), (), (), identical=True)
    better, worse, unclear, alike = [], [], [], []
    for row in _key_rows(comparison):
        cell = row.cell(variant)
        if cell.difference is None:
            continue
        if cell.difference.verdict == "same":
            alike += [row] if row.measure.name in _TOLD_IF_SAME else []
        elif cell.difference.verdict == "unsure":
            unclear.append(row)
        elif cell.difference.verdict == "alike":
            alike.append(row)
        elif not matters(row, cell):
            continue
        elif _improves(row, cell):
            better.append(row)
        else:
            worse.append(row)
    besides = tuple(_besides(comparison, variant))
    return Standing(
        variant, tuple(better), tuple(worse), tuple(unclear), tuple(alike), False, besides
    )


def _besides(comparison: Comparison, variant: str) -> Iterable[Row]:
    for name in BESIDES:
        row = comparison.row(name)
        if row is None:
            continue
        cell = row.cell(variant)
        if cell.difference is not None and cell.difference.sure and matters(row, cell):
            yield row


def _key_rows(comparison: Comparison) -> Iterable[Row]:
    found = (comparison.row(name) for name in CALLED)
    return (row for row in found if row is not None)


def _improves(row: Row, cell: Cell) -> bool:
    up = cell.difference is not None and cell.difference.mean > 0
    return up == (row.measure.better == "higher")


def _headline(comparison: Comparison, standings: list[Standing]) -> str:
    base = comparison.baseline
    winners = [s for s in standings if s.better and not s.worse]
    seeds = len(comparison.seeds)
    how = "on this one seed" if seeds == 1 else f"over {seeds} seeds"
    if winners:
        best = max(winners, key=lambda s: len(s.better))
        return (
            f"{best.variant} is better than {base} on {_titles(best.better)} "
            f"and worse on nothing that counts, {how}."
        )
    if all(s.identical for s in standings):
        return f"All variants are identical to {base}, row by row, {how}."
    if not any(s.better or s.worse for s in standings):
        return f"No variant differs clearly from {base} on what counts, {how}."
    if all(s.worse and not s.better for s in standings):
        return f"{base} is better than every other variant on what counts, {how}."
    most = max(standings, key=lambda s: len(s.better) - len(s.worse))
    if not most.better:
        return f"No variant is clearly better than {base}, {how}."
    return (
        f"It is a trade-off: {most.variant} is better than {base} on {_titles(most.better)} "
        f"but worse on {_titles(most.worse)}, {how}."
    )


def _sentence(comparison: Comparison, standing: Standing) -> str:
    variant, parts = standing.variant, []
    if standing.identical:
        return f"{variant}: identical to {comparison.baseline}, row by row."
    told = [_told(rows, variant) for rows in (standing.better, standing.worse) if rows]
    if told:
        parts.append(" but ".join(told))
    if standing.besides:
        phrases = (phrase(r, r.cell(variant), values=False) for r in _most(standing.besides))
        parts.append("besides, it " + _joined(list(phrases)))
    if standing.unclear:
        open_ = [_open(row, variant, i == 0) for i, row in enumerate(_most(standing.unclear))]
        parts.append("open: " + _joined(open_))
    if standing.alike:
        parts.append("no difference that counts in " + _titles(standing.alike))
    if not told and not standing.besides and not standing.unclear:
        return f"{variant}: no difference from {comparison.baseline} that counts."
    return f"{variant}{' ' if told else ': '}" + "; ".join(parts) + "."


def _titles(rows: tuple[Row, ...]) -> str:
    return _joined([CALLED[row.measure.name] for row in _most(rows)])


def _most(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    return rows[:_MOST_TOLD]


def _open(row: Row, variant: str, first: bool) -> str:
    """What is not settled, and what would settle it: said once, then by the number alone."""
    more = row.cell(variant).difference
    title = CALLED[row.measure.name]
    if more is None or more.more_seeds is None:
        return title
    if not first:
        return f"{title} ({more.more_seeds:,})"
    seeds = "seed" if more.more_seeds == 1 else "seeds"
    return f"{title} (some {more.more_seeds:,} more {seeds} would settle it)"


def _told(rows: tuple[Row, ...], variant: str) -> str:
    return _joined([phrase(row, row.cell(variant)) for row in _most(rows)])


def _joined(items: list[str]) -> str:
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]
