"""The ReplicaSet controller: keeps as many pods as were asked for.

Law: pods that have ended or are being deleted do not count and are replaced at once; status is
written when it has changed, with the counts from the start of the sync.

Mirrors: pkg/controller/replicaset v1.36: slow start 1, 2, 4, … up to 500 a sync, expectations,
deletion ranking, one status update a sync; where pods cannot be created the condition
ReplicaFailure (reason FailedCreate), an event, and another try with backoff (5 ms to 1000 s).
Departs: ended pods stay until somebody deletes them; minReadySeconds is 0; its own status updates
do not wake it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from simk8s.api.objects import ObjectTable
from simk8s.api.requests import POST_EVENT, request
from simk8s.api.watch import Entry, Verb
from simk8s.controllers import _owned as owned
from simk8s.controllers._flags import Params
from simk8s.controllers.base import DONE, Context, Controller, Result, Steps, Write
from simk8s.state.workloads import REPLICASETS, ReplicaSet, ReplicaSetStatus


class ReplicaSetController(Controller):
    """Reconciles keys of ReplicaSets."""

    name: ClassVar[str] = "replicaset"

    def __init__(self, params: Params, context: Context) -> None:
        self._context = context
        self._store = context.store
        self._sets: ObjectTable[ReplicaSet] = context.store.objects(REPLICASETS)
        self._by_owner: dict[int, owned.OwnedPods] = {}
        self._wanted: dict[str, int] = {}
        context.watches.watch(self._sets.log, self._hear_sets)
        for key in list(self._sets.keys()):
            self._know(key)

    def _hear_sets(self, now_us: int, entries: list[Entry]) -> None:
        for _, verb, key in entries:
            if verb is Verb.DELETED:
                self._wanted.pop(key, None)
            else:
                self._know(key)

    def _know(self, key: str) -> None:
        stored = self._sets.get(key)
        if stored is None or self._wanted.get(key) == stored.value.replicas:
            return
        if not self._by_owner:
            watches = self._context.watches
            watches.watch(self._store.pods, self._hear_pods, owned.POD_VERBS)
        self._by_owner.setdefault(stored.value.pods.owner, owned.OwnedPods(key))
        self._wanted[key] = stored.value.replicas
        self._context.queue.add(key)

    def _hear_pods(self, now_us: int, entries: list[Entry]) -> None:
        table, add, mine = self._store.cluster.pods, self._context.queue.add, self._by_owner
        owners, phases = table.owner, table.phase
        for _, verb, pod in entries:
            pods = mine.get(owners[pod])
            if pods is not None and pods.hear(verb, pod, phases[pod]):
                add(pods.key)

    def reconcile(self, key: str, now_us: int) -> Result | Steps:
        """Create or delete what is too few or too many; report the counts."""
        stored = self._sets.get(key)
        if stored is None:
            return DONE
        wanted = stored.value
        pods = self._by_owner[wanted.pods.owner]
        status = ReplicaSetStatus(len(pods.active), pods.ready)
        missing = wanted.replicas - len(pods.active) if pods.settled else 0
        if not missing and status == wanted.status:
            return DONE
        return self._sync(key, wanted, pods, missing, status)

    def _sync(
        self,
        key: str,
        wanted: ReplicaSet,
        pods: owned.OwnedPods,
        missing: int,
        status: ReplicaSetStatus,
    ) -> Steps:
        short = False
        if missing > 0:
            rows = pods.rows(wanted.pods, min(missing, owned.BURST))
            made = yield from owned.create(pods, rows, self._store.create_pods)
            short = made < len(rows)
            if short:
                self._context.client.note(POST_EVENT)  # FailedCreate
                status = replace(status, failure=wanted.status.failure or pods.failure)
        elif missing < 0:
            table, count = self._store.cluster.pods, min(-missing, owned.BURST)
            victims = owned.cheapest(pods, count, table, self._context.now_us)
            yield from owned.delete(pods, victims, self._store.delete_pod)
        if status != wanted.status:
            yield [Write(self._report, (key, status))]
        return Result(failed=short)

    @request("PUT", "replicasets/status")
    def _report(self, key: str, status: ReplicaSetStatus) -> bool:
        stored = self._sets.get(key)
        if stored is None:
            return False
        return self._sets.update(key, replace(stored.value, status=status), stored.version)
