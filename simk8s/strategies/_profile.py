"""Per-pod strategies that are nothing but a scheduling profile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from simk8s.placement import cycle
from simk8s.placement.base import PluginError, Query
from simk8s.placement.framework import Framework, Profile
from simk8s.placement.memo import Memo
from simk8s.placement.select import Selector
from simk8s.strategies.base import Assignment, Context, Plan, Strategy


class ProfileStrategy(Strategy):
    """Filters, weighted scores, best node."""

    profile: ClassVar[Profile]

    def __init__(self, params: Any, context: Context) -> None:
        self.framework = Framework.of(self.profile)
        self._view = context.view
        self._refused: Memo[cycle.Verdict] = Memo(self.framework, context.view)
        self._selector = Selector(
            self.framework, context.view, context.draws, incremental=context.incremental
        )

    def propose(self, pending: Sequence[Query], now_us: int) -> Plan:
        """One pod: its best node, or why there is none."""
        query = pending[0]
        query.nominated = self._view.pods.nominated[query.pod]
        plan = Plan(evaluated=self._view.nodes.n)
        refused = self._refused.get(query)
        if refused is not None:
            plan.rejected.append((query.pod, refused))
            return plan
        try:
            choice = self._selector.select(query)
        except PluginError as error:
            plan.rejected.append((query.pod, cycle.failed(self._view, str(error))))
            return plan
        if choice is None:
            refused = cycle.verdict(self.framework, query, self._view)
            self._refused.put(query, refused)
            plan.rejected.append((query.pod, refused))
        else:
            plan.assignments.append(
                Assignment(query.pod, choice.node, choice.score, choice.feasible)
            )
        return plan
