"""Does to kubelets what faults say: cuts them off, hangs them, slows them, kills containers.

Law: a kubelet that is reached again first says how things are (Ready, statuses that were held,
readiness that was taken from pods that had kept it), then does what it has missed: pods that were
deleted meanwhile are terminated with their whole grace period, pods that were bound are started.
Pods whose objects are gone are simply no longer there.

Mirrors: kubelet v1.36: syncLoop after a lost connection, HandlePodCleanups; a kubelet that starts
without a connection starts no pods, since it keeps no checkpoint of them. Departs: see disorders.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from simk8s.api.client import Client
from simk8s.api.conditions import BY_NAME
from simk8s.api.requests import request
from simk8s.api.store import Store
from simk8s.kernel.clock import Clock
from simk8s.kernel.streams import counter_hash
from simk8s.nodes.disorders import Disorders
from simk8s.nodes.images import NodeImages
from simk8s.nodes.kubelet import KubeletPool
from simk8s.state.pods import NEVER, PENDING, RUNNING

BACKING_OFF = "CrashLoopBackOff"
Chosen = Callable[[int], bool]
"""Whether a pod can be meant."""


class Troubles:
    """What can be done to the nodes of a pool; each `begin` wants its end."""

    def __init__(self, clock: Clock, store: Store, kubelets: KubeletPool) -> None:
        self._clock = clock
        self._store = store
        self._pool = kubelets
        self.disorders: Disorders = kubelets.disorders
        self._wanted: dict[tuple[int, str], bool] = {}

    @property
    def images(self) -> NodeImages:
        """Images, and where they come from."""
        return self._pool._pulling.images

    # --- cut off, hanging

    def cut_off(self, row: int) -> None:
        """The kubelet of a node no longer reaches the control plane, nor is it reached."""
        known_ready = self._pool._containers.known_ready
        ready = {pod: known_ready(pod) for pod in self._pool.roster.live(row)}
        if self.disorders.cut_off(row, ready):
            self._store.leases.stop(row)

    def reconnect(self, row: int) -> None:
        """It does again: it reports, and does what it has not heard of."""
        held, store, pool = self.disorders.reconnect(row), self._store, self._pool
        if held is None or not store.cluster.nodes.exists[row]:
            return
        client = pool._client_of(row)
        assert isinstance(client, Client), "nobody holds back what it sends any more"
        if not pool.machines.up(row) or row in self.disorders.unbooted:
            held.send(client, store.cluster.pods, store.set_pod_ready)
            if self.disorders.unbooted.pop(row, 0) is None:
                self.disorders.missed(row)
                pool._restored(row)
            return
        store.leases.start(row)
        client.write(store.set_ready, row, True)
        held.send(client, store.cluster.pods, store.set_pod_ready)
        for pod in self.disorders.missed(row):
            self._catch_up(pod, row)

    def _catch_up(self, pod: int, row: int) -> None:
        pods, now_us, pool = self._store.cluster.pods, self._clock.now_us, self._pool
        if pod not in pool.roster.of(row) or pods.phase[pod] not in (PENDING, RUNNING):
            return
        if pods.deletion_us[pod] != NEVER:
            pool._terminate(pod, now_us, self._store.cluster.template_of(pod).grace_us)
        else:
            pool._welcome(pod, row, now_us)

    def hang(self, row: int) -> None:
        """A kubelet does nothing any more."""
        self.disorders.hang(row)
        self.cut_off(row)

    def wake(self, row: int) -> None:
        """It goes on."""
        stalled = self.disorders.wake(row)
        self.reconnect(row)
        for lane, item in stalled:
            lane.at(self._clock.now_us, item)

    # --- slow

    def slow_down(self, row: int, thousandths: int) -> None:
        """Starts and pulls of a node take so many thousandths as long."""
        self.images.slow_down(row, self.disorders.slow_down(row, thousandths))

    def speed_up(self, row: int, thousandths: int) -> None:
        """That is over."""
        self.images.slow_down(row, self.disorders.speed_up(row, thousandths))

    # --- pressure

    def report_pressure(self, row: int, condition: str, is_true: bool) -> None:
        """A kubelet says so in its node's status; requests may overtake each other."""
        key = BY_NAME[condition]
        self._wanted[row, key] = is_true
        self._pool._client_of(row).write(self._pressure, row, key)

    @request("PATCH", "nodes/status")
    def _pressure(self, row: int, condition: str) -> bool:
        return self._store.set_pressure(row, condition, self._wanted[row, condition])

    # --- containers

    def kill(
        self, code: int, reason: str, chosen: Chosen, draw: int, count: int, share: float
    ) -> int:
        """Containers of some running pods end now: `count` of them, or a share; how many did."""
        running = [pod for pod in self._running() if chosen(pod)]
        ranked = sorted((counter_hash(draw, pod), pod) for pod in running)
        if share:
            victims = [pod for rank, pod in ranked if rank < share]
        else:
            victims = [pod for _, pod in ranked[:count]]
        for pod in victims:
            self._pool._containers.kill(pod, code, reason)
        return len(victims)

    def _running(self) -> Iterator[int]:
        """Pods whose containers run."""
        pods, up = self._store.cluster.pods, self._pool.machines.up
        for row in range(len(self._pool.roster)):
            for pod in self._pool.roster.live(row) if up(row) else ():
                alive = pods.phase[pod] == RUNNING and pods.deletion_us[pod] == NEVER
                started = pods.started_us[pod] != NEVER
                if alive and started and pods.reasons.get(pod) != BACKING_OFF:
                    yield pod
