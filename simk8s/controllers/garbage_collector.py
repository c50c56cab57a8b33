"""The garbage collector: what belongs to an object that does not exist any more is deleted.

Law: only what an owner's deletion has orphaned is touched, each dependent once; a pod that is
being deleted already is left alone.

Mirrors: pkg/controller/garbagecollector v1.36, background deletion: 20 workers, a GET and a DELETE
for each dependent, a client of twice the QPS. Departs: owners are known by key and number, so
nothing is asked about them; no foreground deletion and no orphaning.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from simk8s.api.objects import ObjectTable
from simk8s.api.requests import request
from simk8s.api.watch import Entry, Verb
from simk8s.controllers._garbage_collector_params import Params
from simk8s.controllers.base import DONE, Context, Controller, Result, Steps, Write
from simk8s.state.cluster import TERMINAL
from simk8s.state.deployments import DEPLOYMENTS
from simk8s.state.pods import GONE, NEVER, UNBORN
from simk8s.state.workloads import JOBS, REPLICASETS

PODS = "pods"
Key = tuple[str, Any]
"""(kind, key or row) of a dependent."""


class GarbageCollector(Controller):
    """Watches objects that own others."""

    name: ClassVar[str] = "garbage_collector"
    workers: ClassVar[int] = 20

    def __init__(self, params: Params, context: Context) -> None:
        self._context = context
        self._store = context.store
        self._pods = context.store.cluster.pods
        self._sets: ObjectTable[Any] = context.store.objects(REPLICASETS)
        self._deployments: ObjectTable[Any] = context.store.objects(DEPLOYMENTS)
        self._owners: dict[Key, int] = {}
        """Owner numbers of what has pods."""
        self._dead: dict[int, None] = {}
        """Owner numbers whose object is gone."""
        watch = context.watches.watch
        watch(self._deployments.log, self._hear_deployments, (Verb.DELETED,))
        for kind in (REPLICASETS, JOBS):
            hear: Callable[[int, list[Entry]], None] = partial(self._hear_owners, kind)
            watch(context.store.objects(kind).log, hear, (Verb.ADDED, Verb.DELETED))
            for key in list(context.store.objects(kind).keys()):
                self._know(kind, key)

    def _hear_deployments(self, now_us: int, entries: list[Entry]) -> None:
        gone = {key: None for _, verb, key in entries if verb is Verb.DELETED}
        if gone:
            for key, stored in self._sets.items():
                if stored.value.deployment in gone:
                    self._context.queue.add((REPLICASETS, key))

    def _hear_owners(self, kind: str, now_us: int, entries: list[Entry]) -> None:
        for _, verb, key in entries:
            if verb is Verb.ADDED:
                self._know(kind, key)
            elif verb is Verb.DELETED:
                owner = self._owners.pop((kind, key), None)
                if owner is not None:
                    self._bury(owner)

    def _know(self, kind: str, key: str) -> None:
        stored = self._store.objects(kind).get(key)
        if stored is None:
            return
        self._owners[kind, key] = stored.value.pods.owner
        above = getattr(stored.value, "deployment", "")
        if above and self._deployments.get(above) is None:
            self._context.queue.add((kind, key))

    def _bury(self, owner: int) -> None:
        """An owner is gone: its pods, those too that a sync is still creating."""
        if not self._dead:
            self._context.watches.watch(self._store.pods, self._hear_pods, (Verb.ADDED,))
        self._dead[owner] = None
        for pod, number in enumerate(self._pods.owner):
            if number == owner and self._orphan(pod):
                self._context.queue.add((PODS, pod))

    def _hear_pods(self, now_us: int, entries: list[Entry]) -> None:
        for _, verb, pod in entries:
            if verb is Verb.ADDED and self._pods.owner[pod] in self._dead:
                self._context.queue.add((PODS, pod))

    def _orphan(self, pod: int) -> bool:
        phase = self._pods.phase[pod]
        if phase in (UNBORN, GONE):
            return False
        return phase in TERMINAL or self._pods.deletion_us[pod] == NEVER

    def reconcile(self, key: Key, now_us: int) -> Result | Steps:
        """GET a dependent and DELETE it."""
        kind, item = key
        if kind == PODS:
            return (
                self._collect(self._get_pod, self._store.delete_pod, item)
                if (self._orphan(item))
                else DONE
            )
        table = self._store.objects(kind)
        return DONE if table.get(item) is None else self._collect(self._get, table.delete, item)

    def _collect(self, get: Callable[..., Any], delete: Callable[..., Any], item: Any) -> Steps:
        yield [Write(get)]
        yield [Write(delete, (item,))]
        return DONE

    @request("GET", "pods")
    def _get_pod(self) -> bool:
        return True

    @request("GET", "replicasets")
    def _get(self) -> bool:
        return True
