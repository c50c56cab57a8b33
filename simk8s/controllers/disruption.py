"""The disruption controller: how many pods of each PodDisruptionBudget may go.

Law: allowed = healthy − desired, never below 0 and 0 while nothing is expected; a pod whose
eviction was granted is not healthy from then on. Status is written when it has changed.

Mirrors: pkg/controller/disruption v1.36: one worker; disruptedPods are forgotten once their
deletion is seen, or after two minutes; every pod event of a matching pod is a sync. Departs: the
scale of an owner is what its Deployment or ReplicaSet asks for; pods are matched by the labels
of their template; no Events.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from simk8s.api.objects import ObjectTable
from simk8s.api.requests import request
from simk8s.api.watch import Entry, Verb
from simk8s.controllers import _owned as owned
from simk8s.controllers._flags import Params
from simk8s.controllers.base import DONE, Context, Controller, Result, Steps, Write
from simk8s.state.budgets import BUDGETS, BudgetStatus, DisruptionBudget
from simk8s.state.deployments import DEPLOYMENTS
from simk8s.state.pods import GONE, NEVER, UNBORN
from simk8s.state.statefulsets import STATEFULSETS
from simk8s.state.workloads import JOBS, REPLICASETS, REPLICATIONCONTROLLERS

FORGET_US = 120_000_000
SCALED = {
    "ReplicaSet": REPLICASETS,
    "StatefulSet": STATEFULSETS,
    "ReplicationController": REPLICATIONCONTROLLERS,
}
"""Tables of owners that ask for a number of pods."""


class _Matched:
    """The pods of one budget."""

    __slots__ = ("pods", "templates")

    def __init__(self) -> None:
        self.pods: dict[int, None] = {}
        self.templates: dict[int, bool] = {}
        """Whether the pods of a template match, by its number."""


class DisruptionController(Controller):
    """Watches budgets and the pods that they select."""

    name: ClassVar[str] = "disruption"
    workers: ClassVar[int] = 1

    def __init__(self, params: Params, context: Context) -> None:
        self._context = context
        self._cluster = context.store.cluster
        self._budgets: ObjectTable[DisruptionBudget] = context.store.objects(BUDGETS)
        self._matched: dict[str, _Matched] = {}
        context.watches.watch(self._budgets.log, self._hear)
        for key in list(self._budgets.keys()):
            self._know(key)

    def _hear(self, now_us: int, entries: list[Entry]) -> None:
        for _, verb, key in entries:
            if verb is Verb.DELETED:
                self._matched.pop(key, None)
            else:
                self._know(key)

    def _know(self, key: str) -> None:
        if key not in self._matched:
            if not self._matched:
                watches = self._context.watches
                watches.watch(self._context.store.pods, self._hear_pods, owned.POD_VERBS)
            found = self._matched[key] = _Matched()
            phases = self._cluster.pods.phase
            for pod in range(len(phases)):
                if phases[pod] not in (UNBORN, GONE) and self._selects(key, found, pod):
                    found.pods[pod] = None
        self._context.queue.add(key)

    def _selects(self, key: str, found: _Matched, pod: int) -> bool:
        number = self._cluster.pods.template[pod]
        known = found.templates.get(number)
        if known is None:
            stored, template = self._budgets.get(key), self._cluster.template_of(pod)
            namespace = key.partition("/")[0]
            known = (
                stored is not None
                and template.namespace == namespace
                and stored.value.selector.matches(template.labels)
            )
            found.templates[number] = known
        return known

    def _hear_pods(self, now_us: int, entries: list[Entry]) -> None:
        for _, verb, pod in entries:
            for key, found in self._matched.items():
                if self._selects(key, found, pod):
                    if verb is Verb.DELETED:
                        found.pods.pop(pod, None)
                    else:
                        found.pods[pod] = None
                    self._context.queue.add(key)

    def reconcile(self, key: str, now_us: int) -> Result | Steps:
        """Count; PUT the status if it has changed."""
        stored = self._budgets.get(key)
        if stored is None or key not in self._matched:
            return DONE
        status = self._counted(stored.value, self._matched[key].pods, now_us)
        if status == stored.value.status:
            return self._later(status, now_us)
        return self._sync(key, stored.version, stored.value, status)

    def _sync(self, key: str, version: int, value: DisruptionBudget, status: BudgetStatus) -> Steps:
        fresh = replace(value, status=status)
        (written,) = yield [Write(self._put, (key, fresh, version))]
        return self._later(status, self._context.now_us) if written else Result(failed=True)

    @staticmethod
    def _later(status: BudgetStatus, now_us: int) -> Result:
        """Look again when the first eviction that has led to nothing is forgotten."""
        if not status.disrupted:
            return DONE
        first_us = min(when_us for _, when_us in status.disrupted)
        return Result(requeue_after_us=max(1, first_us + FORGET_US - now_us))

    def _counted(
        self, budget: DisruptionBudget, matched: dict[int, None], now_us: int
    ) -> BudgetStatus:
        pods = self._cluster.pods
        expected, desired = budget.wanted(len(matched), self._scale(matched))
        disrupted = tuple(
            (pod, when_us)
            for pod, when_us in budget.status.disrupted
            if pod in matched and pods.deletion_us[pod] == NEVER and when_us + FORGET_US > now_us
        )
        going = dict(disrupted)
        healthy = sum(
            1
            for pod in matched
            if pods.ready[pod] and pods.deletion_us[pod] == NEVER and pod not in going
        )
        allowed = max(0, healthy - desired) if expected > 0 else 0
        return BudgetStatus(expected, healthy, desired, allowed, disrupted, budget.generation)

    def _scale(self, matched: dict[int, None]) -> int:
        """What the owners of pods want, each once."""
        owners = dict.fromkeys(self._cluster.pods.owner[pod] for pod in matched)
        scales: dict[str, int] = {}
        for owner in owners:
            if owner != NEVER:
                name, size = self._scale_of(owner, matched)
                scales[name] = size
        return sum(scales.values())

    def _scale_of(self, owner: int, matched: dict[int, None]) -> tuple[str, int]:
        kind, _, name = self._cluster.owners[owner].partition("/")
        store = self._context.store
        pod = next(pod for pod in matched if self._cluster.pods.owner[pod] == owner)
        key = f"{self._cluster.template_of(pod).namespace}/{name}"
        stored: Any = store.objects(SCALED.get(kind, JOBS)).get(key)
        if stored is None:
            return key, 0
        above = store.objects(DEPLOYMENTS).get(getattr(stored.value, "deployment", ""))
        if above is not None:
            return f"Deployment {stored.value.deployment}", above.value.replicas
        return f"{kind} {key}", getattr(stored.value, "replicas", 0)

    @request("PUT", "poddisruptionbudgets/status")
    def _put(self, key: str, fresh: DisruptionBudget, version: int) -> bool:
        return self._budgets.update(key, fresh, version)
