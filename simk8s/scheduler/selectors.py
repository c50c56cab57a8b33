"""The scheduler's informers of ReplicaSets, ReplicationControllers and StatefulSets: selectors.

Law: the scheduler knows an owner's selector from its watch lag after the owner's creation until it
hears that the owner is gone; without such owners there is nothing to hear.

Mirrors: the informers behind helper.DefaultSelector of kube-scheduler v1.36, which default topology
spreading goes by (services are the fourth kind, see api/policies). Departs: the selector of a
ReplicaSet or ReplicationController is its template's labels, which a Deployment's selector and
pod-template-hash tell apart from others just as well.
"""

from __future__ import annotations

from typing import Any

from simk8s.api.store import Store
from simk8s.api.watch import ADDED, DELETED
from simk8s.kernel.clock import Clock
from simk8s.kernel.phase import Phase as Order
from simk8s.state.selectors import LabelSelector
from simk8s.state.statefulsets import STATEFULSETS, StatefulSet
from simk8s.state.workloads import REPLICASETS, REPLICATIONCONTROLLERS

KINDS = {
    REPLICATIONCONTROLLERS: "ReplicationController",
    REPLICASETS: "ReplicaSet",
    STATEFULSETS: "StatefulSet",
}


class Selectors:
    """Keeps `cluster.objects` in step with the API."""

    def __init__(self, clock: Clock, store: Store, lag_us: int) -> None:
        self._objects = store.cluster.objects
        bell = clock.bell("kube-scheduler/selectors", Order.DELIVER, self._deliver)
        self._tables = {kind: store.objects(kind) for kind in KINDS}
        self._cursors = {
            kind: table.log.subscribe(bell, lag_us, (ADDED, DELETED))
            for kind, table in self._tables.items()
        }

    def _deliver(self, now_us: int) -> None:
        for table, cursor in self._cursors.items():
            for _, verb, key in cursor.drain(now_us):
                namespace, _, name = key.partition("/")
                if verb is DELETED:
                    self._objects.remove_controller(KINDS[table], namespace, name)
                elif verb is ADDED:
                    stored = self._tables[table].get(key)
                    if stored is not None:
                        selector = _selector(stored.value)
                        self._objects.put_controller(KINDS[table], namespace, name, selector)


def _selector(value: Any) -> LabelSelector:
    if isinstance(value, StatefulSet):
        return LabelSelector.parse(value.spec.get("selector") or {})
    return LabelSelector.of(value.pods.template.labels)
