"""NodeResourcesBalancedAllocation: prefer nodes whose resource shares this pod brings together.

The node's balance without the pod changes only when the node does, so it is kept and repaired
with it.

Mirrors: kube-scheduler v1.36 plugins/noderesources/balanced_allocation: 50 + (50 + with −
without) / 2, each part trunc((1 − std)·100) over the shares of true requests, std = |f₁ − f₂| / 2
for two resources; skipped for pods that request none of them.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import Query, Rows, Scope, ScorePlugin
from simk8s.placement.plugins._allocation import Params, resource_row
from simk8s.placement.view import Overlay, View
from simk8s.state.nodes import Floats, NodeTable
from simk8s.state.resources import CPU, MEMORY, PODS

Balances = NDArray[np.int32]

REPAIRS = 64
"""Up to so many dirty rows are repaired one by one, more mean a pass over all of them: to gather
some takes numpy longer.
"""
ONE, HUNDRED, SHIFT = np.array(1.0), np.array(100.0), np.array(1, np.int32)
"""Arrays: numpy takes longer to look at a Python number than at 500 nodes."""


class BalancedAllocation(ScorePlugin):
    """Score by the change of balance that the pod brings."""

    name: ClassVar[str] = "NodeResourcesBalancedAllocation"
    scope: ClassVar[Scope] = Scope.NODE

    def __init__(self, params: Params | None = None) -> None:
        self._names = [r.name for r in (params or Params()).resources]
        self.plain = sorted(self._names) == ["cpu", "memory"]
        self._kept: Balances = np.empty(0, np.int32)
        self._position = 0
        self._nodes: NodeTable | None = None

    def key(self, query: Query, view: View) -> Hashable | None:
        """True requests of the resources that count; a pod with none of them is skipped."""
        values = query.requests.values
        if self.plain:
            cpu, memory = values[CPU], values[MEMORY]
            return (cpu, memory) if cpu or memory else None
        asked = tuple(amount for _, amount in self._asked(query, view))
        return asked if any(asked) else None

    def wakes(self, query: Query, view: View) -> bool:
        """Whether the pod asks for one of the resources."""
        values = query.requests.values
        if self.plain:
            return bool(values[CPU] or values[MEMORY])
        return self.key(query, view) is not None

    def _asked(self, query: Query, view: View) -> list[tuple[int, int]]:
        """(resource row, what the pod asks for) of the resources that the cluster knows."""
        values = query.requests.values
        rows = [resource_row(view.nodes.resources, name) for name in self._names]
        return [(r, values[r] if r < len(values) else 0) for r in rows if r is not None]

    def score(self, query: Query, view: View, rows: Rows) -> NDArray[Any]:
        """Exact integers, computed in the order of the original.

        Both balances are 50 to 100, so the difference that is halved is never negative, and a
        shift truncates it.
        """
        nodes, values = view.nodes, query.requests.values
        if not self.plain or nodes.lacking:
            return self._general(query, view, rows)
        score = _balance(view.halves(values[CPU], values[MEMORY], rows))
        np.add(score, self.headroom(view, rows), score)
        np.right_shift(score, SHIFT, score)
        return score

    def _general(self, query: Query, view: View, rows: Rows) -> NDArray[Any]:
        """Any resources, each node over those that it has."""
        nodes = view.nodes
        before, after, there = [], [], []
        for row, asked in self._asked(query, view):
            if (not asked and row >= PODS) or row >= len(nodes.free):
                continue
            whole = nodes.allocatable[row][rows]
            used = whole - nodes.free[row][rows]
            has = whole > 0
            divisor = np.where(has, whole, 1)
            before.append(np.where(has, np.minimum(used / divisor, 1.0), 0.0))
            after.append(np.where(has, np.minimum((used + asked) / divisor, 1.0), 0.0))
            there.append(has)
        change = 50.0 + _spread(after, there) - _spread(before, there)
        return 50.0 + np.trunc(change / 2.0)

    def score_one(self, query: Query, view: View, row: int) -> int:
        """The scalar form of `score`."""
        if not self.plain or view.nodes.lacking:
            return super().score_one(query, view, row)
        used, whole, values = view.nodes.used_at, view.nodes.whole_at, query.requests.values
        cpu, memory = used[0][row], used[1][row]
        all_cpu, all_memory = whole[0][row], whole[1][row]
        without = _balance_one(cpu / all_cpu, memory / all_memory)
        with_pod = _balance_one(
            (cpu + values[CPU]) / all_cpu, (memory + values[MEMORY]) / all_memory
        )
        return 50 + int((50 + with_pod - without) / 2)

    def headroom(self, view: View, rows: Rows) -> Balances:
        """150 − balance without the pod; in the real view it is kept and repaired."""
        nodes = view.nodes
        if isinstance(view, Overlay):
            return _headroom(nodes.used_f[:, rows], nodes.twice_f[:, rows])
        return self.kept(view)[rows]

    def kept(self, view: View) -> Balances:
        """150 − balance without the pod of every node of the real view, brought up to date."""
        nodes = view.nodes
        end = nodes.dirty_base + len(nodes.dirty)
        fresh = end - self._position
        most = min(REPAIRS, len(nodes.dirty))  # the log may have been cut behind us
        if len(self._kept) != nodes.n or self._nodes is not nodes or fresh > most:
            self._kept = _headroom(nodes.used_f, nodes.twice_f)
            self._nodes = nodes
        elif fresh:
            self._repair(nodes, nodes.dirty[-fresh:])
        self._position = end
        return self._kept

    def _repair(self, nodes: NodeTable, rows: list[int]) -> None:
        """`_headroom` of some rows."""
        (cpus, memories), (all_cpus, all_memories) = nodes.used_at, nodes.whole_at
        kept = self._kept
        for row in rows:
            cpu, memory = cpus[row] / all_cpus[row], memories[row] / all_memories[row]
            kept[row] = 150 - _balance_one(cpu, memory)


def _headroom(used: Floats, twice: Floats) -> Balances:
    headroom: Balances = 150 - _balance(np.minimum(used / twice, 0.5))
    return headroom


def _balance(halves: Floats) -> Balances:
    """trunc((1 − |f_cpu − f_mem| / 2)·100) from the halved fractions (halving is exact)."""
    spread = halves[0] - halves[1]
    np.abs(spread, spread)
    np.subtract(ONE, spread, spread)
    np.multiply(spread, HUNDRED, spread)
    balance: Balances = spread.astype(np.int32)
    return balance


def _balance_one(cpu: float, memory: float) -> int:
    cpu, memory = cpu if cpu < 1.0 else 1.0, memory if memory < 1.0 else 1.0
    return int((1.0 - abs(cpu - memory) / 2.0) * 100.0)


def _spread(shares: list[Floats], there: list[NDArray[np.bool_]]) -> Floats:
    """trunc((1 − std)·100) node by node over the resources that the node has."""
    count = np.sum(there, axis=0)
    total = np.zeros(len(count))
    for share in shares:
        total = total + share
    mean = total / np.maximum(count, 1)
    squares = np.zeros(len(count))
    for share, has in zip(shares, there, strict=True):
        squares = np.where(has, squares + (share - mean) * (share - mean), squares)
    std = np.sqrt(squares / np.maximum(count, 1))
    std = np.where(count == 2, _half_gap(shares, there), std)
    std = np.where(count < 2, 0.0, std)
    balance: Floats = np.trunc((1.0 - std) * 100.0)
    return balance


def _half_gap(shares: list[Floats], there: list[NDArray[np.bool_]]) -> Floats:
    """|first − second| / 2 of the two resources that a node has."""
    first, second = np.zeros(len(shares[0])), np.zeros(len(shares[0]))
    seen = np.zeros(len(shares[0]), np.int64)
    for share, has in zip(shares, there, strict=True):
        first = np.where(has & (seen == 0), share, first)
        second = np.where(has & (seen == 1), share, second)
        seen = seen + has
    return np.abs((first - second) / 2.0)
