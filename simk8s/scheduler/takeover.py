"""kube-scheduler without a leader: what the dead one leaves, what the next one finds.

Law: while nobody leads nothing is heard, tried or bound, but requests that have left the client are
carried out. The next leader knows what the API says: every pod that is not bound waits in a new
queue, in order of creation and without back-off; a pod that was assumed and whose binding never
left has given its place back.

Mirrors: leader election, cache and queue of kube-scheduler v1.36 after a restart. Departs: what has
left is told by the rate limit of the client; deletions and conditions that wait there are still
sent; pods of a gang that wait at Permit go on waiting.
"""

from __future__ import annotations

from simk8s.kernel.clock import Clock
from simk8s.scheduler.scheduler import Scheduler
from simk8s.state.pods import NEVER, PENDING


class Succession:
    """Lets a scheduler's leader die and be followed; faults overlap."""

    def __init__(self, clock: Clock, scheduler: Scheduler) -> None:
        self._clock = clock
        self._scheduler = scheduler
        self._cluster = scheduler._cluster
        self._faults = 0
        self._forgotten: list[int] = []

    def begin(self) -> None:
        """The leader dies, with its cycle and with bindings that it had not sent."""
        self._faults += 1
        if self._faults > 1:
            return
        scheduler, pods = self._scheduler, self._cluster.pods
        scheduler.ears.handler = scheduler._bell.handler = _nobody
        scheduler._flight = None
        self._forgotten = self._unsent()
        for pod in self._forgotten:
            scheduler.void[pod, pods.charged[pod]] = True
            self._cluster.release(pod)
            pods.scheduled_us[pod] = NEVER

    def _unsent(self) -> list[int]:
        """Pods that are assumed and whose bindings wait in the client: the last of them."""
        cluster, gangs = self._cluster, self._scheduler._gangs
        pods, waiting = cluster.pods, self._scheduler.client.backlog()
        held = dict.fromkeys([] if gangs is None else gangs.waiting)
        assumed = [
            (pods.scheduled_us[pod], pod)
            for node in range(cluster.nodes.n if waiting else 0)
            for pod in cluster.nodes.pods_on[node]
            if pods.phase[pod] == PENDING and pods.node[pod] == NEVER and pod not in held
        ]
        return [pod for _, pod in sorted(assumed)[len(assumed) - min(waiting, len(assumed)) :]]

    def end(self) -> None:
        """Another instance leads."""
        self._faults -= 1
        if self._faults:
            return
        scheduler, now_us = self._scheduler, self._clock.now_us
        scheduler.ears.handler, scheduler._bell.handler = scheduler._deliver, scheduler._wake
        scheduler._deliver(now_us)  # a standby has listened all the time
        pods, queue = self._cluster.pods, scheduler.queue
        for pod in sorted({*queue._pods, *self._forgotten}):
            queue.remove(pod)
            if scheduler._gangs is not None:
                scheduler._gangs.remove(pod, self._cluster.template_of(pod))
            if pods.deletion_us[pod] == NEVER:
                scheduler._hear_of(pod, now_us)
        scheduler._flush_us = NEVER
        scheduler._bell.ring()


def _nobody(now_us: int) -> None:
    """Nobody listens."""
