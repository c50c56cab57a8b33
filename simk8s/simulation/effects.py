"""What faults of the control plane do to the API server and etcd.

Law: an effect that began ends with what it began; effects overlap. A control plane without
latencies has outages, but no load, disks or leaders to lose.
"""

from __future__ import annotations

from simk8s.api.requests import kind
from simk8s.api.server import ApiServer
from simk8s.faults.base import ApiLoad, ApiOutage, Effect, SlowDisk


class PlaneEffects:
    """The control plane as faults see it (faults/base.ControlPlane)."""

    def __init__(self, server: ApiServer) -> None:
        self._server = server
        self._loads: dict[ApiLoad, list[str]] = {}
        self._number = 0

    def begin(self, effect: Effect) -> int | None:
        """It starts now."""
        server = self._server
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
        else:
            return server.lose_leader()
        return None

    def end(self, effect: Effect) -> None:
        """It is over."""
        if isinstance(effect, ApiOutage):
            self._server.come_back()
        elif isinstance(effect, ApiLoad):
            name = self._loads[effect].pop(0)
            asked = kind(effect.verb, effect.resource)
            self._server.background(name, asked, 0.0, effect.client)
        elif isinstance(effect, SlowDisk):
            self._server.etcd.recover(self._factor(effect))

    def _factor(self, effect: SlowDisk) -> int:
        """In thousandths."""
        if effect.factor is not None:
            return round(effect.factor * 1_000)
        median_us = self._server.times.etcd.fsync[0]
        return round(1_000 * (effect.fsync_us or 0) / median_us) if median_us else 1_000
