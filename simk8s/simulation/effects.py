"""What faults of the cluster as a whole do to the API server, etcd, leaders, images and pods.

Law: an effect that began ends with what it began: both stand together, one after the other, in its
course. Effects overlap; of equal ones, the first to begin is the first to end. A control plane
without latencies has outages, but no load, disks or leaders of etcd to lose.
"""

from __future__ import annotations

from collections.abc import Iterator
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

OVER = object()


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
        self._under_way: dict[ClusterEffect, list[Iterator[None]]] = {}
        self._loads = 0
        self._takes_us: int | None = None
        self.parts: Parts | None = None
        self.pods_hit = 0
        self.idle = ""

    def begin(self, effect: ClusterEffect) -> int | None:
        """It starts now."""
        self.pods_hit, self.idle, self._takes_us = 0, "", None
        course = self._course(effect)
        if next(course, OVER) is not OVER:
            self._under_way.setdefault(effect, []).append(course)
        return self._takes_us

    def end(self, effect: ClusterEffect) -> None:
        """It is over."""
        courses = self._under_way.get(effect)
        if courses:
            next(courses.pop(0), OVER)

    def _course(self, effect: ClusterEffect) -> Iterator[None]:
        """What happens at its beginning, and what at its end; one that takes no time yields not."""
        server = self._server
        match effect:
            case ApiOutage():
                server.go_down()
                yield
                server.come_back()
            case ApiLoad():
                self._loads += 1
                name, asked = f"overload-{self._loads}", kind(effect.verb, effect.resource)
                server.background(name, asked, effect.per_second, effect.client)
                yield
                server.background(name, asked, 0.0, effect.client)
            case SlowDisk():
                factor = self._factor(effect)
                server.etcd.slow(factor)
                yield
                server.etcd.recover(factor)
            case LeaderLoss():
                self._takes_us = server.lose_leader()
            case _:
                if self.parts is not None:
                    yield from self._course_of(self.parts, effect)

    def _course_of(self, parts: Parts, effect: ClusterEffect) -> Iterator[None]:
        """The same, of what is not the API server's."""
        images = parts.troubles.images
        match effect:
            case Takeover():
                manager, scheduler = parts.controllers, parts.scheduler
                of_manager = effect.component == manager.name
                (manager.halt if of_manager else scheduler.begin)()
                yield
                (manager.resume if of_manager else scheduler.end)()
            case RegistryOutage():
                images.go_down(effect.images, effect.answer_us)
                yield
                images.come_back(effect.images, effect.answer_us)
            case RegistrySlow():
                images.go_slow(effect.thousandths)
                yield
                images.go_slow(effect.thousandths, over=True)
            case BadRollout():
                self.idle = parts.rollouts.begin(effect)
                yield
                parts.rollouts.end(effect)
            case CloudThrottle() if parts.cloud is not None:
                parts.cloud.throttle(effect)
                yield
                parts.cloud.relent(effect)
            case KillContainers():
                self.pods_hit = _kill(parts, effect)

    def _factor(self, effect: SlowDisk) -> int:
        """In thousandths."""
        if effect.factor is not None:
            return round(effect.factor * 1_000)
        median_us = self._server.times.etcd.fsync[0]
        return round(1_000 * (effect.fsync_us or 0) / median_us) if median_us else 1_000


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
