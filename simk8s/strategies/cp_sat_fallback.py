"""cp_sat_fallback: kube_scheduler decides; for a pod that fits nowhere, CP-SAT makes room.

Room is made by moving at most `maxMoves` running pods that are no more important: none of them ends
up nowhere, PodDisruptionBudgets hold, the fewest move. A move is an eviction through the API; the
pod that the owner makes instead goes where the plan has it. Where there is no such plan, whatever
kube_scheduler does next (preemption among it) is done.

Law: a pod that kube_scheduler can place is placed as by kube_scheduler. One relocation is under
way at a time; the solver's budget is deterministic time with one worker, its simulated latency
a model. Departs: pods that ask for GPUs neither move nor have others moved; the places of moved
pods are not locked, so that what comes first may take them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from simk8s.packing.cluster import Excerpt, MoveOf, status_of
from simk8s.packing.problem import Aim, Stage
from simk8s.packing.solve import Limits, Solved, solve
from simk8s.placement.base import Query
from simk8s.placement.framework import Framework
from simk8s.placement.search import Search
from simk8s.state.pods import NEVER
from simk8s.state.resources import GPU
from simk8s.strategies._cp_sat_fallback_params import Params
from simk8s.strategies.base import Context, Move, Plan, Relocation, Solve, Strategy
from simk8s.strategies.kube_scheduler import KubeScheduler

__all__ = ("CpSatFallback", "Params")

LOWEST = -(1 << 62)


class CpSatFallback(Strategy):
    """See the module."""

    name: ClassVar[str] = "cp_sat_fallback"

    def __init__(self, params: Params, context: Context) -> None:
        self._default = KubeScheduler(params, context)
        self.framework, self.settings = self._default.framework, self._default.settings
        self._params, self._view = params, context.view
        self._relocation: tuple[int, Relocation] | None = None
        """The last one: for which pod."""
        self._hopeless_until_us: dict[tuple[int, int, int], int] = {}

    def handles(self, query: Query) -> bool:
        return self._default.handles(query)

    def framework_of(self, query: Query) -> Framework:
        return self._default.framework_of(query)

    def search_of(self, query: Query) -> Search:
        return self._default.search_of(query)

    def propose_together(self, pending: Sequence[Query], now_us: int) -> Plan:
        return self._default.propose_together(pending, now_us)

    def propose(self, pending: Sequence[Query], now_us: int) -> Plan:
        """kube_scheduler's plan; if it has none, with a relocation if there is one."""
        query, plan = pending[0], self._default.propose(pending, now_us)
        if plan.assignments or plan.rejected[0][1].error or not self._may_try(query, now_us):
            return plan
        excerpt = self._excerpt(query)
        if len(excerpt.rows) < 2 or len(excerpt.kinds) < 2:
            return plan
        problem = excerpt.problem(self._params.max_moves)
        # The fewest moves; whoever runs stays in the excerpt, so this is what is disturbed.
        solved = solve(problem, Limits(self._params.budget), [Stage(Aim.DISTURBED, LOWEST)])
        moves: list[MoveOf] = []
        if solved.feasible:
            moves, seat = excerpt.moves(problem, solved.plan)
            if moves and excerpt.holds(moves, seat):
                targets = tuple(Move(pod, target) for pod, _, target in moves)
                relocation = Relocation(seat, targets)
                self._relocation = (query.pod, relocation)
                plan.relocations = {query.pod: relocation}
        if not plan.relocations:
            self._hopeless_until_us[_kind(query)] = now_us + self._params.pause
        plan.solve = _row(solved, len(excerpt.rows), len(moves))
        spent_us = self._params.latency_per_unit * solved.deterministic_time
        plan.latency_us = max(1, self._params.latency + round(spent_us))
        return plan

    def _may_try(self, query: Query, now_us: int) -> bool:
        if query.requests.gpu.count or not query.template.preempts:
            return False
        if now_us < self._hopeless_until_us.get(_kind(query), 0):
            return False
        if self._relocation is None:
            return True
        _, last = self._relocation
        pods = self._view.pods
        return all(pods.charged[move.pod] == NEVER for move in last.moves)

    def _excerpt(self, query: Query) -> Excerpt:
        """The nodes on which the least is missing for the pod, and the emptiest others."""
        view, most = self._view, self._params.candidates
        nodes = view.nodes
        values = query.requests.values
        rows = [r for r in range(len(nodes.free)) if r != GPU]
        asked = np.array([values[r] if r < len(values) else 0 for r in rows], np.int64)[:, None]
        whole = np.maximum(nodes.allocatable[rows], 1)
        missing = (np.maximum(asked - nodes.free[rows], 0) / whole).sum(axis=0)
        spare = (np.maximum(nodes.free[rows], 0) / whole).min(axis=0)
        may = Excerpt(view, self.framework_of, [], query).allowed(query)
        may &= (nodes.allocatable[rows] >= asked).all(axis=0)
        targets = [n for n in np.argsort(missing, kind="stable").tolist() if may[n]][: most // 2]
        others = [n for n in np.argsort(-spare, kind="stable").tolist() if nodes.exists[n]]
        chosen = dict.fromkeys([*targets, *others][:most]) if targets else {}
        return Excerpt(view, self.framework_of, sorted(chosen), query)


def _kind(query: Query) -> tuple[int, int, int]:
    return query.template.id, query.requests.id, query.priority


def _row(solved: Solved, candidates: int, moves: int) -> Solve:
    reached = solved.reached[0]
    found = solved.feasible
    value, bound = (reached.value, reached.bound) if found else (None, None)
    gap = None if value is None or bound is None else abs(value - bound) / max(value, 1)
    return Solve(
        candidates=candidates,
        status=status_of(found, solved.proved, solved.hopeless),
        objective=None if value is None else float(value),
        bound=None if bound is None else float(bound),
        gap=gap,
        hint_objective=None,
        deterministic_time=solved.deterministic_time,
        curve=solved.curve,
    )
