"""What faults of the cluster as a whole do to the API server, etcd, leaders, images and pods.

Law: an effect that began ends with what it began; effects overlap. A control plane without
latencies has outages, but no load, disks or leaders of etcd to lose.
"""

from __future__ import annotations

from dataclasses import dataclass

from simk8s.api.requests import kind
from simk8s.api.server import ApiServer
from simk8s.api.store import Store
from simk8s.cloud.provider import CloudApi
from simk8s.controllers._manager import ControllerManager
from simk8s.faults.base import (
    ApiLoad,
    ApiOutage,
    BadRollout,
    CloudThrottle,
    ClusterEffect,
    KillContainers,
    LeaderLoss,
    RegistryOutage,
    RegistrySlow,
    SlowDisk,
    Takeover,
)
from simk8s.nodes.troubles import Troubles
from simk8s.scheduler.takeover import Succession
from simk8s.simulation.rollouts import Rollouts


@dataclass(slots=True)
class Parts:
    """What else can break."""

    store: Store
    scheduler: Succession
    controllers: ControllerManager
    troubles: Troubles
    rollouts: Rollouts
    cloud: CloudApi | None = None


class PlaneEffects:
    """The cluster as faults see it (faults/base.ControlPlane)."""

    def __init__(self, server: ApiServer) -> None:
        self._server = server
        self._loads: dict[ApiLoad, list[str]] = {}
        self._number = 0
        self.parts: Parts | None = None
        self.pods_hit = 0
        self.idle = ""

    def begin(self, effect: ClusterEffect) -> int | None:
        """It starts now."""
        server = self._server
        self.pods_hit, self.idle = 0, ""
        if isinstance(effect, ApiOutage):
            server.go_down()
        elif isinstance(effect, ApiLoad):
            self._number += 1
            name = f"overload-{self._number}"
            self._loads.setdefault(effect, []).append(name)
            asked = kind(effect.verb, effect.resource)
            server.background(name, asked, effect.per_second, effect.client)
        elif isinstance(effect, SlowDisk):
            server.etcd.slow(self._factor(effect))
        elif isinstance(effect, LeaderLoss):
            return server.lose_leader()
        elif self.parts is not None and isinstance(effect, BadRollout):
            self.idle = self.parts.rollouts.begin(effect)
        elif self.parts is not None:
            self.pods_hit = _begin(self.parts, effect)
        return None

    def end(self, effect: ClusterEffect) -> None:
        """It is over."""
        if isinstance(effect, ApiOutage):
            self._server.come_back()
        elif isinstance(effect, ApiLoad):
            name = self._loads[effect].pop(0)
            asked = kind(effect.verb, effect.resource)
            self._server.background(name, asked, 0.0, effect.client)
        elif isinstance(effect, SlowDisk):
            self._server.etcd.recover(self._factor(effect))
        elif self.parts is not None:
            _end(self.parts, effect)

    def _factor(self, effect: SlowDisk) -> int:
        """In thousandths."""
        if effect.factor is not None:
            return round(effect.factor * 1_000)
        median_us = self._server.times.etcd.fsync[0]
        return round(1_000 * (effect.fsync_us or 0) / median_us) if median_us else 1_000


def _begin(parts: Parts, effect: ClusterEffect) -> int:
    """How many pods it hits at once."""
    images = parts.troubles.images
    if isinstance(effect, Takeover):
        if effect.component == parts.controllers.name:
            parts.controllers.halt()
        else:
            parts.scheduler.begin()
    elif isinstance(effect, RegistryOutage):
        images.go_down(effect.images, effect.answer_us)
    elif isinstance(effect, RegistrySlow):
        images.go_slow(effect.thousandths)
    elif isinstance(effect, CloudThrottle):
        if parts.cloud is not None:
            parts.cloud.throttle(effect)
    elif isinstance(effect, KillContainers):
        return _kill(parts, effect)
    return 0


def _end(parts: Parts, effect: ClusterEffect) -> None:
    images = parts.troubles.images
    if isinstance(effect, Takeover):
        if effect.component == parts.controllers.name:
            parts.controllers.resume()
        else:
            parts.scheduler.end()
    elif isinstance(effect, RegistryOutage):
        images.come_back(effect.images, effect.answer_us)
    elif isinstance(effect, RegistrySlow):
        images.go_slow(effect.thousandths, over=True)
    elif isinstance(effect, BadRollout):
        parts.rollouts.end(effect)
    elif isinstance(effect, CloudThrottle) and parts.cloud is not None:
        parts.cloud.relent(effect)


def _kill(parts: Parts, effect: KillContainers) -> int:
    cluster = parts.store.cluster

    def chosen(pod: int) -> bool:
        template = cluster.template_of(pod)
        if effect.namespaces and template.namespace not in effect.namespaces:
            return False
        return all(template.labels.get(key) == value for key, value in effect.labels)

    return parts.troubles.kill(
        effect.code, effect.reason, chosen, effect.draw, effect.count, effect.share
    )
