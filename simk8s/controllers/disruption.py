"""The disruption controller: keeps the status of PodDisruptionBudgets.

Law: after every change of a pod that a budget selects, its status says how many of its pods are
healthy, how many have to be, and how many may go; it is written where it has changed.

Mirrors: pkg/controller/disruption v1.36: one worker; healthy = Ready and not being deleted;
percentages and maxUnavailable are of what the owners ask for (spec.replicas). Departs: a Job's or
an owner-less pod's expectation is the pod itself (Kubernetes reports an error for those with
maxUnavailable or a percentage); disruptedPods are not kept.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from simk8s.api.objects import ObjectTable
from simk8s.api.requests import request
from simk8s.api.watch import Entry, Verb
from simk8s.controllers._flags import Params
from simk8s.controllers.base import DONE, Context, Controller, Result, Steps, Write
from simk8s.state.disruption import DisruptionBudget, DisruptionStatus
from simk8s.state.pods import NEVER, PENDING, RUNNING
from simk8s.state.workloads import REPLICASETS, ReplicaSet

_VERBS = (Verb.ADDED, Verb.STATUS, Verb.ENDED, Verb.DELETING, Verb.DELETED)


class DisruptionController(Controller):
    """Reconciles keys of PodDisruptionBudgets."""

    name: ClassVar[str] = "disruption"
    workers: ClassVar[int] = 1

    def __init__(self, params: Params, context: Context) -> None:
        self._context = context
        self._store = context.store
        self._budgets: ObjectTable[DisruptionBudget] = context.store.objects("poddisruptionbudgets")
        self._sets: ObjectTable[ReplicaSet] = context.store.objects(REPLICASETS)
        self._pods: dict[str, dict[int, None]] = {}
        """By budget: the pods that it selects, as far as they have not ended."""
        self._selected: dict[int, list[str]] = {}
        """Template number -> budgets that select its pods."""
        self._owners: dict[int, str] = {}
        """Owner number -> key of the ReplicaSet."""
        context.watches.watch(self._budgets.log, self._hear_budgets)
        for key in list(self._budgets.keys()):
            self._know(key)

    # --- what has changed

    def _hear_budgets(self, now_us: int, entries: list[Entry]) -> None:
        for _, verb, key in entries:
            if verb is Verb.ADDED:
                self._know(key)
            elif verb is Verb.DELETED:
                self._pods.pop(key, None)
                self._selected.clear()

    def _know(self, key: str) -> None:
        if self._budgets.get(key) is None:
            return
        if not self._pods:
            watches = self._context.watches
            watches.watch(self._store.pods, self._hear_pods, _VERBS)
            watches.watch(self._sets.log, self._hear_sets)
            for known in list(self._sets.keys()):
                self._know_set(known)
        self._pods[key] = {}
        self._selected.clear()
        for pod in self._store.cluster.live():
            if key in self._selecting(pod):
                self._pods[key][pod] = None
        self._context.queue.add(key)

    def _hear_sets(self, now_us: int, entries: list[Entry]) -> None:
        for _, verb, key in entries:
            if verb is not Verb.DELETED:
                self._know_set(key)

    def _know_set(self, key: str) -> None:
        """A ReplicaSet is new or has changed: budgets of its pods look again."""
        stored = self._sets.get(key)
        if stored is None:
            return
        self._owners[stored.value.pods.owner] = key
        for budget in self._of_template(stored.value.pods.template.id):
            self._context.queue.add(budget)

    def _hear_pods(self, now_us: int, entries: list[Entry]) -> None:
        phase = self._store.cluster.pods.phase
        for _, verb, pod in entries:
            if verb not in _VERBS:
                continue
            for key in self._selecting(pod):
                if phase[pod] in (PENDING, RUNNING):
                    self._pods[key][pod] = None
                else:
                    self._pods[key].pop(pod, None)
                self._context.queue.add(key)

    def _selecting(self, pod: int) -> list[str]:
        return self._of_template(self._store.cluster.pods.template[pod])

    def _of_template(self, number: int) -> list[str]:
        """Budgets that select pods of a template."""
        known = self._selected.get(number)
        if known is None:
            template = self._store.cluster.templates.items[number]
            known = self._selected[number] = [
                key
                for key in self._pods
                if (stored := self._budgets.get(key)) is not None
                and stored.value.namespace == template.namespace
                and stored.value.selector.matches(template.labels)
            ]
        return known

    # --- what follows from it

    def reconcile(self, key: str, now_us: int) -> Result | Steps:
        """Count, and report what has changed."""
        stored = self._budgets.get(key)
        if stored is None:
            return DONE
        status = self._count(key, stored.value)
        return DONE if status == stored.value.status else self._sync(key, status)

    def _count(self, key: str, budget: DisruptionBudget) -> DisruptionStatus:
        pods = self._store.cluster.pods
        healthy = expected = 0
        owners: dict[int, None] = {}
        for pod in self._pods[key]:
            healthy += bool(pods.ready[pod]) and pods.deletion_us[pod] == NEVER
            owner = pods.owner[pod]
            if owner in self._owners:
                owners[owner] = None
            else:
                expected += 1
        for owner in owners:
            stored = self._sets.get(self._owners[owner])
            expected += 0 if stored is None else stored.value.replicas
        return budget.counted(len(self._pods[key]), healthy, expected)

    def _sync(self, key: str, status: DisruptionStatus) -> Steps:
        yield [Write(self._report, (key, status))]
        return DONE

    @request("PUT", "poddisruptionbudgets/status")
    def _report(self, key: str, status: DisruptionStatus) -> bool:
        stored = self._budgets.get(key)
        if stored is None:
            return False
        return self._budgets.update(key, replace(stored.value, status=status), stored.version)
