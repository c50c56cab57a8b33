"""The pod garbage collector: removes pods that nobody else would.

A loop of 20 s, simulated only where it has something to do: pods whose node does not exist any more
(the first turn after a node has gone puts it into quarantine, the first turn 40 s later deletes its
pods for good); pods that leave a node that is not ready and has the taint `out-of-service`; ended
pods beyond `terminatedPodThreshold`.

Law: no other pod is touched. In the results a pod that had ended keeps its phase.

Mirrors: pkg/controller/podgc v1.36 gcOrphaned, gcTerminating, gcTerminated. Departs: the phase
Failed that is patched before the deletion costs a call and is not stored; turns stay on whole
multiples of the period; the threshold of ended pods, 12,500 in Kubernetes, is off unless a scenario
sets it; volumes of an out-of-service node need no detaching here.
"""

from __future__ import annotations

from typing import ClassVar

from simk8s.api.requests import request
from simk8s.api.watch import Entry, Verb
from simk8s.controllers._ended import Ended
from simk8s.controllers._pod_gc_params import Params
from simk8s.controllers.base import DONE, Context, Controller, Result, Steps, Write
from simk8s.state.cluster import TERMINAL
from simk8s.state.pods import NEVER, Loss, Phase

LOOP = "loop"
OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"
PERIOD_US, QUARANTINE_US = 20_000_000, 40_000_000


class PodGarbageCollector(Controller):
    """Watches nodes that are deleted or out of service, and counts ended pods."""

    name: ClassVar[str] = "pod_gc"
    workers: ClassVar[int] = 1

    def __init__(self, params: Params, context: Context) -> None:
        self._context = context
        self._store = context.store
        self._released_us: dict[int, int] = {}
        """Nodes that are gone and may have pods, and the end of their quarantine."""
        self._out: dict[int, None] = {}
        """Nodes with the taint out-of-service."""
        self._turn_us = NEVER
        self._ended = Ended(context.store, params.terminated_pod_threshold, self._soon)
        verbs = (Verb.ADDED, Verb.UPDATED, Verb.DELETED)
        context.watches.watch(self._store.nodes, self._hear_nodes, verbs)

    def _soon(self) -> None:
        """Let there be the next turn."""
        now_us = self._context.now_us
        turn_us = _turn_after(now_us + 1)
        if turn_us != self._turn_us:
            self._turn_us = turn_us
            self._context.queue.add_after(LOOP, turn_us - now_us)

    def _hear_nodes(self, now_us: int, entries: list[Entry]) -> None:
        for _, verb, node in entries:
            self._mark(node)
            if verb is Verb.DELETED:
                found_us = _turn_after(now_us)
                self._released_us[node] = _turn_after(found_us + QUARANTINE_US)
                self._context.queue.add_after(LOOP, self._released_us[node] - now_us)

    def _mark(self, node: int) -> None:
        """Whether a node is out of service; if one is, pods that leave matter."""
        nodes, watched = self._store.cluster.nodes, bool(self._out)
        there = nodes.exists[node]
        if there and any(taint.key == OUT_OF_SERVICE for taint in nodes.specs[node].taints):
            self._out[node] = None
            self._soon()
        else:
            self._out.pop(node, None)
        if watched != bool(self._out):
            watches, log = self._context.watches, self._store.pods
            if watched:
                watches.unwatch(log, self._hear_pods)
            else:
                watches.watch(log, self._hear_pods, (Verb.DELETING,))

    def _hear_pods(self, now_us: int, entries: list[Entry]) -> None:
        bound = self._store.cluster.pods.node
        if any(verb is Verb.DELETING and bound[pod] in self._out for _, verb, pod in entries):
            self._soon()

    def inherit(self, before: PodGarbageCollector, now_us: int) -> None:
        """Pods of nodes that are gone are found again, and every quarantine begins anew."""
        before._ended.close()
        if self._ended.surplus > 0:
            self._soon()
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
        pods += self._stuck()
        surplus = self._ended.take() if self._ended.surplus > 0 else []
        return self._collect(pods, surplus) if pods or surplus else self._again(now_us)

    def _orphans(self, node: int) -> list[int]:
        """Pods that are bound to a node and have not ended."""
        cluster = self._store.cluster
        bound, phase = cluster.pods.node, cluster.pods.phase
        listed = cluster.nodes.pods_on[node]
        return [pod for pod in listed if bound[pod] == node and phase[pod] not in TERMINAL]

    def _stuck(self) -> list[int]:
        """Pods that leave a node that is out of service and not ready, for ever."""
        cluster, ready = self._store.cluster, self._store.ready
        leaves, bound = cluster.pods.deletion_us, cluster.pods.node
        return [
            pod
            for node in self._out
            if not ready[node]
            for pod in cluster.nodes.pods_on[node]
            if bound[pod] == node and leaves[pod] != NEVER
        ]

    def _collect(self, pods: list[int], surplus: list[int]) -> Steps:
        if surplus:
            yield [Write(self._remove, (pod,)) for pod in surplus]
        for pod in pods:
            yield [Write(_fail)]
            gone = not self._store.cluster.nodes.exists[self._store.cluster.pods.node[pod]]
            loss = Loss.NODE_DELETED if gone else Loss.NONE
            yield [Write(self._store.delete_pod, (pod, 0, loss))]
        return self._again(self._context.now_us)

    @request("DELETE", "pods")
    def _remove(self, pod: int) -> bool:
        """An ended pod, one too many."""
        pods = self._store.cluster.pods
        phase = pods.phase[pod]
        if phase not in TERMINAL:
            return False
        pods.collected[pod] = Phase(phase)
        self._store.collected[phase] += pods.loss[pod] == Loss.NONE
        return self._store.delete_pod(pod, 0)

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
