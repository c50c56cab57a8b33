"""Lexicographic CP-SAT on top of the greedy hint.

Goal after goal (see `objective`): maximise or minimise it, then hold what was reached and go on.
A goal in which nothing can be better is not solved at all. The budget is in deterministic time,
one worker, a fixed seed: the same instance gives the same answer on every machine, and no clock
is read.

Law: the answer is never worse than the hint in the first goal where they differ. It is held by
constraints, and compared again when an answer comes in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from simk8s.errors import InvariantError
from simk8s.strategies._packing.greedy import greedy
from simk8s.strategies._packing.instance import PackingInstance, Placement, room
from simk8s.strategies._packing.objective import compare_key, evaluate, goals
from simk8s.strategies._packing.reduce import reduce
from simk8s.strategies._packing.translate import give_hint, in_order, read_solution

if TYPE_CHECKING:
    from simk8s.strategies._packing.model import PackingModel


class Status(StrEnum):
    """`optimal`: proved on all nodes; `optimal_reduced`: proved on the candidates;
    `feasible`: some goal is open."""

    OPTIMAL = "optimal"
    OPTIMAL_REDUCED = "optimal_reduced"
    FEASIBLE = "feasible"


@dataclass(frozen=True, slots=True)
class Options:
    """`budget` in deterministic seconds for all goals together; `candidates` bounds the nodes."""

    budget: float = 0.5
    candidates: int = 96
    random_seed: int = 0


@dataclass(frozen=True, slots=True)
class Stage:
    """What became of one goal. `proved`: no placement that is as good in the goals before is
    better in this one; `everywhere`: on all nodes, not on the candidates only."""

    name: str
    value: int
    bound: int
    hint: int
    proved: bool
    everywhere: bool
    deterministic_time: float

    @property
    def gap(self) -> float:
        return abs(self.bound - self.value) / max(abs(self.value), abs(self.bound), 1)


@dataclass(frozen=True, slots=True)
class Solve:
    """A placement on all nodes and how it was found.

    `objective`, `bound`, `gap` and `hint_objective` are those of the goal `decided_by`: the first
    that is not proved; if all are, the first in which the hint was beaten; otherwise the last.
    `hint_objective` is None if the hint was beaten in an earlier goal already. `bound` holds for
    the candidates; they are all that matters (`exact`) unless the limit cut some off. `size` is
    the number of pods, `candidates` that of nodes in the model.
    """

    placement: Placement
    status: Status
    objective: int
    bound: int
    gap: float
    hint_objective: int | None
    deterministic_time: float
    size: int
    candidates: int
    exact: bool
    stages: tuple[Stage, ...]
    decided_by: str


def solve(
    instance: PackingInstance, options: Options | None = None, hint: Placement | None = None
) -> Solve:
    """Packs the instance; `hint` is a placement of it, best fit decreasing if left out."""
    search = _Search(instance, greedy(instance) if hint is None else hint, options or Options())
    for i in range(len(search.goals)):
        search.reach(i)
    return search.report()


class _Search:
    """The incumbent on the candidates, and the model once there is something to solve."""

    def __init__(self, instance: PackingInstance, hint: Placement, options: Options) -> None:
        self.instance, self.options = instance, options
        self.goals = goals(instance)
        self.candidates = reduce(instance, hint, options.candidates)
        self.reduced = instance.restrict(self.candidates.nodes)
        positions = np.full(instance.node_count, -1, dtype=np.int64)
        positions[self.candidates.nodes] = np.arange(len(self.candidates.nodes))
        self.incumbent = hint.renumbered(positions)
        self.hint_values = evaluate(instance, hint)
        self.values = evaluate(self.reduced, self.incumbent)
        #: What the nodes that are no candidates add to each goal.
        self.outside = [a - b for a, b in zip(self.hint_values, self.values, strict=True)]
        self.limits = _limits(instance, self.reduced, self.values)
        self.packing: PackingModel | None = None
        self.held = 0
        self.stages: list[Stage] = []

    @property
    def spent(self) -> float:
        return sum(stage.deterministic_time for stage in self.stages)

    def reach(self, i: int) -> None:
        """Solves goal i unless the incumbent is as good in it as any placement could be."""
        if self.values[i] == self.limits[i]:
            self._record(i, self.values[i], proved=True, everywhere=True, spent=0.0)
            return
        share = (self.options.budget - self.spent) / (len(self.goals) - i)
        if share <= 0:
            bound = self.limits[i] if self.limits[i] is not None else self.values[i]
            self._record(i, bound, proved=False, everywhere=False, spent=0.0)
            return
        solver, answered, proved = self._run(i, share)
        if answered:
            self._improve(solver)
        bound = round(solver.best_objective_bound)
        self._record(i, bound, proved, proved and self.candidates.exact,
                     solver.response_proto.deterministic_time)  # fmt: skip

    def _run(self, i: int, budget: float) -> tuple[Any, bool, bool]:
        from ortools.sat.python import cp_model

        packing, goal = self._model(i), self.goals[i]
        expression = packing.expression(goal)
        if goal.maximise:
            packing.model.add(expression >= self.values[i])
            packing.model.maximize(expression)
        else:
            packing.model.add(expression <= self.values[i])
            packing.model.minimize(expression)
        give_hint(packing, in_order(packing, self.incumbent))
        solver = cp_model.CpSolver()
        _configure(solver.parameters, self.options, budget)
        status = solver.solve(packing.model)
        if status in (cp_model.INFEASIBLE, cp_model.MODEL_INVALID):
            raise InvariantError(f"the solver calls its own hint {solver.status_name(status)}")
        return solver, status != cp_model.UNKNOWN, status == cp_model.OPTIMAL

    def _model(self, i: int) -> PackingModel:
        """The model with the goals before i held at their values."""
        from simk8s.strategies._packing.model import PackingModel

        if self.packing is None:
            self.packing = PackingModel(self.reduced)
        for j in range(self.held, i):
            self.packing.model.add(self.packing.expression(self.goals[j]) >= self.values[j])
        self.held = i
        return self.packing

    def _improve(self, solver: Any) -> None:
        assert self.packing is not None
        found = read_solution(self.packing, solver)
        values = evaluate(self.reduced, found)
        if compare_key(self.reduced, values) < compare_key(self.reduced, self.values):
            self.incumbent, self.values = found, values

    def _record(self, i: int, bound: int, proved: bool, everywhere: bool, spent: float) -> None:
        outside = self.outside[i]
        self.stages.append(
            Stage(self.goals[i].name, self.values[i] + outside, bound + outside,
                  self.hint_values[i], proved, everywhere, spent)
        )  # fmt: skip

    def report(self) -> Solve:
        # A later goal may have raised an earlier one that was not proved.
        final = [v + out for v, out in zip(self.values, self.outside, strict=True)]
        stages = tuple(replace(s, value=v) for s, v in zip(self.stages, final, strict=True))
        decided = _deciding(stages)
        stage = stages[decided]
        comparable = all(s.value == s.hint for s in stages[:decided])
        return Solve(
            placement=self.incumbent.renumbered(self.candidates.nodes),
            status=_status(stages),
            objective=stage.value,
            bound=stage.bound,
            gap=stage.gap,
            hint_objective=stage.hint if comparable else None,
            deterministic_time=self.spent,
            size=self.instance.pod_count,
            candidates=len(self.candidates.nodes),
            exact=self.candidates.exact,
            stages=stages,
            decided_by=stage.name,
        )


def _configure(parameters: Any, options: Options, budget: float) -> None:
    parameters.num_workers = 1
    parameters.random_seed = options.random_seed
    parameters.max_deterministic_time = budget
    # Otherwise the solver takes an interrupt for itself and ends early with another answer.
    parameters.catch_sigint_signal = False


def _limits(
    instance: PackingInstance, reduced: PackingInstance, values: tuple[int, ...]
) -> list[int | None]:
    """A value per goal that no placement on any node can beat; None where none is known."""
    most = dict.fromkeys(instance.priorities, 0)
    for group in instance.groups:
        if group.count:
            most[group.priority] += min(int(room(instance, group).sum()), group.count)
    lowest: int | None = None if instance.has_gpus else int(reduced.in_use.sum())
    if not any(most.values()):
        lowest = values[-1]
    return [*most.values(), lowest]


def _deciding(stages: tuple[Stage, ...]) -> int:
    for i, stage in enumerate(stages):
        if not stage.proved:
            return i
    beaten = [i for i, stage in enumerate(stages) if stage.value != stage.hint]
    return beaten[0] if beaten else len(stages) - 1


def _status(stages: tuple[Stage, ...]) -> Status:
    if not all(stage.proved for stage in stages):
        return Status.FEASIBLE
    everywhere = all(stage.everywhere for stage in stages)
    return Status.OPTIMAL if everywhere else Status.OPTIMAL_REDUCED
