"""The TTL controller: tells kubelets by an annotation how long they may keep what they have read.

Law: a node that joins is annotated once; the value follows from how many nodes there are, up and
down with a margin. Nothing that is simulated reads it, but the PATCH moves the node's version on,
so that others who are about to PATCH the same node meet a conflict.

Mirrors: pkg/controller/ttl v1.36: 5 workers, boundaries at 100, 500, 1,000 and 2,000 nodes, a
PATCH of node.alpha.kubernetes.io/ttl where it is not as desired. Departs: nodes that a run begins
with are annotated; when a boundary is passed, old nodes are not annotated anew with their next
status (one PATCH each within five minutes). It is listed among the components once it has written.
"""

from __future__ import annotations

from typing import Any, ClassVar

from simk8s.api.watch import Entry, Verb
from simk8s.controllers._flags import Params
from simk8s.controllers.base import DONE, Context, Controller, Result, Steps, Write

BOUNDARIES = ((0, 100, 0), (90, 500, 15), (450, 1000, 30), (900, 2000, 60), (1800, 10000, 300))
"""(fewest nodes, most nodes, seconds)."""


class Ttl(Controller):
    """Reconciles rows of nodes."""

    name: ClassVar[str] = "ttl"
    workers: ClassVar[int] = 5
    on_demand: ClassVar[bool] = True

    def __init__(self, params: Params, context: Context) -> None:
        self._context = context
        self._store = store = context.store
        self._has: dict[int, int] = {}
        self._boundary, self._count = 0, 0
        verbs = (Verb.ADDED, Verb.DELETED)
        context.watches.watch(store.nodes, self._hear, verbs)
        nodes = store.cluster.nodes
        self._known: set[int] = set()
        """Nodes that are counted (looked up, never iterated)."""
        for node in range(nodes.n):
            if nodes.exists[node]:
                self._more(node)

    def inherit(self, before: Ttl, now_us: int) -> None:
        """Annotations can be read."""
        self._has.update(before._has)

    def _hear(self, now_us: int, entries: list[Entry]) -> None:
        for _, verb, node in entries:
            if verb is Verb.ADDED:
                self._more(node)
                if node in self._store.joined:
                    self._context.queue.add(node)
            elif verb is Verb.DELETED:
                self._has.pop(node, None)
                self._known.discard(node)
                self._count -= 1
                if self._count < BOUNDARIES[self._boundary][0]:
                    self._boundary -= 1

    def _more(self, node: int) -> None:
        if node in self._known:
            return
        self._known.add(node)
        self._count += 1
        last = len(BOUNDARIES) - 1
        if self._count > BOUNDARIES[self._boundary][1] and self._boundary < last:
            self._boundary += 1

    def reconcile(self, key: Any, now_us: int) -> Result | Steps:
        """PATCH the annotation if it is not as desired."""
        desired = BOUNDARIES[self._boundary][2]
        if not self._store.cluster.nodes.exists[key] or self._has.get(key) == desired:
            return DONE
        return self._annotate(key, desired)

    def _annotate(self, node: int, desired: int) -> Steps:
        self._has[node] = desired
        yield [Write(self._store.annotate_node, (node,))]
        return DONE
