"""Emptying a node, whoever does it: whom that is about, and evictions that are asked for again.

Law: a pod is asked to go, and again 5 s after each 429, until the eviction is taken, the pod is
going anyway, or nobody wants it any more.

One code because aws-node-termination-handler calls kubectl's drain as a library.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from numpy.random import Generator

from simk8s.api.eviction import CREATED, TOO_MANY, Answered, Evictions
from simk8s.api.server import ApiServer
from simk8s.api.store import Store
from simk8s.kernel.clock import Clock
from simk8s.kernel.phase import Phase as Order
from simk8s.state.cluster import TERMINAL, Cluster
from simk8s.state.pods import GONE, NEVER

RETRY_US = 5_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Wish:
    """That a pod be evicted."""

    pod: int
    wanted: Callable[[], bool]
    """Asked before every try."""
    answered: Answered
    """Told of any answer but 429; 201 also where the pod is going anyway."""
    grace_us: int | None = None


class Evicting:
    """Tries until each eviction is taken; `lane` is the name of what wakes it."""

    def __init__(
        self, clock: Clock, store: Store, server: ApiServer, draws: Generator, lane: str
    ) -> None:
        self._pods = store.cluster.pods
        self.evictions = Evictions(clock, store, server, draws)
        self._due = clock.lane(lane, Order.ARRIVE, self._try)

    def ask(self, wish: Wish) -> None:
        """From this instant on."""
        self._due.after(0, wish)

    def _try(self, now_us: int, due: list[Wish]) -> None:
        pods = self._pods
        for wish in due:
            if not wish.wanted():
                continue
            if pods.deletion_us[wish.pod] == NEVER and pods.phase[wish.pod] != GONE:
                self._evict(wish)
            else:
                wish.answered(now_us, CREATED)

    def _evict(self, wish: Wish) -> None:
        def answered(now_us: int, code: int) -> None:
            if code == TOO_MANY:
                self._due.after(RETRY_US, wish)
            else:
                wish.answered(now_us, code)

        self.evictions.evict(wish.pod, answered, wish.grace_us)


def bound(cluster: Cluster, node: int) -> list[int]:
    """Pods of a node that have not ended."""
    pods, listed = cluster.pods, cluster.nodes.pods_on[node]
    return [pod for pod in listed if pods.node[pod] == node and pods.phase[pod] not in TERMINAL]


def of_daemons(cluster: Cluster, pod: int) -> bool:
    """Whether a DaemonSet would put it back at once."""
    owner = cluster.pods.owner[pod]
    return owner != NEVER and cluster.owners[owner].startswith("DaemonSet/")
