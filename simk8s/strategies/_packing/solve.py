"""Lexicographic CP-SAT on top of the greedy hint.

Goal after goal (see `objective`): improve it, then hold what was reached and go on. A goal that
meets its bound (see `bounds`) is not solved at all. Otherwise the candidates are solved as a
whole if the budget is large enough for that; and if that leaves the goal open, or is out of the
question, neighbourhoods of a few nodes are packed anew until the goal's share of the budget is
spent. What a goal leaves over goes to the next ones.

The budget is in deterministic time, with one worker and fixed seeds: the same instance gives the
same answer on every machine, and no clock is read.

Law: the answer is never worse than the hint in the first goal where they differ. It is held by
constraints, and compared again when an answer comes in.
"""

from __future__ import annotations

from dataclasses import dataclass

from simk8s.packing.fleet import Fleet
from simk8s.schema.solver import Point
from simk8s.strategies._packing import relaxed
from simk8s.strategies._packing.attempt import Answer, Task, attempt
from simk8s.strategies._packing.bounds import Bounds
from simk8s.strategies._packing.greedy import greedy
from simk8s.strategies._packing.incumbent import Incumbent, Part
from simk8s.strategies._packing.instance import PackingInstance, Placement
from simk8s.strategies._packing.neighbourhood import Neighbourhoods
from simk8s.strategies._packing.objective import Goal, evaluate, goals
from simk8s.strategies._packing.outcome import Solve, Stage, report
from simk8s.strategies._packing.reduce import reduce

#: Pairs of group and node that are solved as a whole, per deterministic second of the goal.
WHOLE = 2000
#: Deterministic seconds for one neighbourhood.
ROUND = 0.02
#: A round is charged at least this, so that their number is bounded.
LEAST_CHARGE = 0.002


@dataclass(frozen=True, slots=True)
class Options:
    """`budget` in deterministic seconds for all goals together; `candidates` bounds the nodes."""

    budget: float = 0.3
    candidates: int = 128
    random_seed: int = 0


def solve(
    instance: PackingInstance, options: Options | None = None, hint: Placement | None = None
) -> Solve:
    """Packs the instance; `hint` is a placement of it, best fit decreasing if left out."""
    hint = greedy(instance) if hint is None else hint
    search = _Search(instance, hint, options or Options())
    stages = [search.reach(i) for i in range(len(search.goals))]
    nodes, exact, curve = len(search.nodes), search.exact, search.curve
    return report(instance, search.placement, stages, nodes, exact, curve)


class _Search:
    """The incumbent, and what is left of the budget."""

    def __init__(self, instance: PackingInstance, hint: Placement, options: Options) -> None:
        self.instance, self.options = instance, options
        self.goals = goals(instance)
        self.bounds = Bounds(instance)
        candidates = reduce(instance, hint, options.candidates)
        self.nodes, self.exact = candidates.nodes, candidates.exact
        self.hint_values = self.values = evaluate(instance, hint, self.goals)
        self.incumbent = Incumbent(instance, hint)
        self.left = options.budget
        self.curve: list[Point] = []
        self.fleet: Fleet | None = None

    @property
    def placement(self) -> Placement:
        return self.incumbent.placement()

    def reach(self, i: int) -> Stage:
        """Improves goal i until it is proved or its share of the budget is spent."""
        goal, before = self.goals[i], self.left
        limit = self.bounds.of(self.goals, self.values, i)
        bound, proved = limit, False
        self._note(goal, limit)
        if self.values[i] != limit:
            end = self.left - self.left / (len(self.goals) - i)
            solved, proved = self._solve_whole(i, (self.left - end) / 2)
            if solved is None:
                limit = goal.sharper(limit, self._relaxed(i))
            bound = limit if solved is None else goal.sharper(limit, solved)
            proved = proved or self._search_around(i, limit, bound, end)
            bound = self.values[i] if proved else bound
            self._note(goal, bound)
        met = self.values[i] == limit
        return Stage(goal.name, self.values[i], bound, self.hint_values[i], proved or met,
                     met or (proved and self.exact), before - self.left)  # fmt: skip

    def _note(self, goal: Goal, bound: int) -> None:
        spent = self.options.budget - self.left
        self.curve.append(Point(goal.name, spent, self.values[self.goals.index(goal)], bound))

    def _relaxed(self, i: int) -> int:
        """The bound of goal i where the solver could not look at the whole."""
        if self.fleet is None:
            self.fleet = relaxed.fleet(self.instance)
        goals, everything = self.goals[: i + 1], sum(self.values[:i]) == sum(self.bounds.most)
        if self.goals[i].maximise:
            return relaxed.most_placed(self.fleet, self.instance, goals, self.values)
        if self.instance.has_gpus or not everything:
            return self.bounds.of(self.goals, self.values, i)
        return relaxed.least_used(self.fleet)

    def _solve_whole(self, i: int, budget: float) -> tuple[int | None, bool]:
        """The bound, and whether it is met; (None, False) if the candidates are too many."""
        part = self.incumbent.part(self.nodes)
        if len(part.groups) * len(part.nodes) > WHOLE * budget:
            return None, False
        task = Task(part.instance, part.start, self.goals, i)
        outside = self.values[i] - evaluate(part.instance, part.start, self.goals)[i]
        before, name = self.options.budget - self.left, self.goals[i].name
        answer = self._try(part, task, budget)
        for time, value, bound in answer.curve:
            self.curve.append(Point(name, before + time, value + outside, bound + outside))
        return None if answer.bound is None else answer.bound + outside, answer.proved

    def _search_around(self, i: int, limit: int, bound: int, end: float) -> bool:
        """Packs neighbourhoods anew until `end` of the budget is left; True if one of them was
        all there is and was proved."""
        around = Neighbourhoods(self.incumbent, self.nodes.tolist(), self.options.random_seed)
        while self.left > end and self.values[i] != limit:
            part = self.incumbent.part(around.choose(self.goals[i]))
            if not part.groups:
                return False
            task = Task(part.instance, part.start, self.goals, i, blend=True)
            answer = self._try(part, task, min(ROUND, self.left - end))
            if answer.placement is not None:
                around.look(part, answer.placement)
                self._note(self.goals[i], bound)
            around.learn(answer.placement is not None, answer.proved)
            if answer.proved and len(part.nodes) == len(self.nodes):
                return True
        return False

    def _try(self, part: Part, task: Task, budget: float) -> Answer:
        answer = attempt(task, budget, self.options.random_seed)
        self.left -= max(answer.deterministic_time, LEAST_CHARGE)
        if answer.placement is not None:
            self.incumbent.replace(part, answer.placement)
            self.values = tuple(a + b for a, b in zip(self.values, answer.gain, strict=True))
        return answer
