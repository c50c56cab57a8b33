"""How containers come to an end that nobody foresaw when they started: the kernel, the kubelet for
its node's sake, or work that is done.

Law: the timers of the run that ends fall through (its pod's epoch moves on); whatever comes after
is the same as after any other end: restart by restartPolicy and back-off, or a final phase.

Mirrors: kubelet v1.36: exit code 137 with reason OOMKilled, evictPod (phase Failed, reason Evicted,
once the containers are stopped), housekeeping cleans up.
"""

from __future__ import annotations

from collections.abc import Callable

from simk8s.api.requests import GET_POD, POST_EVENT
from simk8s.api.store import Store
from simk8s.kernel.clock import Clock
from simk8s.kernel.phase import Phase as Order
from simk8s.nodes.containers import KILLED, Containers, End
from simk8s.nodes.disorders import Sender
from simk8s.nodes.images import NodeImages
from simk8s.nodes.lives import Lives
from simk8s.nodes.relists import Relists
from simk8s.state.pods import FAILED, NEVER, OOM_KILLED, Loss

EVICTED = "Evicted"


class Kills:
    """Ends what runs, for whoever measures it."""

    def __init__(
        self,
        clock: Clock,
        store: Store,
        client_of: Callable[[int], Sender],
        containers: Containers,
        lives: Lives,
        relists: Relists,
        status_us: int,
        reclaim: Callable[[int], None],
        images: NodeImages,
    ) -> None:
        self._clock, self._store, self._client_of = clock, store, client_of
        self._containers, self._lives, self._relists = containers, lives, relists
        self._status_us = status_us
        self._pods = store.cluster.pods
        self.reclaim, self.images = reclaim, images
        self._evictions = clock.lane("kubelet/evictions", Order.RELEASE, self._evicted)

    def leaving(self, pod: int) -> bool:
        """Whether it is being stopped already."""
        return self._pods.deletion_us[pod] != NEVER or self._pods.loss[pod] == Loss.NODE_PRESSURE

    def oom(self, pod: int, node: int) -> None:
        """The kernel kills its containers now."""
        self._client_of(node).note(POST_EVENT)
        if not self.leaving(pod):
            end = End(self._clock.now_us, KILLED, False, reason=OOM_KILLED)
            self._containers.interrupt(pod, node, end)

    def finish(self, pod: int, node: int) -> None:
        """Its work is done now."""
        if not self.leaving(pod):
            code = self._lives.of(pod).acts.exit_code
            self._containers.interrupt(pod, node, End(self._clock.now_us, code, True))

    def evict(self, pod: int, node: int, grace_us: int) -> int:
        """The kubelet stops a pod for good; when its node is rid of it."""
        pods, now_us = self._pods, self._clock.now_us
        pods.loss[pod] = Loss.NODE_PRESSURE
        pods.reasons[pod] = EVICTED
        pods.epoch[pod] += 1
        stopped_us = self._containers.killed(node, self._lives.of(pod), now_us, grace_us)
        seen_us = self._relists.seen(node, stopped_us)
        self._client_of(node).note(POST_EVENT, 2)  # Evicted, Killing
        self._evictions.at(stopped_us, (pod, pods.epoch[pod], None))
        self._evictions.at(seen_us + self._status_us, (pod, pods.epoch[pod], node))
        return self._relists.cleaned(node, seen_us)

    def _evicted(self, now_us: int, timers: list[tuple[int, int, int | None]]) -> None:
        pods = self._pods
        for pod, epoch, node in timers:
            if pods.epoch[pod] != epoch:
                continue
            if node is None:
                self._containers.stopped(pod)
                continue
            pods.lost_work_us[pod] += now_us - pods.started_us[pod]
            client = self._client_of(node)
            client.note(GET_POD)
            client.write(self._store.set_phase, pod, FAILED, epoch)
