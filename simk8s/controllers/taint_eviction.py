"""The taint eviction controller: deletes pods that do not tolerate their node's NoExecute taints.

Law: a pod with an untolerated taint goes at once; otherwise its shortest tolerationSeconds count
from the moment at which this controller saw the taint; without any it stays. Another taint does
not change a date that is set; when no taint is left the date is off.

Mirrors: pkg/controller/tainteviction v1.36: 8 + 8 workers, a DisruptionTarget PATCH and a DELETE
for each pod, which take their tokens one after the other. Departs: what is due waits for no
worker; no retries, since nothing fails.
"""

from __future__ import annotations

from functools import partial
from heapq import heappop, heappush
from typing import ClassVar

from simk8s.api.requests import request
from simk8s.api.watch import Entry, Verb
from simk8s.controllers._flags import Params
from simk8s.controllers._taints import Taints, no_execute
from simk8s.controllers.base import DONE, Context, Controller, Result
from simk8s.state.cluster import TERMINAL
from simk8s.state.pods import NEVER, Loss
from simk8s.state.selectors import Toleration

SECOND_US = 1_000_000
Key = tuple[str, int]
NODE, POD = "node", "pod"
DUE: Key = ("due", 0)


class TaintEviction(Controller):
    """Watches nodes' taints and, while there are any, pods that are bound."""

    name: ClassVar[str] = "taint_eviction"
    workers: ClassVar[int] = 16

    def __init__(self, params: Params, context: Context) -> None:
        self._context = context
        self._store = context.store
        self._nodes = context.store.cluster.nodes
        self._pods = context.store.cluster.pods
        self._tainted: dict[int, Taints] = {}
        self._date_us: dict[int, int] = {}
        """When a pod is to go."""
        self._dates: list[tuple[int, int]] = []
        """The same as a heap of (date, pod), with dates that have been called off."""
        verbs = (Verb.ADDED, Verb.UPDATED, Verb.DELETED)
        context.watches.watch(self._store.nodes, self._hear_nodes, verbs)
        present = [node for node in range(self._nodes.n) if self._nodes.exists[node]]
        self._hear_nodes(context.now_us, [(0, Verb.ADDED, node) for node in present])

    def _hear_nodes(self, now_us: int, entries: list[Entry]) -> None:
        for _, verb, node in entries:
            taints = () if verb is Verb.DELETED else self._taints(node)
            if taints != self._tainted.get(node, ()):
                self._context.queue.add((NODE, node))

    def _hear_pods(self, now_us: int, entries: list[Entry]) -> None:
        for _, verb, pod in entries:
            if verb is Verb.BOUND and self._pods.node[pod] in self._tainted:
                self._context.queue.add((POD, pod))

    def _taints(self, node: int) -> Taints:
        return no_execute(self._nodes.specs[node].taints) if self._nodes.exists[node] else ()

    def reconcile(self, key: Key, now_us: int) -> Result:
        """Set, keep or call off the dates of pods; delete those whose date has come."""
        if key == DUE:
            return self._evict(now_us)
        kind, number = key
        if kind == NODE:
            self._note(number)
            # Pods that the scheduler only assumes are not listed in the API yet.
            for pod in self._nodes.pods_on[number]:
                if self._pods.node[pod] == number:
                    self._look(pod, number, now_us)
        else:
            self._look(number, self._pods.node[number], now_us)
        return DONE

    def _note(self, node: int) -> None:
        taints, watched = self._taints(node), bool(self._tainted)
        if taints:
            self._tainted[node] = taints
        else:
            self._tainted.pop(node, None)
        if watched != bool(self._tainted):
            watches, log = self._context.watches, self._store.pods
            if watched:
                watches.unwatch(log, self._hear_pods)
            else:
                watches.watch(log, self._hear_pods, (Verb.BOUND,))

    def _look(self, pod: int, node: int, now_us: int) -> None:
        taints = self._tainted.get(node)
        patience = None
        if taints:
            patience = patience_us(self._store.cluster.template_of(pod).tolerations, taints)
        if patience is None:
            self._date_us.pop(pod, None)
        elif patience == 0 or pod not in self._date_us:
            self._date_us[pod] = now_us + patience
            heappush(self._dates, (now_us + patience, pod))
            self._context.queue.add_after(DUE, patience)

    def _evict(self, now_us: int) -> Result:
        """Whoever is due, all at once; when to look again."""
        dates = self._dates
        while dates and dates[0][0] <= now_us:
            date_us, pod = heappop(dates)
            if self._date_us.get(pod) != date_us:
                continue
            del self._date_us[pod]
            if self._pods.phase[pod] not in TERMINAL and self._pods.deletion_us[pod] == NEVER:
                self._context.client.write(_disruption_target, done=partial(self._delete, pod))
        return Result(requeue_after_us=dates[0][0] - now_us) if dates else DONE

    def _delete(self, pod: int, now_us: int, result: bool) -> None:
        self._context.client.write(self._store.delete_pod, pod, None, Loss.TAINT_EVICTION)


def patience_us(tolerations: tuple[Toleration, ...], taints: Taints) -> int | None:
    """How long a pod puts up with NoExecute taints; None = for ever."""
    shortest: int | None = None
    for taint in taints:
        tolerant = [one for one in tolerations if one.tolerates(taint)]
        if not tolerant:
            return 0
        for one in tolerant:
            if one.seconds is not None and (shortest is None or one.seconds < shortest):
                shortest = one.seconds
    return None if shortest is None else max(0, shortest) * SECOND_US


@request("PATCH", "pods/status")
def _disruption_target() -> bool:
    """PATCH of the pod's DisruptionTarget condition, which is not stored here."""
    return True
