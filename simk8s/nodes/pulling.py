"""The start path of a pod that takes more than one instant: containers in order, with their pulls.

A pod's way through its containers is arithmetic as long as the images are there; where one has to
be asked for, the way stops at that instant, so that pulls come to a node's puller in order of
time.

Law: init containers run one after another, each seen to end before the next; a sidecar only has to
be seen running. A failed pull is tried again after its back-off, for ever.

Mirrors: kubelet v1.36 kuberuntime SyncPod, image_manager (ErrImagePull, ImagePullBackOff), image
garbage collection every 5 min, nodeStatusUpdateFrequency for the images a node reports. Departs:
the nodes report new images at the same instants, every 10 s, and only when there are some.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from simk8s.api.requests import PATCH_NODE_STATUS, POST_EVENT
from simk8s.api.store import Store
from simk8s.kernel.clock import Clock
from simk8s.kernel.phase import Phase as Order
from simk8s.nodes.backoff import looked_us, next_delay_us
from simk8s.nodes.disorders import Disorders, Sender
from simk8s.nodes.images import NEVER_PULL, NodeImages
from simk8s.nodes.lives import Kind, Life
from simk8s.nodes.relists import Relists
from simk8s.nodes.runtime import Runtimes
from simk8s.nodes.settings import KubeletSettings
from simk8s.state.pods import NEVER
from simk8s.state.resources import EPHEMERAL

Started = Callable[["Way", int], None]
"""(way, when its last container was started)."""
_DISK_BYTES = 100 << 30
"""Of a node that says nothing about its disk."""
_LONGEST_PULL_BACKOFF_US = 300_000_000


@dataclass(slots=True)
class Way:
    """How far a pod's start has got."""

    pod: int
    epoch: int
    node: int
    life: Life
    first_us: int
    """To start its first container; drawn already."""
    t_us: int
    """Everything before `index` is done at this instant."""
    index: int = 0
    pulled_us: int = NEVER
    tries: int = 0
    backoff: dict[str, int] = field(default_factory=dict)


class Pulling:
    """Starts that wait for images."""

    def __init__(
        self,
        clock: Clock,
        store: Store,
        client_of: Callable[[int], Sender],
        settings: KubeletSettings,
        relists: Relists,
        runtimes: Runtimes,
        started: Started,
        on_node: Callable[[int], Iterable[str]],
        seed: int,
        disorders: Disorders | None = None,
    ) -> None:
        self._disorders = Disorders() if disorders is None else disorders
        self.images = NodeImages(settings)
        self._clock, self._store, self._client_of = clock, store, client_of
        self._settings, self._relists, self._runtimes = settings, relists, runtimes
        self._started, self._on_node, self._seed = started, on_node, seed
        self._ways = clock.lane("kubelet/pulls", Order.RELEASE, self._resume)
        self._reports = clock.lane("kubelet/images", Order.RELEASE, self._report)
        self._collections = clock.lane("kubelet/image-gc", Order.RELEASE, self._collect)
        self._arrived: dict[int, list[tuple[int, str, int]]] = {}
        self._collecting: dict[int, None] = {}

    def walk(self, way: Way) -> None:
        """Go on as far as is known now."""
        now_us, steps = self._clock.now_us, way.life.steps
        while way.index < len(steps):
            step = steps[way.index]
            name = step.image
            if name and not self.images.ready(way.node, name, step.policy, now_us):
                if way.t_us > now_us:
                    self._ways.at(way.t_us, way)
                    return
                if not self._pulled(way, name, step.policy, now_us):
                    return
            way.pulled_us = way.t_us
            self._past(way, step.kind, step.post_start_us)
        self._started(way, way.t_us)

    def _past(self, way: Way, kind: Kind, post_start_us: int) -> None:
        """One container is started, and has ended if it has to."""
        start_us = self._runtimes.container_us(way.node) if way.index else way.first_us
        way.t_us += start_us + post_start_us
        way.index += 1
        if kind is Kind.INIT:
            begun_us = way.t_us - start_us
            ended_us = way.t_us + way.life.acts.init_us
            way.t_us = self._relists.seen(way.node, ended_us) + self._settings.status_us
            self._store.cluster.pods.init_us[way.pod] += way.t_us - begun_us
        elif kind is Kind.SIDECAR:
            way.t_us = self._relists.seen(way.node, way.t_us) + self._settings.status_us

    def _pulled(self, way: Way, name: str, policy: str, now_us: int) -> bool:
        """Ask for an image; False where the way stops here for now."""
        done_us, error = self.images.pull(way.node, name, policy, now_us)
        pods = self._store.cluster.pods
        if not error:
            pods.image_pull_us[way.pod] += done_us - way.t_us
            way.t_us = done_us
            pods.reasons.pop(way.pod, None)
            self._landed(way.node, name, done_us)
            return True
        if error == NEVER_PULL:
            pods.reasons[way.pod] = NEVER_PULL
            return False
        self._client_of(way.node).note(POST_EVENT, 2)  # Failed, BackOff
        delay_us = next_delay_us(way.backoff.get(name, 0), _LONGEST_PULL_BACKOFF_US)
        way.backoff[name] = delay_us
        way.tries += 1
        due_us = done_us + delay_us
        begun_us, way.t_us = way.t_us, looked_us(self._seed, way.pod, way.tries, done_us, due_us)
        pods.image_pull_us[way.pod] += way.t_us - begun_us
        pods.reasons[way.pod] = "ImagePullBackOff"
        self._ways.at(way.t_us, way)
        return False

    def _resume(self, now_us: int, ways: list[Way]) -> None:
        pods = self._store.cluster.pods
        if self._disorders.hung:
            ways = self._disorders.stall(self._ways, ways, lambda way: way.node)
        for way in ways:
            if pods.epoch[way.pod] == way.epoch and pods.deletion_us[way.pod] == NEVER:
                self.walk(way)

    # --- what the cluster knows of images

    def _landed(self, node: int, name: str, done_us: int) -> None:
        tick_us = self._settings.node_status_us or 1
        at_us = -(-done_us // tick_us) * tick_us
        arrived = self._arrived.get(at_us)
        if arrived is None:
            arrived = self._arrived[at_us] = []
            self._reports.at(at_us, None)
        arrived.append((node, name, self.images.image(name).size))
        if node not in self._collecting and self.images.crowded(node, self._disk(node)):
            self._collecting[node] = None
            self._collections.at(self._relists.collected(node, done_us), node)

    def _report(self, now_us: int, _: list[Any]) -> None:
        """Nodes put what has arrived into their status."""
        arrived = [
            item for item in self._arrived.pop(now_us) if self.images.has(item[0], item[1], now_us)
        ]
        cut = self._disorders.cut
        if cut:  # they report by themselves, when they can
            for item in (item for item in arrived if item[0] in cut):
                self._client_of(item[0]).write(self._store.report_images, [item])
            arrived = [item for item in arrived if item[0] not in cut]
        if arrived:
            first, *others = dict.fromkeys(node for node, _, _ in arrived)
            for node in others:
                self._client_of(node).note(PATCH_NODE_STATUS)
            self._client_of(first).write(self._store.report_images, arrived)

    def _collect(self, now_us: int, nodes: list[int]) -> None:
        for node in nodes:
            disk = self._disk(node)
            gone = self.images.collect(node, disk, now_us, self._on_node(node))
            if gone:
                self._client_of(node).write(self._store.drop_images, node, gone)
            if self.images.crowded(node, disk):
                self._collections.at(self._relists.collected(node, now_us + 1), node)
            else:
                del self._collecting[node]

    def reclaim(self, node: int) -> None:
        """The disk is short: remove every image that no pod runs."""
        gone = self.images.collect(node, 0, self._clock.now_us, self._on_node(node))
        if gone:
            self._client_of(node).write(self._store.drop_images, node, gone)

    def _disk(self, node: int) -> int:
        spec = self._store.cluster.nodes.specs[node]
        return spec.allocatable.get(EPHEMERAL, 0) or _DISK_BYTES

    def crashed(self, node: int) -> None:
        """Its pulls are lost; the pods' ways are void with their epochs."""
        self.images.crashed(node, self._clock.now_us)
