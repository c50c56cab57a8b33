"""The page and the lines that `priority_matters` prints."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from benchmarks.papers._priority_instances import Cell

DEFAULT_OPTIMAL, BOTH, BETTER, FAILURE = (
    "default optimal",
    "better and optimal",
    "better",
    "failure",
)
OUTCOMES = (DEFAULT_OPTIMAL, BOTH, BETTER, FAILURE)

TEN, ONE = 10, 1
PUBLISHED: dict[Cell, tuple[int, int, int, int]] = {
    Cell(4, 4, 95, TEN): (57, 39, 0, 2),
    Cell(8, 4, 95, TEN): (25, 69, 5, 1),
    Cell(16, 4, 95, TEN): (6, 60, 31, 3),
    Cell(32, 4, 95, TEN): (0, 17, 79, 4),
    Cell(8, 8, 95, TEN): (10, 88, 1, 1),
    Cell(16, 8, 95, TEN): (0, 90, 7, 3),
    Cell(32, 8, 95, TEN): (0, 28, 18, 54),
    Cell(8, 8, 100, TEN): (4, 62, 32, 2),
    Cell(16, 8, 100, TEN): (0, 7, 93, 0),
    Cell(32, 8, 100, TEN): (0, 0, 92, 8),
    Cell(32, 4, 95, ONE): (0, 0, 0, 100),
    Cell(32, 8, 95, ONE): (0, 0, 0, 100),
    Cell(32, 8, 100, ONE): (0, 0, 0, 100),
}
"""Per cent of 100 seeds, in the order of OUTCOMES."""


@dataclass(frozen=True, slots=True)
class Run:
    """What came of one seed; `proved`: stages of how many that were proved."""

    seed: int
    outcome: str
    seconds: float
    gained: int
    moved: float
    evicted: float
    proved: int
    stages: int


def interval(hits: int, of: int) -> tuple[float, float]:
    """95 %, in per cent: Clopper–Pearson."""
    from scipy.stats import binomtest

    found = binomtest(hits, of).proportion_ci(0.95, method="exact")
    return 100 * float(found.low), 100 * float(found.high)


def share(runs: Sequence[Run], *outcomes: str) -> float:
    """Per cent of the runs."""
    return 100 * sum(run.outcome in outcomes for run in runs) / len(runs)


def verdict(cell: Cell, runs: Sequence[Run]) -> str:
    """Of the goals: as many better and optimal as published; at 1 s no failures."""
    if cell.seconds == ONE:
        return "reached" if not share(runs, FAILURE) else "missed"
    published, ours = PUBLISHED[cell][1], share(runs, BOTH)
    if ours >= published:
        return "reached"
    high = interval(sum(run.outcome == BOTH for run in runs), len(runs))[1]
    return "missed" if high < published else "open: fewer, within the interval"


def row(cell: Cell, runs: Sequence[Run]) -> list[str]:
    """One line of the table."""
    published = PUBLISHED[cell]
    low, high = interval(sum(run.outcome == BOTH for run in runs), len(runs))
    mean = sum(run.seconds for run in runs) / len(runs)
    better = [run for run in runs if run.outcome in (BOTH, BETTER)] or list(runs)
    moved = 100 * sum(run.moved for run in better) / len(better)
    evicted = 100 * sum(run.evicted for run in better) / len(better)
    return [
        str(cell),
        f"{cell.seconds} s",
        str(len(runs)),
        " / ".join(str(each) for each in published),
        " / ".join(f"{share(runs, each):.0f}" for each in OUTCOMES),
        f"{low:.0f}..{high:.0f}",
        f"{mean:.2f} s",
        f"{moved:.1f} %, {evicted:.1f} %",
        verdict(cell, runs),
    ]


HEAD = ["nodes × pods per node @ usage", "limit", "seeds", "published, %", "ours, %",
        "better and optimal, 95 %", "mean time", "moved, evicted", "goal"]  # fmt: skip


def table(done: dict[Cell, list[Run]]) -> str:
    """Markdown."""
    lines = ["| " + " | ".join(HEAD) + " |", "|" + " --- |" * len(HEAD)]
    lines += ["| " + " | ".join(row(cell, runs)) + " |" for cell, runs in done.items() if runs]
    return "\n".join(lines)


def machine(workers: int) -> str:
    """Where it ran, and what else ran there."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [x for x in info.read_text().splitlines() if x.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else model
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    return (
        f"{os.cpu_count()} cores ({model}), {workers} workers, load average {load}; "
        f"OR-Tools {version('ortools')}, Python {platform.python_version()}"
    )


PAGE = """# "Priority Matters": packing with priorities and few moves

Christensen, Giallorenzo, Mauro (arXiv 2511.08373). Written by
`{command}`; do not edit.

Instances, grid and stages are theirs: from the highest priority down, place the most pods of that
priority and above, then disturb the fewest that run (an eviction counts 1, a move 2). The default
is our `kube_scheduler` (ties by name, no preemption); seeds are the first from 1 on with which it
leaves a pod pending. *Optimal* means that every stage is proved. *Failure*: nothing better
than the default, and no proof that there is nothing.

Columns of shares: default optimal / better and optimal / better / failure.

{table}

Machine: {machine}.
The limit is wall-clock time over everything: start, model, presolve, search.{note}

Published with 1 s at 32 nodes: failures only. Shares of *default optimal* depend on which seeds
qualify, and the published default broke ties in another way than by name; the sum of the first two
columns, what is proved, does not.

How: pods of a ReplicaSet are counts, not pods; the start puts pending pods priority by priority,
evicting less important ones; a stage that meets a bound from totals is not searched for
(`simk8s/packing/`).
"""


def page(done: dict[Cell, list[Run]], command: str, where: str, note: str) -> str:
    """The whole page."""
    return PAGE.format(command=command, table=table(done), machine=where, note=note)
