"""Stage after stage to the best plan: what meets its bound is not searched for, what does is
solved by CP-SAT from the plan so far, and held.

The limit is wall-clock time only where a clock is handed in (benchmarks); inside a simulation it
is deterministic time with one worker, so that the same problem has the same plan everywhere.

Law: a plan is never worse than the start in the first stage in which they differ; a stage is
`proved` only if every stage before it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from simk8s.packing.bounds import most_placed
from simk8s.packing.problem import Aim, Plan, Problem, Stage, compare, stages_by_priority
from simk8s.packing.start import begin

LEAST_S = 0.01
"""Less time than this is none."""


@dataclass(frozen=True, slots=True)
class Limits:
    """`seconds` of `clock`, or, without one, of the solver's deterministic time."""

    seconds: float
    clock: Callable[[], float] | None = None
    workers: int = 1
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Point:
    """Of a curve: at that time a stage had that value and bound."""

    stage: str
    deterministic_time: float
    value: float
    bound: float


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
        self.begun = limits.clock() if limits.clock else 0.0
        self.reached: list[Reached] = []

    def run(self) -> Solved:
        """All stages."""
        start = tuple(stage.value(self.problem, self.plan) for stage in self.stages)
        for i in range(len(self.stages)):
            self.reached.append(self._reach(i))
        return Solved(self.plan, start, tuple(self._final()), self.spent, tuple(self.curve))

    def _final(self) -> list[Reached]:
        """A stage that was left open may have got better while a later one was sought."""
        found, sure = [], True
        for each in self.reached:
            value = each.stage.value(self.problem, self.plan)
            sure = sure and (each.proved or value == each.bound)
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
        return 0

    def _reach(self, i: int) -> Reached:
        stage, bound = self.stages[i], self._bound(i)
        sure = all(each.proved for each in self.reached)
        value = stage.value(self.problem, self.plan)
        if value == bound:
            return Reached(stage, value, bound, sure)
        open_stages = len(self.stages) - i
        seconds = self._left() * (0.6 if open_stages > 1 else 1.0)
        if seconds < LEAST_S:
            return Reached(stage, value, bound, False)
        model = self._model()
        effort = self.effort_of(
            seconds, self.limits.clock is None, self.limits.workers, self.limits.seed
        )
        reply = model.solve(stage, self.plan, effort, good=bound)
        self._note(stage, reply)
        if reply.plan is not None and self._is_no_worse(reply.plan, i):
            self.plan = reply.plan
        value = stage.value(self.problem, self.plan)
        if reply.bound is not None:
            bound = min(bound, reply.bound) if stage.maximise else max(bound, reply.bound)
        proved = reply.proved or value == bound
        return Reached(stage, value, value if proved else bound, sure and proved)

    def _is_no_worse(self, plan: Plan, i: int) -> bool:
        stages = self.stages[: i + 1]
        one = [stage.value(self.problem, plan) for stage in stages]
        other = [stage.value(self.problem, self.plan) for stage in stages]
        return plan.is_valid(self.problem) and compare(stages, one, other) >= 0

    def _model(self):  # type: ignore[no-untyped-def]
        if self.model is None:
            self.model = self.model_of(self.problem)
        for each in self.reached[self.held :]:
            value = each.stage.value(self.problem, self.plan)
            self.model.hold(each.stage, value, each.proved)
        self.held = len(self.reached)
        return self.model

    def _note(self, stage: Stage, reply) -> None:  # type: ignore[no-untyped-def]
        for each in reply.curve:
            at = self.spent + each.deterministic_time
            self.curve.append(Point(stage.name, at, each.value, each.bound))
        self.spent += reply.deterministic_time
