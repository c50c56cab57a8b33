"""The namespace controller: empties a namespace that is being deleted, then lets it go.

Law: while pods remain nothing else is deleted; the namespace goes when nothing of it is left.

Mirrors: pkg/controller/namespace v1.36: 10 workers, work begins 5 s after the event, pods first
(OrderedNamespaceDeletion), then a DeleteCollection of every kind; looked at again after half of
the longest grace period that is left and a second. Departs: a collection is one request that
deletes whatever is there at its commit; the LISTs of kinds that are not simulated are 60
(UNVERIFIED).
"""

from __future__ import annotations

from typing import ClassVar

from simk8s.api.namespaces import NAMESPACES
from simk8s.api.objects import ObjectTable
from simk8s.api.requests import kind, request
from simk8s.api.watch import Entry, Verb
from simk8s.controllers._namespace_params import Params
from simk8s.controllers.base import DONE, Context, Controller, Result, Steps, Write
from simk8s.state.pods import GONE, NEVER, UNBORN
from simk8s.state.policies import Namespace

DELAY_US = 5_000_000
SECOND_US = 1_000_000
SWEEP = kind("LIST", "other")
SWEPT_KINDS = 60


class NamespaceController(Controller):
    """Reconciles names of namespaces."""

    name: ClassVar[str] = "namespace"
    workers: ClassVar[int] = 10

    def __init__(self, params: Params, context: Context) -> None:
        self._context = context
        self._store = context.store
        self._all: ObjectTable[Namespace] = context.store.objects(NAMESPACES)
        context.watches.watch(self._all.log, self._hear, (Verb.ADDED, Verb.UPDATED))
        for name in list(self._all.keys()):
            self._look(name)

    def _hear(self, now_us: int, entries: list[Entry]) -> None:
        for _, verb, name in entries:
            if verb is not Verb.DELETED:
                self._look(name)

    def _look(self, name: str) -> None:
        stored = self._all.get(name)
        if stored is not None and stored.value.terminating:
            self._context.queue.add_after(name, DELAY_US)

    def reconcile(self, key: str, now_us: int) -> Result | Steps:
        """Pods first; then everything else; then the namespace itself."""
        stored = self._all.get(key)
        if stored is None or not stored.value.terminating:
            return DONE
        return self._empty(key)

    def _empty(self, name: str) -> Steps:
        if self._pods(name):
            yield [Write(self._delete_pods, (name,))]
            left = self._pods(name)
            if left:
                return Result(requeue_after_us=self._estimate_us(left) // 2 + SECOND_US)
        self._context.client.note(SWEEP, SWEPT_KINDS)
        for table in self._store.tables():
            keys = [key for key, _ in table.items() if key.startswith(f"{name}/")]
            if keys:
                yield [Write(table.delete_all, (keys,))]
        if self._pods(name):
            return Result(requeue_after_us=SECOND_US)
        yield [Write(self._finalize, (name,))]
        return DONE

    def _pods(self, name: str) -> list[int]:
        pods, templates = self._store.cluster.pods, self._store.cluster.templates.items
        mine = [template.namespace == name for template in templates]
        return [
            pod
            for pod, phase in enumerate(pods.phase)
            if phase not in (UNBORN, GONE) and mine[pods.template[pod]]
        ]

    def _estimate_us(self, left: list[int]) -> int:
        """The longest grace period of what remains."""
        return max(self._store.cluster.template_of(pod).grace_us for pod in left)

    @request("DELETE", "pods")
    def _delete_pods(self, name: str) -> bool:
        """DeleteCollection: every pod that is not leaving yet."""
        leaves = self._store.cluster.pods.deletion_us
        for pod in self._pods(name):
            if leaves[pod] == NEVER:
                self._store.delete_pod(pod)
        return True

    @request("PUT", "namespaces/finalize")
    def _finalize(self, name: str) -> bool:
        return self._all.delete(name)
