"""One run of CP-SAT on one instance, from one incumbent, for one goal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simk8s.errors import InvariantError
from simk8s.strategies._packing.instance import PackingInstance, Placement
from simk8s.strategies._packing.objective import Goal, evaluate, order_of

#: Charged per 1,000 terms of a model beside the solver's own deterministic time: building it.
BUILDING = 0.002


@dataclass(frozen=True, slots=True)
class Task:
    """Goal `at` is to be improved, those before it held.

    `blend`: later goals count too, as far as they cost nothing of this one; the bound then says
    nothing about the goal alone.
    """

    instance: PackingInstance
    start: Placement
    goals: tuple[Goal, ...]
    at: int
    blend: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """`placement` is None if nothing better than the start was found; `gain` is what it adds to
    every goal, `bound` that of the goal tried."""

    placement: Placement | None
    gain: tuple[int, ...]
    bound: int | None
    proved: bool
    deterministic_time: float
    curve: tuple[tuple[float, int, int], ...] = ()
    """Unless blended: at that time, with that value of the goal, that bound."""


def attempt(task: Task, budget: float, random_seed: int) -> Answer:
    """Solves the task within `budget` deterministic seconds."""
    from ortools.sat.python import cp_model

    from simk8s.strategies._packing.model import PackingModel
    from simk8s.strategies._packing.translate import give_hint, in_order, read_solution
    from simk8s.strategies._packing.watch import Watch

    packing = PackingModel(task.instance)
    values = evaluate(task.instance, task.start, task.goals)
    _set_goal(packing, task, values)
    give_hint(packing, in_order(packing, task.start))
    solver = cp_model.CpSolver()
    _configure(solver.parameters, budget, random_seed, small=task.blend)
    watch = Watch()
    status = solver.solve(packing.model, watch)
    if status in (cp_model.INFEASIBLE, cp_model.MODEL_INVALID):
        raise InvariantError(f"CP-SAT calls a valid placement {solver.status_name(status)}")
    spent = solver.response_proto.deterministic_time + BUILDING * len(packing.y) / 1000
    proved = status == cp_model.OPTIMAL
    bound = None if task.blend else round(solver.best_objective_bound)
    curve = () if task.blend else tuple(watch.curve)
    if status != cp_model.UNKNOWN:
        found = read_solution(packing, solver)
        new = evaluate(task.instance, found, task.goals)
        if order_of(task.goals, new) < order_of(task.goals, values):
            gain = tuple(a - b for a, b in zip(new, values, strict=True))
            return Answer(found, gain, bound, proved, spent, curve)
    return Answer(None, (0,) * len(values), bound, proved, spent, curve)


def _set_goal(packing: Any, task: Task, values: tuple[int, ...]) -> None:
    model, goal, value = packing.model, task.goals[task.at], values[task.at]
    for before, reached in zip(task.goals[: task.at], values, strict=False):
        model.add(packing.expression(before) >= reached)
    expression = packing.expression(goal)
    model.add(expression >= value if goal.maximise else expression <= value)
    if not goal.maximise:
        model.minimize(expression)
    elif not task.blend:
        model.maximize(expression)
    else:
        model.maximize(_blended(packing, task, expression, values))


def _blended(packing: Any, task: Task, expression: Any, values: tuple[int, ...]) -> Any:
    """This goal before all pods of the later ones together, those before the cost."""
    later = [packing.expression(goal) for goal in task.goals[task.at + 1 : -1]]
    worst = 1000 * task.instance.devices.size + task.instance.node_count + 1
    pods = task.instance.pod_count + 1
    return expression * (pods * worst) + sum(later) * worst - packing.expression(task.goals[-1])


def _configure(parameters: Any, budget: float, random_seed: int, small: bool) -> None:
    parameters.num_workers = 1
    parameters.random_seed = random_seed
    parameters.max_deterministic_time = budget
    # Otherwise the solver takes an interrupt for itself and ends early with another answer.
    parameters.catch_sigint_signal = False
    if small:
        # Presolving thoroughly takes longer than solving a few nodes.
        parameters.symmetry_level = 0
        parameters.cp_model_probing_level = 0
        parameters.max_presolve_iterations = 1
        parameters.linearization_level = 0
