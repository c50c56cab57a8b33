"""How a solver came closer to its bound: gaps of all solves against deterministic time.

The gap of a solve at a time is that of all stages of one kind together: the distances of value and
bound, added up, of the larger of the two, added up; a stage that has not begun has the value that
it will begin with. Solves that met every bound at once are left out.

Law: deterministic time alone, so that a curve is the same on every machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simk8s.results.results import Results

PLACING, THEN = "placing", "then"
"""Stages that place pods, and those that come after: fewest nodes, least fragmentation or moves."""
LOW, HIGH = 0.1, 0.9
_POINTS = 80
_PLACED = "placed"

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Curve:
    """Gaps over `time`: the middle, the band in which 8 of 10 solves are, and the worst solve."""

    time: Floats
    median: Floats
    low: Floats
    high: Floats
    worst: Floats
    worst_solve: int
    """Row in solves."""
    solves: int
    """That did not meet their bounds at once."""


def curves(results: Sequence[Results], kind: str) -> Curve | None:
    """Over all solves of these runs; None if there is nothing to see."""
    steps = [step for each in results for step in _steps(each, kind)]
    if not steps:
        return None
    last = max(float(time[-1]) for _, time, _ in steps)
    first = min((float(t[t > 0].min()) for _, t, _ in steps if (t > 0).any()), default=last)
    time = np.concatenate([[0.0], np.geomspace(first, last, _POINTS)] if last > 0 else [[0.0]])
    gaps = np.array([gap[np.searchsorted(at, time, side="right") - 1] for _, at, gap in steps])
    worst = int(np.lexsort((-gaps.sum(axis=1), -gaps[:, -1]))[0])
    low, median, high = np.quantile(gaps, (LOW, 0.5, HIGH), axis=0)
    return Curve(time, median, low, high, gaps[worst], steps[worst][0], len(steps))


def kinds(results: Results) -> tuple[str, ...]:
    """Those that some solve has."""
    stages = results.table("solve_curve").select(pl.col("stage").unique()).collect()
    placing = [name.startswith(_PLACED) for name in stages["stage"].to_list()]
    return (PLACING,) * any(placing) + (THEN,) * (not all(placing))


def _steps(results: Results, kind: str) -> list[tuple[int, Floats, Floats]]:
    """Per solve: its number, times, and the gap from each of them on."""
    placing = pl.col("stage").str.starts_with(_PLACED)
    frame = results.table("solve_curve").filter(placing if kind == PLACING else ~placing).collect()
    found = []
    for (solve,), rows in frame.group_by(["solve"], maintain_order=True):
        stages: dict[str, tuple[float, float]] = {}
        for stage, value, bound in rows.select("stage", "objective", "bound").iter_rows():
            stages.setdefault(stage, (value, bound))
        gaps = []
        for stage, value, bound in rows.select("stage", "objective", "bound").iter_rows():
            stages[stage] = (value, bound)
            gaps.append(_gap(stages.values()))
        if max(gaps) > 0:
            found.append((int(str(solve)), rows["deterministic_time"].to_numpy(), np.array(gaps)))
    return found


def _gap(stages: Iterable[tuple[float, float]]) -> float:
    pairs = list(stages)
    whole = sum(max(abs(value), abs(bound)) for value, bound in pairs)
    return float(sum(abs(value - bound) for value, bound in pairs) / max(whole, 1.0))
