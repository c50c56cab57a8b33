"""What no placement can beat, by linear programming: for clusters that are too large to solve.

Pods and nodes that are alike are counted together, pods may be split; what is left of a node being
a node are rounded rows and prices of devices (`rows`). A solver of floating point only proposes
multipliers: the bound is what these prove, whatever they are, pod by pod and class by class
(weak duality), with `SAFE` on top for the rounding of sums. So it holds where the solver is
inexact, stops early, or has seen no more than a coarser picture: beyond `MOST_PAIRS` pairs of
group and class, groups are merged for the solver alone (`coarser`), and the bound is still charged
to every group as it is. Without a solver's answer it is the one from totals.

Law: `most` is never below and `fewest` never above what some placement reaches.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from simk8s.packing.coarser import coarser
from simk8s.packing.device_rows import cheapest
from simk8s.packing.fleet import Fleet, Pods
from simk8s.packing.problem import IntArray
from simk8s.packing.rows import GPU, PRICED, FloatArray, Rows

MOST_PAIRS = 20_000
PRICINGS = 8
"""Rounds in which devices get other prices."""
SAFE = 1e-9
_DIGITS = 9
"""Multipliers are rounded to so many, so that the last bits of a solver decide nothing."""


@dataclass(frozen=True, eq=False)
class Held:
    """Pods weighted so are worth at least `value` together."""

    worth: IntArray
    value: int


def most(fleet: Fleet, worth: IntArray, held: Sequence[Held] = ()) -> int:
    """The most that pods placed can be worth together, `worth` `[G]` each."""
    if not len(fleet.pods) or not len(fleet.nodes):
        return 0
    weights = [worth, *(each.worth for each in held)]
    small, columns = coarser(fleet, weights, MOST_PAIRS)
    rows, best = Rows.of(fleet), math.inf
    for _ in range(PRICINGS):
        found = _Programme(small, rows).most(columns, [each.value for each in held])
        if found is None:
            break
        best = min(best, _proved(fleet, rows, worth, held, found))
        if not _reprice(rows, small.pods, found):
            break
    totals = _proved(fleet, rows, worth, held, None)
    return math.floor(min(best, totals) + SAFE * (1 + abs(min(best, totals))))


def fewest(fleet: Fleet) -> int:
    """Nodes that are in use at least if all pods are placed, busy ones included."""
    busy = int(fleet.nodes[fleet.busy].sum())
    if not len(fleet.pods) or not len(fleet.nodes):
        return busy
    small, _ = coarser(fleet, [], MOST_PAIRS)
    rows = Rows.of(fleet)
    best = max(map(partial(_needed, fleet, rows), _alone(rows)), default=0.0)
    for _ in range(PRICINGS):
        found = _Programme(small, rows).fewest()
        if found is None:
            break
        best = max(best, _needed(fleet, rows, found.of_rows))
        if not _reprice(rows, small.pods, found):
            break
    return busy + math.ceil(best - SAFE * (1 + best))


@dataclass(frozen=True, slots=True)
class _Found:
    """Multipliers of the rows and of what is held, and `[G, C]` pods placed."""

    of_rows: FloatArray
    of_held: FloatArray
    placed: FloatArray


def _reprice(rows: Rows, pods: Pods, found: _Found) -> bool:
    """Adds the prices at which this takes more devices than there are, if it does. Where devices
    bind nowhere, no prices can."""
    devices = [row.resource in (GPU, PRICED) for row in rows.rows[: len(found.of_rows)]]
    if not (found.of_rows[devices] > 0).any():
        return False
    demand: dict[int, float] = {}
    parts = (found.placed.sum(axis=1) * pods.devices).tolist()
    for milli, count in zip(pods.milli.tolist(), parts, strict=True):
        if count > 0:
            demand[milli] = demand.get(milli, 0.0) + count
    prices = cheapest(demand)
    if not prices or prices in rows.prices:
        return False
    rows.price(prices)
    return True


# -- what multipliers prove ----------------------------------------------------------------------


def _charges(fleet: Fleet, rows: Rows, of_rows: FloatArray) -> FloatArray:
    """`[G, C]`: what a pod pays on a node of a class."""
    charged = np.zeros(fleet.room.shape)
    for i in np.flatnonzero(of_rows > 0).tolist():
        charged[:, rows.rows[i].c] += of_rows[i] * rows.coefficients(i, fleet.pods)
    return charged


def _proved(
    fleet: Fleet, rows: Rows, worth: IntArray, held: Sequence[Held], found: _Found | None
) -> float:
    """Everybody is placed where he is worth the most above what he pays."""
    value = worth.astype(np.float64)
    terms: list[float] = []
    charged = np.zeros(fleet.room.shape)
    if found is not None:
        charged = _charges(fleet, rows, found.of_rows)
        terms += (found.of_rows * np.array(rows.limits[: len(found.of_rows)])).tolist()
        for each, multiplier in zip(held, found.of_held.tolist(), strict=True):
            value = value + multiplier * each.worth
            terms.append(-multiplier * each.value)
    gains = np.maximum(value[:, None] - charged, 0.0)
    return math.fsum([*terms, *_fill(gains, fleet).tolist()])


def _needed(fleet: Fleet, rows: Rows, of_rows: FloatArray) -> float:
    """Everybody pays where it is cheapest; a node is not paid more than it costs."""
    limits = np.array(rows.limits[: len(of_rows)])
    classes = np.array([row.c for row in rows.rows[: len(limits)]], np.int64)
    paid = np.bincount(classes, of_rows, len(fleet.nodes))
    full = np.bincount(classes, of_rows * limits, len(fleet.nodes))
    over = np.where(fleet.busy, full, np.maximum(paid - 1.0, 0.0) * fleet.nodes)
    charged = _charges(fleet, rows, of_rows)
    return math.fsum([*(-over).tolist(), *(-_fill(-charged, fleet)).tolist()])


def _alone(rows: Rows) -> Iterator[FloatArray]:
    """Each kind of row by itself, everywhere: what totals say, without a solver."""
    kinds = [(row.resource, row.k) for row in rows.rows]
    for kind in dict.fromkeys(kinds):
        yield np.array([float(each == kind) for each in kinds])


def _fill(gains: FloatArray, fleet: Fleet) -> FloatArray:
    """`[G]`: a group put on the classes where it gains the most first, as far as there is room."""
    order = np.argsort(-gains, axis=1, kind="stable")
    room = np.take_along_axis(fleet.room, order, axis=1)
    before = np.cumsum(room, axis=1) - room
    taken = np.clip(fleet.pods.counts[:, None] - before, 0, room)
    sums = np.zeros(len(gains))
    for column in (np.take_along_axis(gains, order, axis=1) * taken).T:
        sums += column
    return sums


# -- the linear programme ------------------------------------------------------------------------


class _Programme:
    """Variables: pods of a group on a class, where there is room."""

    def __init__(self, fleet: Fleet, rows: Rows) -> None:
        self.fleet, self.rows = fleet, rows
        self.group, self.at = np.nonzero(fleet.room)
        self.size = len(self.group)

    def _matrix(self) -> tuple[Any, Any]:
        from scipy.sparse import csr_array

        fleet, n = self.fleet, len(self.rows.rows)
        of_class = [np.flatnonzero(self.at == c) for c in range(len(fleet.nodes))]
        none = np.zeros(0, np.int64)
        parts = [(none, none, np.zeros(0))]
        for i in range(n):
            mine = of_class[self.rows.rows[i].c]
            values = self.rows.coefficients(i, fleet.pods)[self.group[mine]]
            parts.append((np.full(len(mine), i), mine, values))
        lines, columns, entries = zip(*parts, strict=True)
        line, column, value = map(np.concatenate, (lines, columns, entries))
        rows = csr_array((value, (line, column)), shape=(n, self.size))
        ones = (np.ones(self.size), (self.group, np.arange(self.size)))
        return rows, csr_array(ones, shape=(len(fleet.pods), self.size))

    def most(self, columns: Sequence[FloatArray], held: Sequence[int]) -> _Found | None:
        """`columns`: worth first, then what is held, for the pods of the programme."""
        from scipy.sparse import csr_array, vstack

        if not self.size:
            return None
        rows, groups = self._matrix()
        own = [csr_array(-each[self.group][None]) for each in columns[1:]]
        limits = [self.rows.limits, self.fleet.pods.counts, [-v for v in held]]
        upper = self.fleet.room[self.group, self.at].astype(float)
        answer = _solve(-columns[0][self.group], vstack([rows, groups, *own]), limits, upper)
        if answer is None:
            return None
        multipliers, x = answer
        n, held_at = len(self.rows.rows), len(self.rows.rows) + len(self.fleet.pods)
        return _Found(multipliers[:n], multipliers[held_at:], self._placed(x))

    def fewest(self) -> _Found | None:
        """Every pod is placed, on the fewest nodes of those that are not busy."""
        from scipy.sparse import csr_array, hstack, vstack

        if not self.size:
            return None
        fleet, (rows, groups) = self.fleet, self._matrix()
        free = ~fleet.busy
        lines = [i for i, row in enumerate(self.rows.rows) if free[row.c]]
        columns = [self.rows.rows[i].c for i in lines]
        shape = (len(self.rows.rows), len(fleet.nodes))
        used = csr_array((np.full(len(lines), -1.0), (lines, columns)), shape=shape)
        none = csr_array((len(fleet.pods), len(fleet.nodes)))
        limits = [
            [0.0 if free[row.c] else limit for row, limit in zip(self.rows.rows, self.rows.limits,
                                                                 strict=True)],
            -np.minimum(fleet.pods.counts, fleet.room.sum(axis=1)),
        ]  # fmt: skip
        upper = np.concatenate([fleet.room[self.group, self.at], np.where(free, fleet.nodes, 0)])
        cost = np.concatenate([np.zeros(self.size), free.astype(float)])
        matrix = vstack([hstack([rows, used]), hstack([-groups, none])])
        answer = _solve(cost, matrix, limits, upper.astype(float))
        if answer is None:
            return None
        multipliers, x = answer
        return _Found(multipliers[: len(self.rows.rows)], np.zeros(0), self._placed(x))

    def _placed(self, x: FloatArray) -> FloatArray:
        placed = np.zeros(self.fleet.room.shape)
        placed[self.group, self.at] = x[: self.size]
        return placed


def _solve(
    cost: FloatArray, matrix: Any, limits: Sequence[Any], upper: FloatArray
) -> tuple[FloatArray, FloatArray] | None:
    """Multipliers ≥ 0 and the point, of min cost·x with matrix·x ≤ limits."""
    from scipy.optimize import linprog

    bounds: Any = np.column_stack([np.zeros(len(upper)), upper])
    limit = np.concatenate([np.asarray(each, float) for each in limits])
    found = linprog(cost, A_ub=matrix, b_ub=limit, bounds=bounds, method="highs")
    if found.status != 0:
        return None
    multipliers = np.maximum(np.round(-found.ineqlin.marginals, _DIGITS), 0.0)
    return multipliers, np.asarray(found.x)
