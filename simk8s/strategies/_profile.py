"""Per-pod strategies that are nothing but a scheduling profile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from simk8s.placement import cycle
from simk8s.placement.base import NO_EFFORT, Effort, PluginError, Query
from simk8s.placement.batching import Batching, Cycles, signs
from simk8s.placement.framework import Framework, Profile
from simk8s.placement.memo import Memo
from simk8s.placement.ranking import BYTE_BUDGET
from simk8s.placement.search import Search
from simk8s.placement.select import Selector
from simk8s.placement.verdicts import Verdicts
from simk8s.strategies._together import place_together
from simk8s.strategies.base import Assignment, Context, Plan, Strategy

_new = tuple.__new__
"""As the class itself, in a third of the time."""


class Decider:
    """Decides for pods of one profile; `search` and `cycles` are shared by the profiles of one
    scheduler. With `cycles`, equal pods are batched where the profile allows it.
    """

    def __init__(
        self,
        framework: Framework,
        context: Context,
        search: Search | None = None,
        budget: int = BYTE_BUDGET,
        cycles: Cycles | None = None,
    ) -> None:
        self.framework = framework
        self._view = context.view
        self._refused: Memo[tuple[cycle.Verdict, int, Effort]] = Memo(framework, context.view)
        self._draws = context.draws
        self._search = search or Search()
        self._nominated = context.view.pods.nominated
        self._selector = Selector(
            framework,
            context.view,
            context.draws,
            incremental=context.incremental,
            search=self._search,
            budget=budget,
        )
        self._express = self._selector.express
        self._verdicts = Verdicts(
            framework, context.view, self._selector.ranking, incremental=context.incremental
        )
        self._batching: Batching | None = None
        if cycles is not None and signs(framework):
            self._batching = Batching(framework, context.view, cycles)
            self._selector.keeps = True

        self.decide = self._decide_and_read if framework.reading else self._decide

    def _decide_and_read(self, query: Query, now_us: int = 0) -> Plan:
        """With what plugins went through before."""
        plan = self._decide(query, now_us)
        if plan.read is NO_EFFORT:
            plan.read = self.framework.effort(query, self._view)
        return plan

    def _decide(self, query: Query, now_us: int = 0) -> Plan:
        """The best node for one pod, or why there is none."""
        known = self._express.find(query)
        if known is None:
            return self._searched(query, now_us)
        node, score, feasible = known
        if self._batching is not None:
            self._batching.found(query, node, self._express.kept, now_us)
        return Plan([_new(Assignment, (query.pod, node, score, feasible, None))], None, feasible)

    def _searched(self, query: Query, now_us: int) -> Plan:
        """The same for a pod whose node is not known beforehand."""
        query.nominated = self._nominated[query.pod]
        known = self._refused.get(query) if self._refused.answers else None
        if known is not None:
            self._selector.pass_over(known[1])
            return Plan(rejected=[(query.pod, known[0])], evaluated=known[1], read=known[2])
        if self._batching is not None:
            hint = self._batching.hint(query, now_us)
            if hint is not None:
                self._batching.taken(hint)
                return Plan(assignments=[Assignment(query.pod, hint, None, 1)], evaluated=2)
        try:
            choice = self._selector.search(query)
        except PluginError as error:
            verdict = cycle.failed(self._view, str(error))
            return Plan(rejected=[(query.pod, verdict)], evaluated=self._selector.evaluated)
        evaluated = self._selector.evaluated
        if choice is None:
            verdict = self._verdicts.of(query)
            read = self.framework.effort(query, self._view)
            self._refused.put(query, (verdict, evaluated, read))
            return Plan(rejected=[(query.pod, verdict)], evaluated=evaluated, read=read)
        if self._batching is not None:
            self._batching.found(query, choice.node, self._selector.kept, now_us)
        chosen = Assignment(query.pod, choice.node, choice.score, choice.feasible)
        return Plan(assignments=[chosen], evaluated=evaluated)

    def decide_together(self, pods: Sequence[Query]) -> Plan:
        """Nodes for the pods of one group, each on top of those before it."""
        plan = place_together(self.framework, self._view, self._draws, self._search, pods)
        efforts = [self.framework.effort(query, self._view) for query in pods]
        plan.read = Effort(*map(sum, zip(*efforts, strict=True)))
        return plan


class ProfileStrategy(Strategy):
    """Filters, weighted scores, best node; the profile is the class's, or handed in."""

    profile: ClassVar[Profile]

    def __init__(self, params: Any, context: Context, profile: Profile | None = None) -> None:
        self.framework = Framework.of(profile or self.profile)
        self._decider = Decider(self.framework, context)

    def propose(self, pending: Sequence[Query], now_us: int) -> Plan:
        """One pod: its best node, or why there is none."""
        return self._decider.decide(pending[0])
