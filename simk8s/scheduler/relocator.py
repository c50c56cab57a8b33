"""Carries out a relocation: asks for the eviction of running pods so that a pod finds room.

A move as Kubernetes knows it: the pod is evicted through the API, its owner makes another, and the
scheduler puts that one where the plan has it (`Objects.places`).

Law: a budget that refuses an eviction ends the relocation; who is gone by then is made anew all
the same. The pod stays out of the queue until all requests are answered, and while one of those
that leave is still on its node nothing else is tried for it.

Mirrors: pods/eviction of the API, v1.36. Departs: kube-scheduler moves nobody.
"""

from __future__ import annotations

from simk8s.api.client import Client
from simk8s.api.eviction import CREATED, Evictions
from simk8s.api.requests import request
from simk8s.api.store import Store
from simk8s.kernel.streams import Streams
from simk8s.scheduler.gates import Preempting
from simk8s.scheduler.queue import SchedulingQueue
from simk8s.state.pods import NEVER, Loss
from simk8s.strategies.base import Relocation

KEPT_US = 60_000_000
"""How long a place is kept in mind."""


class Relocator:
    """Relocations of one scheduler; made when the first is asked for."""

    def __init__(
        self, store: Store, client: Client, gate: Preempting, queue: SchedulingQueue
    ) -> None:
        self._store, self._client, self._gate, self._queue = store, client, gate, queue
        self._cluster = store.cluster
        draws = Streams(store.seed).get("kube-scheduler/evictions")
        self._evictions = Evictions(client.clock, store, client.server, draws, Loss.DESCHEDULED)
        self._leaving: dict[int, Relocation] = {}
        self._asked: dict[int, int] = {}
        """Requests without an answer, by the pod that they are for."""
        self._refused: set[int] = set()

    def is_under_way(self, pod: int) -> bool:
        """Whether somebody is still leaving for that pod."""
        relocation = self._leaving.get(pod)
        if relocation is None:
            return False
        pods = self._cluster.pods
        if any(pods.charged[m.pod] != NEVER and pods.deletion_us[m.pod] != NEVER
               for m in relocation.moves):  # fmt: skip
            return True
        if self._asked[pod]:
            return True
        del self._leaving[pod], self._asked[pod]
        return False

    def carry_out(self, pod: int, relocation: Relocation) -> None:
        """Ask for all evictions at once."""
        self._leaving[pod], self._asked[pod] = relocation, len(relocation.moves)
        self._gate.pods.add(pod)
        for move in relocation.moves:
            self._client.write(self._ask, pod, move.pod, move.node)

    @request("POST", "pods/eviction")
    def _ask(self, pod: int, victim: int, node: int) -> bool:
        """An eviction arrives at the server."""
        pods = self._cluster.pods

        def answered(now_us: int, code: int) -> None:
            if code == CREATED:
                kin = (pods.owner[victim], pods.template[victim], pods.requests[victim])
                self._cluster.objects.put_place(kin, node, now_us + KEPT_US)
            self._answered(pod, now_us, code == CREATED)

        self._evictions.evict(victim, answered)
        return True

    def _answered(self, pod: int, now_us: int, granted: bool) -> None:
        if not granted:
            self._refused.add(pod)
        self._asked[pod] -= 1
        if self._asked[pod]:
            return
        if pod in self._refused:
            self._refused.discard(pod)
            del self._leaving[pod], self._asked[pod]
            if self._cluster.pods.nominated[pod] != NEVER:
                self._cluster.nominate(pod, NEVER)
        self._gate.pods.discard(pod)
        self._queue.activate(pod, now_us)
