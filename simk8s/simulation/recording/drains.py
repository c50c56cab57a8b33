"""`kubectl drain`: every pod of a node is evicted at once, and again after each 429.

Law: a pod is asked to go until it is being deleted or gone.

Mirrors: kubectl drain v1.36 with --ignore-daemonsets: the node is cordoned unless it is, all
evictions in parallel, 5 s between tries.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from simk8s.api.client import Client
from simk8s.api.eviction import TOO_MANY, Answered, Evictions
from simk8s.kernel.phase import Phase as Order
from simk8s.simulation.build import World
from simk8s.state.cluster import TERMINAL
from simk8s.state.pods import NEVER

RETRY_US = 5_000_000


class Drains:
    """Drains nodes of a world."""

    def __init__(self, world: World) -> None:
        self._cluster = world.cluster
        self._client = Client(world.clock, world.server, "driver/drain")
        self._update = world.store.update_node
        draws = world.streams.get("evictions")
        self._evictions = Evictions(world.clock, world.store, world.server, draws)
        self._again = world.clock.lane("drain", Order.ARRIVE, self._evict)

    def begin(self, node: int) -> None:
        """Cordon a node and evict what is bound to it."""
        spec = self._cluster.nodes.specs[node]
        if not spec.unschedulable:
            self._client.write(self._update, node, replace(spec, unschedulable=True))
        pods = self._cluster.pods
        listed = self._cluster.nodes.pods_on[node]
        bound = [p for p in listed if pods.node[p] == node and pods.phase[p] not in TERMINAL]
        for pod in bound:
            if not self._of_daemons(pods.owner[pod]):
                self._again.after(0, pod)

    def evict(self, pod: int, answered: Answered) -> None:
        """One eviction; a 429 is the asker's business."""
        self._evictions.evict(pod, answered)

    def _of_daemons(self, owner: int) -> bool:
        return owner != NEVER and self._cluster.owners[owner].startswith("DaemonSet/")

    def _evict(self, now_us: int, due: list[int]) -> None:
        for pod in due:
            if self._cluster.pods.deletion_us[pod] == NEVER:
                self._evictions.evict(pod, partial(self._answered, pod))

    def _answered(self, pod: int, now_us: int, code: int) -> None:
        if code == TOO_MANY:
            self._again.after(RETRY_US, pod)
