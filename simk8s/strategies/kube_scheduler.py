"""kube_scheduler: kube-scheduler as its KubeSchedulerConfiguration says, by default as shipped.

Every profile of the file is a framework of its own; a pod chooses one by its schedulerName, a
name that no profile has is another scheduler's pod and stays pending. The profiles share how far
the search over the nodes has got. What a cycle costs follows from the nodes that it really
looked at.

Mirrors: kube-scheduler v1.36: default plugins, weights and arguments, percentageOfNodesToScore
(adaptive by default), rotating start over nodes in zone order, ties (see placement/ties), the
feature gates GangScheduling and OpportunisticBatching with their defaults. Departs: extenders
are left out; other gates cannot be switched.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from simk8s.errors import Problem, UserError
from simk8s.placement import cycle
from simk8s.placement.base import Query
from simk8s.placement.batching import Cycles
from simk8s.placement.config import DEFAULT_SCHEDULER, PRE_ENQUEUE, Configuration, configuration_of
from simk8s.placement.framework import Framework, Profile
from simk8s.placement.ranking import BYTE_BUDGET
from simk8s.placement.search import Search
from simk8s.scenario.scheduler_config import own_plugins, read_scheduler_config
from simk8s.strategies._kept import kept_place
from simk8s.strategies._kube_scheduler_params import Params
from simk8s.strategies._profile import Decider
from simk8s.strategies.base import Context, Plan, Settings, Strategy

ONE_NAME = "all pods in a single pod group should have the same .spec.schedulerName set"


class KubeScheduler(Strategy):
    """One decider for each profile."""

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
            params.feature_gates.on(),
            frozenset(
                name
                for profile in configuration.profiles.values()
                for name in PRE_ENQUEUE
                if name not in profile.pre_enqueue
            ),
        )
        self._search = Search()
        self._cycles = Cycles()
        cycles = self._cycles if params.feature_gates.opportunistic_batching else None
        budget = BYTE_BUDGET // len(configuration.profiles)
        self._deciders = {
            name: Decider(_framework(name, profile), context, self._search, budget, cycles)
            for name, profile in configuration.profiles.items()
        }
        self._chosen: dict[int, Decider | None] = {}
        self.framework = next(iter(self._deciders.values())).framework

    def propose_together(self, pending: Sequence[Query], now_us: int) -> Plan:
        """Pods of one group: the whole cycle for each, on top of those before it."""
        self._cycles.count += 1
        first = self._decider(pending[0])
        if first is None or any(self._decider(query) is not first for query in pending):
            verdict = cycle.failed(self._view, ONE_NAME)
            return Plan(rejected=[(query.pod, verdict) for query in pending])
        return first.decide_together(pending)

    def _decider(self, query: Query) -> Decider | None:
        template = query.template
        if template.id not in self._chosen:
            name = str(template.spec.get("schedulerName") or DEFAULT_SCHEDULER)
            self._chosen[template.id] = self._deciders.get(name)
        return self._chosen[template.id]

    def handles(self, query: Query) -> bool:
        """Whether a profile has the pod's schedulerName."""
        return (self._chosen.get(query.template.id) or self._decider(query)) is not None

    def framework_of(self, query: Query) -> Framework:
        """The framework of the pod's profile."""
        decider = self._decider(query)
        return self.framework if decider is None else decider.framework

    def search_of(self, query: Query) -> Search:
        """As far as the percentage of the pod's profile, from where the last search ended."""
        return Search(self.framework_of(query).percentage, self._search.start)

    def propose(self, pending: Sequence[Query], now_us: int) -> Plan:
        """One pod: its best node, or why there is none."""
        self._cycles.count += 1
        query = pending[0]
        decider = self._chosen.get(query.template.id) or self._decider(query)
        if decider is not None:
            kept = self._view.objects.places and kept_place(
                decider.framework, query, self._view, now_us
            )
            return kept or decider.decide(query, now_us)
        words = f"no profile is called {query.template.spec.get('schedulerName')}"
        return Plan(rejected=[(query.pod, cycle.failed(self._view, words))])


def _configuration(params: Params, context: Context) -> Configuration:
    data = None
    if params.config is not None:
        own = own_plugins(context.catalog)
        data = read_scheduler_config(context.base / params.config, own).data
    percentage = params.percentage_of_nodes_to_score
    features = params.feature_gates.on()
    return configuration_of(data, ties=params.ties, percentage=percentage, features=features)


def _framework(name: str, profile: Profile) -> Framework:
    try:
        return Framework.of(profile)
    except TypeError as error:
        raise UserError(Problem("E204", f"profile {name}: {error}")) from error
