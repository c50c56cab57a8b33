"""Tells the scheduler of ReplicaSets, whose selectors say which pods belong together.

Law: the scheduler knows a ReplicaSet from its watch lag after its creation.

Mirrors: helper.DefaultSelector of kube-scheduler v1.36, which default topology spreading goes by.
Departs: the selector is the template's labels, as every Deployment's ReplicaSet has it.
"""

from __future__ import annotations

from simk8s.kernel.phase import Phase as Order
from simk8s.simulation.build import World
from simk8s.state.selectors import LabelSelector
from simk8s.state.workloads import REPLICASETS


class Selectors:
    """The scheduler's informer of ReplicaSets."""

    def __init__(self, world: World, lag_us: int) -> None:
        self._objects = world.cluster.objects
        self._sets = world.store.objects(REPLICASETS)
        self._known: dict[str, None] = {}
        bell = world.clock.bell("kube-scheduler/replicasets", Order.DELIVER, self._deliver)
        self._cursor = self._sets.log.subscribe(bell, lag_us)

    def _deliver(self, now_us: int) -> None:
        for _, _, key in self._cursor.drain(now_us):
            stored = self._sets.get(key)
            if stored is not None and key not in self._known:
                self._known[key] = None
                namespace, _, name = key.partition("/")
                selector = LabelSelector.of(stored.value.pods.template.labels)
                self._objects.put_controller("ReplicaSet", namespace, name, selector)
