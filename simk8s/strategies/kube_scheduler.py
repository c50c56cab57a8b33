"""kube_scheduler: kube-scheduler as its KubeSchedulerConfiguration says, by default as shipped.

Every profile of the file is a framework of its own; a pod chooses one by its schedulerName, a
name that no profile has is another scheduler's pod and stays pending. The profiles share how far
the search over the nodes has got. What a cycle costs follows from the nodes that it really
looked at.

Mirrors: kube-scheduler v1.36: default plugins, weights and arguments, percentageOfNodesToScore
(adaptive by default), rotating start over nodes in zone order, ties (see placement/ties).
Departs: extenders are left out; a pod batch's shared hints (OpportunisticBatching) are not used.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from simk8s.errors import Problem, UserError
from simk8s.placement import cycle
from simk8s.placement.base import PluginError, Query
from simk8s.placement.config import DEFAULT_SCHEDULER, Configuration, configuration_of
from simk8s.placement.framework import Framework, Profile
from simk8s.placement.ranking import BYTE_BUDGET
from simk8s.placement.search import Search
from simk8s.placement.select import Selector
from simk8s.scenario.scheduler_config import own_plugins, read_scheduler_config
from simk8s.strategies._kube_scheduler_params import Params
from simk8s.strategies.base import Assignment, Context, Plan, Settings, Strategy


class KubeScheduler(Strategy):
    """One selector for each profile."""

    name: ClassVar[str] = "kube_scheduler"

    def __init__(self, params: Any, context: Context) -> None:
        params = params or Params()
        self._view = context.view
        configuration = _configuration(params, context)
        self.settings = Settings(
            configuration.initial_backoff_us,
            configuration.max_backoff_us,
            configuration.qps,
            configuration.burst,
        )
        self._search, self._selectors = Search(), {}
        for name, profile in configuration.profiles.items():
            self._selectors[name] = Selector(
                _framework(name, profile),
                context.view,
                context.draws,
                incremental=context.incremental,
                search=self._search,
                budget=BYTE_BUDGET // len(configuration.profiles),
            )
        self._chosen: dict[int, Selector | None] = {}
        self.framework = next(iter(self._selectors.values())).framework

    def _selector(self, query: Query) -> Selector | None:
        template = query.template
        if template.id not in self._chosen:
            name = str(template.spec.get("schedulerName") or DEFAULT_SCHEDULER)
            self._chosen[template.id] = self._selectors.get(name)
        return self._chosen[template.id]

    def handles(self, query: Query) -> bool:
        """Whether a profile has the pod's schedulerName."""
        return self._selector(query) is not None

    def framework_of(self, query: Query) -> Framework:
        """The framework of the pod's profile."""
        selector = self._selector(query)
        return self.framework if selector is None else selector.framework

    def search_of(self, query: Query) -> Search:
        """As far as the percentage of the pod's profile, from where the last search ended."""
        return Search(self.framework_of(query).percentage, self._search.start)

    def propose(self, pending: Sequence[Query], now_us: int) -> Plan:
        """One pod: its best node, or why there is none."""
        query = pending[0]
        selector = self._selector(query)
        if selector is None:
            name = query.template.spec.get("schedulerName")
            words = f"no profile is called {name}"
            return Plan(rejected=[(query.pod, cycle.failed(self._view, words))])
        query.nominated = self._view.pods.nominated[query.pod]
        try:
            choice = selector.select(query)
        except PluginError as error:
            verdict = cycle.failed(self._view, str(error))
            return Plan(rejected=[(query.pod, verdict)], evaluated=selector.evaluated)
        plan = Plan(evaluated=selector.evaluated)
        if choice is None:
            verdict = cycle.verdict(selector.framework, query, self._view)
            plan.rejected.append((query.pod, verdict))
        else:
            plan.assignments.append(
                Assignment(query.pod, choice.node, choice.score, choice.feasible)
            )
        return plan


def _configuration(params: Params, context: Context) -> Configuration:
    data = None
    if params.config is not None:
        own = own_plugins(context.catalog)
        data = read_scheduler_config(context.base / params.config, own).data
    percentage = params.percentage_of_nodes_to_score
    return configuration_of(data, ties=params.ties, percentage=percentage)


def _framework(name: str, profile: Profile) -> Framework:
    try:
        return Framework.of(profile)
    except TypeError as error:
        raise UserError(Problem("E204", f"profile {name}: {error}")) from error
