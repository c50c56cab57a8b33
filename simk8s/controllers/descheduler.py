"""The descheduler: evicts pods that the scheduler would put elsewhere today. Runs only if named.

A round every five minutes; one that would find nothing that the last did not is not simulated.

Law: evictions go through the eviction API, so that PodDisruptionBudgets hold; a round asks for one
after the other and exceeds none of its limits.

Mirrors: sigs.k8s.io/descheduler v0.34 as a Deployment with deschedulingInterval 5m: first the
Deschedule plugins, then the Balance plugins; policies of its Helm chart where a scenario names none
(behaviour of single policies in `_descheduler/`). UNVERIFIED: read from the main branch of 2025,
not run against; the chart's numbers are those of its README. Departs: one profile; policies run in
the order of `Policies`, not in that of a file; rounds stay on whole multiples of the interval; what
one policy has chosen in a round, a later one still sees on its node.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from simk8s.api.eviction import TOO_MANY
from simk8s.api.requests import request
from simk8s.api.watch import Entry, Verb
from simk8s.controllers._descheduler import duplicates, spread, utilisation, violations
from simk8s.controllers._descheduler.round import Round
from simk8s.controllers._descheduler_params import Params
from simk8s.controllers._rounds import Rounds
from simk8s.controllers.base import DONE, Context, Controller, Result, Steps, Write
from simk8s.state.pods import Loss

LOOP = "loop"
POLICIES: dict[str, Callable[[Round, Any], None]] = {
    "remove_pods_having_too_many_restarts": violations.too_many_restarts,
    "remove_pods_violating_node_taints": violations.node_taints,
    "remove_pods_violating_node_affinity": violations.node_affinity,
    "remove_pods_violating_inter_pod_anti_affinity": violations.anti_affinity,
    "remove_duplicates": duplicates.duplicates,
    "remove_pods_violating_topology_spread_constraint": spread.topology_spread,
    "low_node_utilization": utilisation.low_utilisation,
    "high_node_utilization": utilisation.high_utilisation,
}


class Descheduler(Controller):
    """Watches whether anything has changed since its last round."""

    name: ClassVar[str] = "descheduler"
    survives: ClassVar[bool] = True
    workers: ClassVar[int] = 1

    def __init__(self, params: Params, context: Context) -> None:
        self._params, self._store = params, context.store
        self._evictions = context.evictions(Loss.DESCHEDULED)
        self._rounds = Rounds(context.queue, LOOP, params.interval)
        self.evicted: dict[str, int] = {}
        """Evictions granted by policy."""
        pods = (Verb.BOUND, Verb.STATUS, Verb.DELETED, Verb.ENDED)
        context.watches.watch(self._store.pods, self._hear, pods)
        context.watches.watch(self._store.nodes, self._hear)

    def _hear(self, now_us: int, entries: list[Entry]) -> None:
        self._rounds.arm(now_us)

    def reconcile(self, key: str, now_us: int) -> Result | Steps:
        """One round."""
        if not self._rounds.due(now_us):
            return DONE
        turn = self.look()
        return self._evict(turn) if turn.chosen else DONE

    def look(self) -> Round:
        """Whom a round at this instant would evict."""
        turn = Round(self._store.cluster, self._store.ready, self._params)
        for name, policy in POLICIES.items():
            params = getattr(self._params.policies, name)
            if params is not None:
                policy(turn, params)
        return turn

    def _evict(self, turn: Round) -> Steps:
        for pod, policy in turn.chosen.items():
            yield [Write(self._ask, (pod, policy))]
        return DONE

    @request("POST", "pods/eviction")
    def _ask(self, pod: int, policy: str) -> bool:
        """The eviction arrives; one that a budget refuses is tried again in the next round."""

        def answered(now_us: int, code: int) -> None:
            if code == TOO_MANY:
                self._rounds.arm(now_us)
            else:
                self.evicted[policy] = self.evicted.get(policy, 0) + 1

        self._evictions.evict(pod, answered)
        return True
