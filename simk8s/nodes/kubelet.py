"""All kubelets as one component: starts what is bound, stops what is deleted, reports what
happened.

A pod's life on its node is rows in three lanes (start, end, stop). A crash moves the epoch of
every pod on the machine on, so that its timers fall through; when the machine is back, what is
still bound is started again and what is being deleted is finally removed.

Mirrors: kubelet v1.36 pod start with a cached image (log-normal, p50 1.25 s and p99 2.5 s:
UNVERIFIED prior of the behaviour notes 3.2), termination within the grace period, container
restart after a reboot by restartPolicy. Departs: no image pulls, probes or node pressure; a
status update is one write.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from numpy.random import Generator

from simk8s.api.client import Client
from simk8s.api.store import Store
from simk8s.api.watch import BOUND, DELETED, DELETING, ENDED
from simk8s.kernel.clock import Clock
from simk8s.kernel.percentiles import lognormal
from simk8s.kernel.phase import Phase as Order
from simk8s.nodes.machines import Machines
from simk8s.state.pods import FAILED, NEVER, PENDING, RUNNING, SUCCEEDED, Loss

Timer = tuple[int, int]
"""(pod, epoch under which it was set)."""
_BATCH = 4096


@dataclass(frozen=True, slots=True)
class PodTimes:
    """Median and 99th percentile of what a node does to a pod, in µs; zeros mean at once."""

    start: tuple[int, int] = (1_250_000, 2_500_000)
    stop: tuple[int, int] = (1_500_000, 3_000_000)


INSTANT_PODS = PodTimes((0, 0), (0, 0))


def lognormal_us(generator: Generator, median: int, high: int) -> Iterator[int]:
    """Endless log-normal draws from the median and the 99th percentile, drawn in batches."""
    if not median:
        while True:
            yield 0
    mu, sigma = lognormal((0.5, median), (0.99, high))
    while True:
        yield from generator.lognormal(mu, sigma, _BATCH).astype("int64").tolist()


class KubeletPool:
    """Every kubelet and runtime of the cluster."""

    name = "kubelet"

    def __init__(
        self,
        clock: Clock,
        store: Store,
        client: Client,
        machines: Machines,
        draws: Generator,
        times: PodTimes,
        lag_us: int,
    ) -> None:
        self._clock = clock
        self._store = store
        self._client = client
        self._machines = machines
        self._table = store.cluster.pods
        self._on: list[dict[int, None]] = []
        self.failing: dict[int, None] = {}
        """Templates whose containers end with an error."""
        self._start_us = lognormal_us(draws, *times.start)
        self._stop_us = lognormal_us(draws, *times.stop)
        deliver = clock.bell("kubelet/informers", Order.DELIVER, self._deliver)
        self._pods = store.pods.subscribe(deliver, lag_us, (BOUND, DELETING))
        self._starts = clock.lane("kubelet/start", Order.RELEASE, self._started)
        self._ends = clock.lane("kubelet/end", Order.RELEASE, self._ended)
        self._stops = clock.lane("kubelet/stop", Order.RELEASE, self._stopped)
        machines.listen(self._crashed, self._restored)

    def add(self, row: int) -> None:
        """A node has joined."""
        self._machines.add(row)
        self._on.append({})

    def pods_on(self, row: int) -> int:
        """Pods that this node's kubelet knows."""
        return len(self._on[row])

    def _deliver(self, now_us: int) -> None:
        pods = self._table
        for _, verb, pod in self._pods.drain(now_us):
            if verb is BOUND:
                node = pods.node[pod]
                if pods.phase[pod] == PENDING:
                    self._on[node][pod] = None
                    if self._machines.up(node):
                        self._begin(pod)
            elif verb is DELETING:
                if self._machines.up(pods.node[pod]):
                    self._terminate(pod)
            elif verb is DELETED or verb is ENDED:
                node = pods.node[pod]
                if node != NEVER:
                    self._on[node].pop(pod, None)

    def _begin(self, pod: int) -> None:
        self._starts.after(next(self._start_us), (pod, self._table.epoch[pod]))

    def _started(self, now_us: int, timers: list[Timer]) -> None:
        pods = self._table
        for pod, epoch in timers:
            if pods.epoch[pod] == epoch and pods.deletion_us[pod] == NEVER:
                pods.started_us[pod] = now_us
                self._client.write(self._store.set_phase, pod, RUNNING, epoch)
                lifetime = pods.lifetime_us[pod]
                if lifetime >= 0:
                    self._ends.after(lifetime, (pod, epoch))

    def _ended(self, now_us: int, timers: list[Timer]) -> None:
        pods = self._table
        for pod, epoch in timers:
            if pods.epoch[pod] == epoch and pods.deletion_us[pod] == NEVER:
                phase = FAILED if pods.template[pod] in self.failing else SUCCEEDED
                self._client.write(self._store.set_phase, pod, phase, epoch)

    def _terminate(self, pod: int) -> None:
        pods = self._table
        grace = max(0, pods.deletion_us[pod] - self._clock.now_us)
        self._stops.after(min(grace, next(self._stop_us)), (pod, pods.epoch[pod]))

    def _stopped(self, now_us: int, timers: list[Timer]) -> None:
        pods = self._table
        for pod, epoch in timers:
            if pods.epoch[pod] == epoch:
                if pods.started_us[pod] != NEVER and pods.loss[pod] != Loss.NONE:
                    pods.lost_work_us[pod] += now_us - pods.started_us[pod]
                self._client.write(self._store.finalize_pod, pod)

    def _crashed(self, row: int) -> None:
        pods, now_us = self._table, self._clock.now_us
        self._store.leases.stop(row)
        for pod in self._on[row]:
            pods.epoch[pod] += 1
            if pods.started_us[pod] != NEVER:
                pods.lost_work_us[pod] += now_us - pods.started_us[pod]
                pods.started_us[pod] = NEVER

    def _restored(self, row: int) -> None:
        pods = self._table
        if not self._store.cluster.nodes.exists[row]:
            return
        self._store.leases.start(row)
        self._client.write(self._store.set_ready, row, True)
        for pod in self._on[row]:
            if pods.deletion_us[pod] != NEVER:
                self._terminate(pod)
            elif self._store.cluster.template_of(pod).restart_policy == "Never":
                if pods.loss[pod] == Loss.NONE:
                    pods.loss[pod] = Loss.NODE_CRASH
                self._client.write(self._store.set_phase, pod, FAILED, pods.epoch[pod])
            else:
                pods.restarts[pod] += pods.running_us[pod] != NEVER
                self._begin(pod)
