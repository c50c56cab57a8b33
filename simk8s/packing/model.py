"""The problem as a CP-SAT model that is solved stage after stage. Imports OR-Tools: import late.

Variables: `stay[g, n]` of the pods that run on n, `come[g, n]` more. A value of a stage is held by
a constraint, as an equality once it is proved. Rows that cannot bind are left out.

Law: every plan is a solution and every solution is a plan, of the same value in every stage.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ortools.sat.python import cp_model

from simk8s.packing.problem import EVICTED, MOVED, Aim, Plan, Problem, Stage

LARGEST = 1 << 50
"""A bound beyond this is none."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How long one call may take, in wall-clock or in deterministic seconds, and on how much."""

    seconds: float
    deterministic: bool = True
    workers: int = 1
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Improvement:
    """A plan that the solver came upon: its value, the bound then, and deterministic seconds."""

    deterministic_time: float
    value: int
    bound: float


@dataclass(frozen=True, slots=True)
class Reply:
    """What one call found. `proved`: nothing is better; the plan is then the best there is."""

    plan: Plan | None
    bound: int | None
    proved: bool
    infeasible: bool
    deterministic_time: float
    curve: tuple[Improvement, ...] = ()


class Model:
    """Variables and constraints of one problem, and what has been held so far."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.model: Any = cp_model.CpModel()
        self.stay: dict[tuple[int, int], Any] = {}
        self.come: dict[tuple[int, int], Any] = {}
        self.moved: dict[int, Any] = {}
        self.used: dict[int, Any] = {}
        self._build()

    def _build(self) -> None:
        problem, new = self.problem, self.model.new_int_var
        # A pod may come to its own node only as another pod that leaves it: of no use.
        for g, n in np.argwhere(problem.running > 0).tolist():
            most = int(problem.running[g, n])
            held = problem.fixed is not None and bool(problem.fixed[g, n])
            self.stay[g, n] = new(most if held else 0, most, "")
        for g, n in np.argwhere(problem.may_come > 0).tolist():
            self.come[g, n] = new(0, int(problem.may_come[g, n]), "")
        self._by_group = [[] for _ in range(problem.groups)]  # type: list[list[Any]]
        by_node: list[list[tuple[int, Any]]] = [[] for _ in range(problem.nodes)]
        for variables in (self.stay, self.come):
            for (g, n), variable in variables.items():
                self._by_group[g].append(variable)
                by_node[n].append((g, variable))
        for g in range(problem.groups):
            if self._by_group[g]:
                self.model.add(self._sum(self._by_group[g]) <= int(problem.counts[g]))
        for n, here in enumerate(by_node):
            self._add_node(n, here)
        self._by_node = by_node
        self._limit()

    def _add_node(self, n: int, here: list[tuple[int, Any]]) -> None:
        problem = self.problem
        for r in range(problem.capacity.shape[0]):
            terms = [(v, int(problem.requests[g, r])) for g, v in here if problem.requests[g, r]]
            if terms:
                free = max(int(problem.capacity[r, n]), 0)
                weighted = cp_model.LinearExpr.weighted_sum(
                    [v for v, _ in terms], [c for _, c in terms]
                )
                self.model.add(weighted <= free)

    def _limit(self) -> None:
        problem = self.problem
        running = problem.running.sum(axis=1)
        for g in range(problem.groups):
            least = max(problem.must.get(g, 0), int(running[g]) if problem.keep else 0)
            if least:
                self.model.add(self._sum(self._by_group[g]) >= least)
        if problem.most_moved is not None:
            total = self._sum(list(self.stay.values()))
            self.model.add(total >= int(running.sum()) - problem.most_moved)
        for groups, most in problem.limits:
            mine = [v for (g, _), v in self.stay.items() if g in groups]
            self.model.add(self._sum(mine) >= int(running[list(groups)].sum()) - most)

    @staticmethod
    def _sum(variables: Sequence[Any]) -> Any:
        return cp_model.LinearExpr.sum(list(variables))

    # -- stages

    def expression(self, stage: Stage) -> Any:
        """The value of a stage."""
        problem = self.problem
        if stage.aim is Aim.NODES:
            return self._sum([self._use(n) for n in problem.idle.tolist() if self._by_node[n]])
        groups = np.flatnonzero(problem.priority >= stage.priority).tolist()
        if stage.aim is Aim.PLACED:
            return self._sum([v for g in groups for v in self._by_group[g]])
        running = problem.running.sum(axis=1)
        groups = [g for g in groups if running[g]]
        mine = set(groups)
        variables = [v for (g, _), v in self.stay.items() if g in mine]
        weights = [-EVICTED] * len(variables)
        for g in groups:
            variables.append(self._moves(g, int(running[g])))
            weights.append(MOVED - EVICTED)
        total = EVICTED * int(running[groups].sum())
        return cp_model.LinearExpr.weighted_sum(variables, weights) + total

    def _moves(self, g: int, running: int) -> Any:
        if g not in self.moved:
            moved = self.moved[g] = self.model.new_int_var(0, running, "")
            come = self._sum([v for (h, _), v in self.come.items() if h == g])
            self.model.add(come - int(self.problem.pending[g]) <= moved)
        return self.moved[g]

    def _use(self, n: int) -> Any:
        if n not in self.used:
            used = self.used[n] = self.model.new_bool_var("")
            for g, v in self._by_node[n]:
                self.model.add(v <= int(self.problem.counts[g]) * used)
            self._tighten(n, used)
        return self.used[n]

    def _tighten(self, n: int, used: Any) -> None:
        """What a node holds fits into it, or is nothing: says more to the relaxation."""
        for r in range(self.problem.capacity.shape[0]):
            here = [(v, int(self.problem.requests[g, r])) for g, v in self._by_node[n]]
            variables = [v for v, asked in here if asked] + [used]
            weights = [asked for _, asked in here if asked]
            free = max(int(self.problem.capacity[r, n]), 0)
            if weights:
                total = cp_model.LinearExpr.weighted_sum(variables, [*weights, -free])
                self.model.add(total <= 0)

    def hold(self, stage: Stage, value: int, proved: bool) -> None:
        """From now on no worse than that in this stage."""
        expression = self.expression(stage)
        if proved:
            self.model.add(expression == value)
        elif stage.maximise:
            self.model.add(expression >= value)
        else:
            self.model.add(expression <= value)

    def _hint(self, plan: Plan) -> None:
        """Where to begin; every variable, for a hint that is not complete is of little use."""
        self.model.clear_hints()
        for (g, n), variable in self.stay.items():
            self.model.add_hint(variable, int(plan.stay[g, n]))
        for (g, n), variable in self.come.items():
            self.model.add_hint(variable, int(plan.come[g, n]))
        moved = plan.moved(self.problem)
        for g, variable in self.moved.items():
            self.model.add_hint(variable, int(moved[g]))
        busy = (plan.stay + plan.come).sum(axis=0) > 0
        for n, variable in self.used.items():
            self.model.add_hint(variable, bool(busy[n]))

    # -- solving

    def solve(self, stages: Sequence[Stage], plan: Plan, effort: Effort, good: int) -> Reply:
        """The best plan in these stages, the first before the second, from `plan` on.

        The objective is to be maximised: the worth of the first stage × `scale` + that of the
        second, if there are two. A plan that is as good as `good` ends the search.
        """
        terms = [(self.expression(s), 1 if s.maximise else -1) for s in stages]
        objective = terms[0][0] * terms[0][1]
        if len(stages) > 1:
            objective = objective * self.scale + terms[1][0] * terms[1][1]
        self.model.maximize(objective)
        self._hint(plan)
        solver = cp_model.CpSolver()
        _set(solver.parameters, effort)
        watch = _Watch(good)
        status = solver.solve(self.model, watch)
        found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
        best = solver.best_objective_bound
        known = (found or status == cp_model.UNKNOWN) and abs(best) < LARGEST
        return Reply(
            self._read(solver.value) if found else None,
            int(np.floor(best + 1e-6)) if known else None,
            status == cp_model.OPTIMAL,
            status == cp_model.INFEASIBLE,
            float(solver.response_proto.deterministic_time),
            tuple(watch.curve),
        )

    @property
    def scale(self) -> int:
        """More than a second stage can ever be worth."""
        return MOVED * int(self.problem.counts.sum()) + 1

    def _read(self, value: Callable[[Any], int]) -> Plan:
        stay = np.zeros_like(self.problem.running)
        come = np.zeros_like(stay)
        for (g, n), variable in self.stay.items():
            stay[g, n] = value(variable)
        for (g, n), variable in self.come.items():
            come[g, n] = value(variable)
        # Who comes to a node that some of his like leave has stayed.
        same = np.minimum(self.problem.running - stay, come)
        return Plan(stay + same, come - same)


class _Watch(cp_model.CpSolverSolutionCallback):  # type: ignore[misc]
    """Notes improvements."""

    def __init__(self, good: int) -> None:
        super().__init__()
        self.curve: list[Improvement] = []
        self._good = good

    def on_solution_callback(self) -> None:
        """The solver has a better plan."""
        value, bound = self.objective_value, self.best_objective_bound
        self.curve.append(Improvement(self.deterministic_time, round(value), bound))
        if round(value) >= self._good:
            self.stop_search()


def _set(parameters: Any, effort: Effort) -> None:
    parameters.num_workers = effort.workers
    parameters.random_seed = effort.seed
    if effort.workers > 1:
        # Proves 16 nodes × 8 pods at 95 % in 1 to 2 s of CPU where the usual portfolio of two
        # workers takes 2 to 10.
        parameters.extra_subsolvers.append("max_lp")
    if effort.deterministic:
        parameters.max_deterministic_time = effort.seconds
    else:
        parameters.max_time_in_seconds = effort.seconds
