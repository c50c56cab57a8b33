"""`kubectl drain`: every pod of a node is evicted at once, and again after each 429.

Law: a pod is asked to go until it is being deleted or gone.

Mirrors: kubectl drain v1.36: all evictions in parallel, 5 s between tries. Departs: the node is
cordoned by a request of its own; pods of DaemonSets are not simulated.
"""

from __future__ import annotations

from functools import partial

from simk8s.api.eviction import TOO_MANY, Evictions
from simk8s.kernel.phase import Phase as Order
from simk8s.simulation.build import World
from simk8s.state.cluster import TERMINAL
from simk8s.state.pods import NEVER

RETRY_US = 5_000_000


class Drains:
    """Drains nodes of a world."""

    def __init__(self, world: World) -> None:
        self._cluster = world.cluster
        draws = world.streams.get("evictions")
        self._evictions = Evictions(world.clock, world.store, world.server, draws)
        self._again = world.clock.lane("drain", Order.ARRIVE, self._evict)

    def begin(self, node: int) -> None:
        """Evict what is bound to a node."""
        pods = self._cluster.pods
        listed = self._cluster.nodes.pods_on[node]
        bound = [p for p in listed if pods.node[p] == node and pods.phase[p] not in TERMINAL]
        for pod in bound:
            self._again.after(0, pod)

    def _evict(self, now_us: int, due: list[int]) -> None:
        for pod in due:
            if self._cluster.pods.deletion_us[pod] == NEVER:
                self._evictions.evict(pod, partial(self._answered, pod))

    def _answered(self, pod: int, now_us: int, code: int) -> None:
        if code == TOO_MANY:
            self._again.after(RETRY_US, pod)
