"""The garbage collector: what belongs to an object that does not exist any more is deleted.

Law: only what an owner's deletion has orphaned is touched, each dependent once; a pod that is
being deleted already is left alone.

Mirrors: pkg/controller/garbagecollector v1.36, background deletion: 20 workers, a GET and a DELETE
for each dependent, a client of twice the QPS. Departs: owners are known by key and number, so
nothing is asked about them; no foreground deletion and no orphaning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

from simk8s.api.requests import request
from simk8s.api.watch import Entry, Verb
from simk8s.controllers._garbage_collector_params import Params
from simk8s.controllers.base import DONE, Context, Controller, Result, Steps, Write
from simk8s.state.cluster import TERMINAL
from simk8s.state.cronjobs import CRONJOBS
from simk8s.state.daemonsets import DAEMONSETS
from simk8s.state.deployments import DEPLOYMENTS
from simk8s.state.makers import REVISIONS, Revision
from simk8s.state.pods import GONE, NEVER, UNBORN
from simk8s.state.statefulsets import CLAIMS, STATEFULSETS, Claim
from simk8s.state.workloads import JOBS, REPLICASETS, REPLICATIONCONTROLLERS

PODS = "pods"
Key = tuple[str, Any]
"""(kind, key or row) of an object."""
OWNERS = (REPLICASETS, JOBS, STATEFULSETS, DAEMONSETS, REPLICATIONCONTROLLERS)
"""Kinds that have pods."""
MAKERS = ("ReplicaSet", "Job", "StatefulSet", "DaemonSet", "ReplicationController")


def _in_deployment(value: Any) -> Key | None:
    return (DEPLOYMENTS, value.deployment) if value.deployment else None


def _in_cronjob(value: Any) -> Key | None:
    return (CRONJOBS, value.cronjob) if value.cronjob else None


def _of_revision(value: Revision) -> Key:
    kind, _, key = value.owner.partition(" ")
    return kind, key


def _of_claim(value: Claim) -> Key | None:
    """A claim of a condemned pod goes with it; any other with its StatefulSet, or stays."""
    if value.pod != NEVER:
        return PODS, value.pod
    return (STATEFULSETS, value.statefulset) if value.statefulset else None


OWNED: Mapping[str, Callable[[Any], Key | None]] = {
    REPLICASETS: _in_deployment,
    JOBS: _in_cronjob,
    REVISIONS: _of_revision,
    CLAIMS: _of_claim,
}
"""Kinds that belong to others: the owner of one, None for nobody."""


class GarbageCollector(Controller):
    """Watches objects that own others."""

    name: ClassVar[str] = "garbage_collector"
    workers: ClassVar[int] = 20

    def __init__(self, params: Params, context: Context) -> None:
        self._context = context
        self._store = context.store
        self._pods = context.store.cluster.pods
        self._owners: dict[Key, int] = {}
        """Owner numbers of what has pods."""
        self._above: dict[Key, Key] = {}
        """What owns an object, by (kind, key)."""
        self._below: dict[Key, dict[Key, None]] = {}
        """And what an object owns."""
        self._dead: dict[int, None] = {}
        """Owner numbers whose object is gone."""
        self._listening = False
        watch = context.watches.watch
        for kind in dict.fromkeys((DEPLOYMENTS, CRONJOBS, *OWNERS, *OWNED)):
            hear: Callable[[int, list[Entry]], None] = partial(self._hear, kind)
            watch(context.store.objects(kind).log, hear, (Verb.ADDED, Verb.UPDATED, Verb.DELETED))
            for key in list(context.store.objects(kind).keys()):
                self._know((kind, key))

    def inherit(self, before: Any, now_us: int) -> None:
        """Pods whose owner is not there are found in the graph."""
        cluster, present = self._store.cluster, set(self._owners.values())  # looked up alone
        for pod, owner in enumerate(self._pods.owner):
            if owner == NEVER or owner in present or self._pods.phase[pod] in (UNBORN, GONE):
                continue
            found = cluster.controller_of(pod)
            if found is not None and found[0] in MAKERS:
                self._listen()
                self._dead[owner] = None
                if self._orphan(pod):
                    self._context.queue.add((PODS, pod))

    def _hear(self, kind: str, now_us: int, entries: list[Entry]) -> None:
        for _, verb, item in entries:
            key = (kind, item)
            if verb is Verb.ADDED or (verb is Verb.UPDATED and kind == CLAIMS):
                self._know(key)
            elif verb is Verb.DELETED:
                self._forget(key)

    def _know(self, key: Key) -> None:
        kind, item = key
        stored = self._store.objects(kind).get(item)
        if stored is None:
            return
        if kind in OWNERS:
            self._owners[key] = stored.value.pods.owner
        above = OWNED[kind](stored.value) if kind in OWNED else None
        if above is None or self._above.get(key) == above:
            return
        self._forget_above(key)
        self._above[key] = above
        self._below.setdefault(above, {})[key] = None
        if above[0] == PODS:
            self._listen()
        if not self._exists(above):
            self._context.queue.add(key)

    def _exists(self, key: Key) -> bool:
        kind, item = key
        if kind == PODS:
            return self._pods.phase[item] != GONE
        return self._store.objects(kind).get(item) is not None

    def _forget(self, key: Key) -> None:
        """An object is gone: what it owned goes as well."""
        self._forget_above(key)
        for below in self._below.pop(key, {}):
            del self._above[below]
            self._context.queue.add(below)
        owner = self._owners.pop(key, None)
        if owner is not None:
            self._bury(owner)

    def _forget_above(self, key: Key) -> None:
        above = self._above.pop(key, None)
        if above is not None and above in self._below:
            self._below[above].pop(key, None)

    def _bury(self, owner: int) -> None:
        """An owner is gone: its pods, those too that a sync is still creating."""
        self._listen()
        self._dead[owner] = None
        for pod, number in enumerate(self._pods.owner):
            if number == owner and self._orphan(pod):
                self._context.queue.add((PODS, pod))

    def _listen(self) -> None:
        """To pods: only once there is one whose coming or going matters."""
        if not self._listening:
            self._listening = True
            verbs = (Verb.ADDED, Verb.DELETED)
            self._context.watches.watch(self._store.pods, self._hear_pods, verbs)

    def _hear_pods(self, now_us: int, entries: list[Entry]) -> None:
        for _, verb, pod in entries:
            if verb is Verb.ADDED and self._pods.owner[pod] in self._dead:
                self._context.queue.add((PODS, pod))
            elif verb is Verb.DELETED and (PODS, pod) in self._below:
                self._forget((PODS, pod))

    def _orphan(self, pod: int) -> bool:
        phase = self._pods.phase[pod]
        if phase in (UNBORN, GONE):
            return False
        return phase in TERMINAL or self._pods.deletion_us[pod] == NEVER

    def reconcile(self, key: Key, now_us: int) -> Result | Steps:
        """GET a dependent and DELETE it."""
        kind, item = key
        if kind == PODS:
            if not self._orphan(item):
                return DONE
            return self._collect(self._get_pod, self._store.delete_pod, item)
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
        """Of any small kind; all cost the same."""
        return True
