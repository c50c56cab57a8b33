"""The pod garbage collector: removes pods whose node does not exist any more.

A loop of 20 s, simulated only where it has something to do: the first turn after a node has gone
puts it into quarantine, and the first turn 40 s later deletes its pods for good.

Law: only a pod that is bound to a node that does not exist is touched.

Mirrors: pkg/controller/podgc v1.36 gcOrphaned. Departs: the phase Failed that is patched before
the deletion costs a call and is not stored; ended pods stay, however many there are and wherever
they were; no out-of-service taint; turns stay on whole multiples of the period.
"""

from __future__ import annotations

from typing import Any, ClassVar

from simk8s.api.requests import request
from simk8s.api.watch import Entry, Verb
from simk8s.controllers._flags import Params
from simk8s.controllers.base import DONE, Context, Controller, Result, Steps, Write
from simk8s.state.cluster import TERMINAL
from simk8s.state.pods import Loss

LOOP = "loop"
PERIOD_US, QUARANTINE_US = 20_000_000, 40_000_000


class PodGarbageCollector(Controller):
    """Watches nodes that are deleted."""

    name: ClassVar[str] = "pod_gc"
    workers: ClassVar[int] = 1

    def __init__(self, params: Params, context: Context) -> None:
        self._context = context
        self._store = context.store
        self._released_us: dict[int, int] = {}
        """Nodes that are gone and may have pods, and the end of their quarantine."""
        context.watches.watch(self._store.nodes, self._hear_nodes, (Verb.DELETED,))

    def _hear_nodes(self, now_us: int, entries: list[Entry]) -> None:
        for _, verb, node in entries:
            if verb is Verb.DELETED:
                found_us = _turn_after(now_us)
                self._released_us[node] = _turn_after(found_us + QUARANTINE_US)
                self._context.queue.add_after(LOOP, self._released_us[node] - now_us)

    def inherit(self, before: Any, now_us: int) -> None:
        """Pods of nodes that are gone are found again, and every quarantine begins anew."""
        nodes = self._store.cluster.nodes
        gone = [node for node in range(nodes.n) if not nodes.exists[node] and nodes.pods_on[node]]
        self._hear_nodes(now_us, [(now_us, Verb.DELETED, node) for node in gone])

    def reconcile(self, key: str, now_us: int) -> Result | Steps:
        """One turn: delete the pods of nodes that are out of quarantine."""
        ripe = [node for node, at_us in self._released_us.items() if at_us <= now_us]
        pods: list[int] = []
        for node in ripe:
            del self._released_us[node]
            pods += self._orphans(node)
        return self._collect(pods) if pods else self._again(now_us)

    def _orphans(self, node: int) -> list[int]:
        """Pods that are bound to a node and have not ended."""
        cluster = self._store.cluster
        bound, phase = cluster.pods.node, cluster.pods.phase
        listed = cluster.nodes.pods_on[node]
        return [pod for pod in listed if bound[pod] == node and phase[pod] not in TERMINAL]

    def _collect(self, pods: list[int]) -> Steps:
        for pod in pods:
            yield [Write(_fail)]
            yield [Write(self._store.delete_pod, (pod, 0, Loss.NODE_DELETED))]
        return self._again(self._context.now_us)

    def _again(self, now_us: int) -> Result:
        """The next node's turn, if there is one."""
        if not self._released_us:
            return DONE
        return Result(requeue_after_us=max(min(self._released_us.values()) - now_us, 1))


@request("PATCH", "pods/status")
def _fail() -> bool:
    """PATCH of the pod's phase and DisruptionTarget condition."""
    return True


def _turn_after(t_us: int) -> int:
    """The first turn of the loop at or after an instant."""
    return -(-t_us // PERIOD_US) * PERIOD_US
