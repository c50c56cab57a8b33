"""A difference as a verb: `starts 3.1 ± 0.4 % more high-priority pods`, `is 0.2 s slower at p99`.

Law: what is told is the mean difference and half of Student's interval, of one seed without; as a
percentage of the baseline where `RELATIVE` says so and there is a baseline, else in its own unit.
"""

from __future__ import annotations

import math

from simk8s.results import format as fmt
from simk8s.results.compare import Cell, Row

PHRASES = {
    "high_priority_started": "starts {by} {more|fewer} high-priority pods",
    "pods_unscheduled": "leaves {by} {more|fewer} pods unscheduled",
    "pods_dropped": "drops {by} {more|fewer} pods",
    "pods_lost": "loses {by} {more|fewer} pods",
    "pods_moved": "moves {by} {more|fewer} pods",
    "pods_evicted": "evicts {by} {more|fewer} pods",
    "availability_nines": "has {by} {more|fewer} nines of availability",
    "recovery_us_p95": "recovers {by} {slower|faster} at p95",
    "gpu_allocation_end": "allocates {by} {more|less} of the GPUs at the end",
    "started_within_5s": "runs {by} {more|less} of the pods within 5 s",
    "startup_us_p50": "is {by} {slower|faster} in the median",
    "startup_us_p99": "is {by} {slower|faster} at p99",
    "nodes_used_mean": "uses {by} {more|fewer} nodes",
    "node_cost": "costs {by} {more|less}",
    "node_cost_used": "costs {by} {more|less} if empty nodes are given back",
    "energy_kwh": "draws {by} {more|less} energy",
    "gpu_fragmentation_mean": "leaves {by} {more|less} of the GPUs as fragments",
    "cpu_stranded_mean": "strands {by} {more|less} of the free CPU",
    "queue_served_worst": "gives the worst-served queue {by} {more|less} of what it asks for",
    "queue_fairness": "has an index of fairness {by} {higher|lower}",
    "lost_work_us": "throws away {by} {more|less} work",
    "budget_exhausted_us": "uses up budgets for {by} {longer|shorter}",
}
RELATIVE = frozenset(
    ("high_priority_started", "nodes_used_mean", "node_cost", "node_cost_used", "energy_kwh")
)


def phrase(row: Row, cell: Cell, *, values: bool = True) -> str:
    """What a variant does differently from the baseline, and both values if wanted."""
    assert cell.difference is not None, "the baseline differs from nobody"
    template, mean = PHRASES[row.measure.name], cell.difference.mean
    head, _, rest = template.partition("{by} {")
    words, _, tail = rest.partition("}")
    up, _, down = words.partition("|")
    base, how = row.cells[0].mean or 0.0, row.measure.format
    # From nothing there is no more: it moves 12 pods.
    which = "" if up == "more" and not base and mean > 0 else f" {up if mean > 0 else down}"
    both = f" ({fmt.text(cell.mean, how)} instead of {fmt.text(base, how)})" if values else ""
    return f"{head}{_amount(row, cell, base)}{which}{tail}{both}"


def _amount(row: Row, cell: Cell, base: float) -> str:
    assert cell.difference is not None
    mean, half = abs(cell.difference.mean), cell.difference.found.half_width
    if row.measure.name in RELATIVE and base:
        return _with_unit(100 * mean / base, half and 100 * half / base, "\u00a0%")
    how = row.measure.format
    if how == "share":
        return _with_unit(100 * mean, half and 100 * half, "\u00a0pp")
    if how == "count":
        return _with_unit(mean, half, "")
    told, spread = fmt.text(mean, how), fmt.text(half, how)
    if not half:
        return told
    (number, gap, unit), (more, _, other) = told.partition("\u00a0"), spread.partition("\u00a0")
    if not gap or unit != other:
        return f"{told} ± {spread}"
    return _with_unit(_plain(number), _plain(more), f"\u00a0{unit}")


def _plain(number: str) -> float:
    return float(number.replace(",", ""))


def _with_unit(mean: float, half: float | None, unit: str) -> str:
    """Half of the interval with two digits, the mean with as many decimals; without it where it
    is less than a thousandth of the mean.
    """
    if not half or half < abs(mean) / 1_000:
        return f"{fmt.significant(mean)}{unit}"
    decimals = min(max(1 - math.floor(math.log10(half)), 0), 6)
    return f"{mean:,.{decimals}f} ± {half:,.{decimals}f}{unit}"
