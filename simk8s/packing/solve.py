"""Stage after stage to the best plan: what meets its bound is not searched for, what does is
solved by CP-SAT from the plan so far, and held. Where there is room for all (`ROOMY`), how many
are placed and how few of them are disturbed is sought in one call, weighted: measured on 32 nodes
× 8 pods at 95 % that proves in 0.6 to 2.5 s of CPU what takes 2.7 to 4.7 s one after the other; at
100 % it is the other way round, since how many can be placed needs a proof of its own.

The limit is wall-clock time only where a clock is handed in (benchmarks); inside a simulation it
is deterministic time with one worker, so that the same problem has the same plan everywhere.

Law: a plan is never worse than a valid start in the first stage in which they differ; a stage is
`proved` only if every stage before it is. A start that is not valid (a pod that must be placed is
not) is only where the search begins: without a valid plan the answer is not `feasible`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simk8s.packing.bounds import least_used, most_placed
from simk8s.packing.problem import Aim, Plan, Problem, Stage, compare, stages_by_priority
from simk8s.packing.start import begin
from simk8s.schema.solver import Point

if TYPE_CHECKING:
    from simk8s.packing.model import Model, Reply

LEAST_S = 0.01
"""Less time than this is none."""
ROOMY = 0.98
"""If the pods of a stage ask for no more of each resource, presumably all can be placed."""
SHARE = 0.6
"""Of what is left, what a stage may take that is not the last."""
LATE_S = 0.15
"""By so much the solver returns later than it was asked to by the wall clock, until measured."""


@dataclass(frozen=True, slots=True)
class Limits:
    """`seconds` of `clock`, or, without one, of the solver's deterministic time."""

    seconds: float
    clock: Callable[[], float] | None = None
    workers: int = 1
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Reached:
    """What became of one stage."""

    stage: Stage
    value: int
    bound: int
    proved: bool


@dataclass(frozen=True, slots=True)
class Solved:
    """The plan, stage by stage, and how it came about."""

    plan: Plan
    start: tuple[int, ...]
    reached: tuple[Reached, ...]
    deterministic_time: float
    curve: tuple[Point, ...] = ()
    feasible: bool = True
    hopeless: bool = False
    """Proved: no plan is valid."""

    @property
    def proved(self) -> bool:
        return all(each.proved for each in self.reached)

    @property
    def values(self) -> tuple[int, ...]:
        return tuple(each.value for each in self.reached)


def solve(
    problem: Problem,
    limits: Limits,
    stages: Sequence[Stage] | None = None,
    start: Plan | None = None,
) -> Solved:
    """The best plan that was found within the limits."""
    stages = stages_by_priority(problem) if stages is None else tuple(stages)
    return _Search(problem, limits, stages, begin(problem) if start is None else start).run()


class _Search:
    def __init__(
        self, problem: Problem, limits: Limits, stages: Sequence[Stage], plan: Plan
    ) -> None:
        from simk8s.packing.model import Effort, Model

        self.problem, self.limits, self.stages, self.plan = problem, limits, stages, plan
        self.effort_of, self.model_of = Effort, Model
        self.model: Model | None = None
        self.held = 0
        self.spent = 0.0
        self.curve: list[Point] = []
        self.late = LATE_S if limits.clock else 0.0
        self.begun = limits.clock() if limits.clock else 0.0
        self.reached: list[Reached] = []
        self.valid, self.hopeless = plan.is_valid(problem), False

    def run(self) -> Solved:
        """All stages."""
        start = tuple(stage.value(self.problem, self.plan) for stage in self.stages)
        while len(self.reached) < len(self.stages):
            new = self._reach(len(self.reached))
            self.reached += new
            for each in new:
                point = Point(each.stage.name, self.spent, each.value, each.bound)
                self.curve.append(point)
        reached, curve = tuple(self._final()), tuple(self.curve)
        return Solved(self.plan, start, reached, self.spent, curve, self.valid, self.hopeless)

    def _final(self) -> list[Reached]:
        """A stage that was left open may have got better while a later one was sought."""
        found, sure = [], True
        for each in self.reached:
            value = each.stage.value(self.problem, self.plan)
            sure = sure and self.valid and (each.proved or value == each.bound)
            found.append(Reached(each.stage, value, each.bound, sure))
        return found

    def _left(self) -> float:
        clock = self.limits.clock
        gone = clock() - self.begun if clock else self.spent
        return self.limits.seconds - gone

    def _bound(self, i: int) -> int:
        stage = self.stages[i]
        if stage.aim is Aim.PLACED:
            above = {
                each.stage.priority: each.value
                for each in self.reached
                if each.stage.aim is Aim.PLACED
            }
            return most_placed(self.problem, stage.priority, above)
        return least_used(self.problem) if stage.aim is Aim.NODES else 0

    def _reach(self, i: int) -> list[Reached]:
        """The next stage, or the next two at once."""
        stage, bound = self.stages[i], self._bound(i)
        sure = all(each.proved for each in self.reached)
        value = stage.value(self.problem, self.plan)
        if self.valid and value == bound:
            return [Reached(stage, value, bound, sure)]
        both = [each.aim for each in self.stages[i : i + 2]] == [Aim.PLACED, Aim.DISTURBED]
        together = self.stages[i : i + (2 if both and self._is_roomy(stage) else 1)]
        rest = len(self.stages) - i - len(together)
        seconds = self._left() * (SHARE if rest else 1.0) - self.late
        if seconds < LEAST_S or self.hopeless:
            return [Reached(stage, value, bound, False)]
        self.curve.append(Point(stage.name, self.spent, value, bound))
        reply = self._call(together, bound, seconds)
        self.hopeless = reply.infeasible and not self.valid
        if reply.plan is not None and self._is_no_worse(reply.plan, i + len(together)):
            self.plan, self.valid = reply.plan, True
        return self._conclude(together, bound, reply, sure)

    def _is_roomy(self, stage: Stage) -> bool:
        problem = self.problem
        mine = problem.priority >= stage.priority
        asked = problem.requests[mine].T @ problem.counts[mine]
        return bool((asked <= ROOMY * np.maximum(problem.capacity, 0).sum(axis=1)).all())

    def _call(self, together: Sequence[Stage], bound: int, seconds: float) -> Reply:
        model, clock, left = self._model(), self.limits.clock, self._left()
        effort = self.effort_of(seconds, clock is None, self.limits.workers, self.limits.seed)
        scale = model.scale if len(together) > 1 else 1
        reply = model.solve(together, self.plan, effort, scale * _worth(together[0], bound))
        if clock is not None:
            self.late = max(self.late, left - self._left() - seconds)
        for each in reply.curve:
            value = abs(-(-each.value // scale))
            at = self.spent + each.deterministic_time
            self.curve.append(Point(together[0].name, at, value, abs(each.bound / scale)))
        self.spent += reply.deterministic_time
        return reply

    def _conclude(
        self, together: Sequence[Stage], bound: int, reply: Reply, sure: bool
    ) -> list[Reached]:
        """What is known of each stage now."""
        first, *others = together
        value = first.value(self.problem, self.plan)
        scale = self.model.scale if others and self.model is not None else 1
        if reply.bound is not None:
            # The second stage is worth at most 0 and more than -scale.
            limit = (reply.bound + scale - 1) // scale if others else reply.bound
            bound = _sharper(first, bound, limit if first.maximise else -limit)
        proved = self.valid and (reply.proved or value == bound)
        found = [Reached(first, value, value if proved else bound, sure and proved)]
        for second in others:
            other = second.value(self.problem, self.plan)
            least = 0
            if proved and reply.bound is not None:
                least = max(0, scale * _worth(first, value) - reply.bound)
            done = self.valid and proved and (reply.proved or other == least)
            found.append(Reached(second, other, other if done else least, sure and done))
        return found

    def _is_no_worse(self, plan: Plan, upto: int) -> bool:
        stages = self.stages[:upto]
        one = [stage.value(self.problem, plan) for stage in stages]
        other = [stage.value(self.problem, self.plan) for stage in stages]
        no_worse = not self.valid or compare(stages, one, other) >= 0
        return plan.is_valid(self.problem) and no_worse

    def _model(self) -> Model:
        if self.model is None:
            self.model = self.model_of(self.problem)
        for each in self.reached[self.held :]:
            value = each.stage.value(self.problem, self.plan)
            self.model.hold(each.stage, value, each.proved)
        self.held = len(self.reached)
        return self.model


def _worth(stage: Stage, value: int) -> int:
    """The more the better."""
    return value if stage.maximise else -value


def _sharper(stage: Stage, one: int, other: int) -> int:
    return min(one, other) if stage.maximise else max(one, other)
