"""The ReplicaSet controller: keeps as many pods as were asked for.

Law: pods that have ended or are being deleted do not count and are replaced at once; status is
written when it has changed, with the counts from the start of the sync, so it stands still while
a sync waits for its client; a sync goes by what its informer has shown, and is put off while that
is older than its own last write.

Mirrors: pkg/controller/replicaset v1.36: slow start 1, 2, 4, … up to 500 a sync, expectations,
deletion ranking over the Deployment's pods, minReadySeconds, one status update a sync (on a
conflict GET and once more), consistency with its own writes, an Event for each pod; where pods
cannot be created the condition ReplicaFailure (reason FailedCreate) and another try with backoff
(5 ms to 1000 s). Departs: ended pods stay until somebody deletes them; every pod has the labels of
its template.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import ClassVar

from simk8s.api.objects import ObjectTable, Stored
from simk8s.api.watch import Entry, Verb
from simk8s.controllers import _owned as owned
from simk8s.controllers._flags import Params
from simk8s.controllers._status import StatusWriter
from simk8s.controllers.base import DONE, Context, Controller, Result, Steps
from simk8s.state.pods import PodTable
from simk8s.state.workloads import REPLICASETS, ReplicaSet, ReplicaSetStatus

UNSEEN = Result(failed=True)
"""`read version is not as new as written version`."""


class _ReplicaPods(owned.OwnedPods):
    """A ReplicaSet's pods, and which of them have been ready for long enough."""

    __slots__ = ("available", "ripening")

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.available: dict[int, int] = {}
        """And the lastTransitionTime of its readiness."""
        self.ripening: deque[tuple[int, int]] = deque()
        """(lastTransitionTime of Ready, pod), oldest first; some are ready no more."""

    def watch_over(self, pod: int, since_us: int) -> None:
        """Follow a pod whose readiness has changed, or that is gone."""
        ready = self.active.get(pod)
        if ready and self.available.get(pod) == since_us:
            return
        self.available.pop(pod, None)
        if ready:
            self.ripening.append((since_us, pod))

    def ripen(self, now_us: int, min_ready_us: int, table: PodTable) -> int | None:
        """Take in who is available by now; when the next one will be, None if nobody waits."""
        line = self.ripening
        while line:
            since_us, pod = line[0]
            if self.active.get(pod) and table.ready_since_us[pod] == since_us:
                due_us = available_us(since_us, min_ready_us)
                if due_us > now_us:
                    return due_us
                self.available[pod] = since_us
            line.popleft()
        return None


def available_us(ready_since_us: int, min_ready_us: int) -> int:
    """When a pod is available: lastTransitionTime has whole seconds and must be exceeded."""
    if not min_ready_us:
        return ready_since_us
    return owned.whole_second(ready_since_us) + min_ready_us + 1


class ReplicaSetController(Controller):
    """Reconciles keys of ReplicaSets."""

    name: ClassVar[str] = "replicaset"
    kind: ClassVar[str] = "ReplicaSet"
    table: ClassVar[str] = REPLICASETS

    def __init__(self, params: Params, context: Context) -> None:
        self._context = context
        self._store = context.store
        self._sets: ObjectTable[ReplicaSet] = context.store.objects(self.table)
        self._control = owned.PodControl(context, self.kind)
        self._by_owner: dict[int, _ReplicaPods] = {}
        self._family: dict[str, dict[int, None]] = {}
        """Owner numbers of the ReplicaSets of a Deployment."""
        self._known: dict[str, Stored[ReplicaSet]] = {}
        """The informer's cache: ReplicaSets as last heard of."""
        self._wrote_us: dict[str, int] = {}
        """Own status updates that the informer has not shown yet."""
        self._status = StatusWriter(self._sets, self.table, self._wrote)
        context.watches.watch(self._sets.log, self._hear_sets)
        for key in list(self._sets.keys()):
            self._know(key)

    def _hear_sets(self, now_us: int, entries: list[Entry]) -> None:
        for at_us, verb, key in entries:
            if self._wrote_us.get(key, at_us + 1) <= at_us:
                del self._wrote_us[key]
            if verb is Verb.DELETED:
                self._known.pop(key, None)
            else:
                self._know(key)

    def _know(self, key: str) -> None:
        stored = self._sets.get(key)
        if stored is None:
            return
        before = self._known.get(key)
        self._known[key] = stored
        if before is not None and before.value.generation == stored.value.generation:
            return
        if not self._by_owner:
            watches = self._context.watches
            watches.watch(self._store.pods, self._hear_pods, owned.POD_VERBS)
        owner = stored.value.pods.owner
        if owner not in self._by_owner:
            self._by_owner[owner] = _ReplicaPods(key)
            if stored.value.deployment:
                self._family.setdefault(stored.value.deployment, {})[owner] = None
        self._context.queue.add(key)

    def _hear_pods(self, now_us: int, entries: list[Entry]) -> None:
        table, add, mine = self._store.cluster.pods, self._context.queue.add, self._by_owner
        owners, phases, readies = table.owner, table.phase, table.ready
        for _, verb, pod in entries:
            pods = mine.get(owners[pod])
            if pods is not None and pods.hear(verb, pod, phases[pod], bool(readies[pod])):
                if verb is not Verb.ADDED:
                    pods.watch_over(pod, table.ready_since_us[pod])
                add(pods.key)

    def reconcile(self, key: str, now_us: int) -> Result | Steps:
        """Create or delete what is too few or too many; report the counts."""
        stored = self._known.get(key)
        if stored is None:
            return DONE
        if key in self._wrote_us:
            return UNSEEN
        wanted = stored.value
        pods = self._by_owner[wanted.pods.owner]
        due_us = pods.ripen(now_us, wanted.min_ready_us, self._store.cluster.pods)
        status = ReplicaSetStatus(
            replicas=len(pods.active),
            ready=pods.ready,
            available=len(pods.available),
            fully_labeled=len(pods.active),
            terminating=len(pods.terminating),
            observed_generation=wanted.generation,
        )
        missing = wanted.replicas - len(pods.active) if pods.settled else 0
        if not missing and status == wanted.status:
            return DONE if due_us is None else Result(requeue_after_us=due_us - now_us)
        return self._sync(key, stored, pods, missing, status, due_us)

    def _sync(
        self,
        key: str,
        stored: Stored[ReplicaSet],
        pods: _ReplicaPods,
        missing: int,
        status: ReplicaSetStatus,
        due_us: int | None,
    ) -> Steps:
        short, wanted = False, stored.value
        if missing > 0:
            rows = pods.rows(wanted.pods, min(missing, owned.BURST))
            made = yield from owned.create(pods, rows, self._control.create(key))
            short = made < len(rows)
            if short:
                status = replace(status, failure=wanted.status.failure or pods.failure)
        elif missing < 0:
            table, count = self._store.cluster.pods, min(-missing, owned.BURST)
            related = self._related(wanted)
            victims = owned.cheapest(pods, count, table, self._context.now_us, related)
            yield from owned.delete(pods, victims, self._control.delete(key))
        if status != wanted.status:
            yield from self._status.report(key, status, stored.version)
        if short or due_us is None:
            return Result(failed=short)
        return Result(requeue_after_us=max(1, due_us - self._context.now_us))

    def _wrote(self, key: str) -> None:
        self._wrote_us[key] = self._context.now_us

    def _related(self, wanted: ReplicaSet) -> list[_ReplicaPods]:
        family = self._family.get(wanted.deployment, {})
        return [self._by_owner[owner] for owner in family if owner != wanted.pods.owner]
