"""Who watches what, and what it costs to tell them.

Law: a change is dispatched by its resource's cacher one after another, each event at `base_ns`
plus `watcher_ns` for every watcher that it is matched against; so the lag of a watch grows with
watchers and with the rate of events. The number of watchers is what is registered here plus the
cursors on the log.

Mirrors: the dispatch loop of the watch cache of kube-apiserver v1.36 (storage/cacher), with pods
indexed by node name, so that a pod's event meets one kubelet. Times UNVERIFIED. Departs: slow
watchers are not closed; encoding is part of the watcher's share.
"""

from __future__ import annotations

from collections.abc import Callable

WATCHERS_PER_SEAT = 10
SEATS_PER_REQUEST = 10
SEAT_LINGER_US = 5_000


class Fanout:
    """Watchers by resource."""

    def __init__(self, base_ns: int = 0, watcher_ns: int = 0) -> None:
        self.base_ns = base_ns
        self.watcher_ns = watcher_ns
        self._remote: dict[str, int] = {}
        self._local: dict[str, int] = {}
        self._listeners: list[Callable[[str], None]] = []

    def set(self, resource: str, watchers: int) -> None:
        """So many watchers that are not cursors (kube-proxies, kubelets watching services)."""
        self._remote[resource] = watchers
        self._changed(resource)

    def cursors(self, resource: str, count: int) -> None:
        """A log has so many readers."""
        self._local[resource] = count
        self._changed(resource)

    def listen(self, listener: Callable[[str], None]) -> None:
        """Be told of resources whose number of watchers has changed."""
        self._listeners.append(listener)

    def of(self, resource: str) -> int:
        """Watchers that an event of this resource is matched against."""
        whole = resource.partition("/")[0]
        return self._remote.get(whole, 0) + self._local.get(whole, 0)

    def cost_us(self, resource: str) -> int:
        """Time of one event in the dispatch loop."""
        return (self.base_ns + self.watcher_ns * self.of(resource)) // 1_000

    def linger(self, resource: str) -> tuple[int, int]:
        """Seats that a mutating request keeps after its answer, and for how many µs."""
        wanted = -(-self.of(resource) // WATCHERS_PER_SEAT)
        if not wanted:
            return 0, 0
        seats = min(wanted, SEATS_PER_REQUEST)
        return seats, SEAT_LINGER_US * wanted // seats

    def _changed(self, resource: str) -> None:
        for listener in self._listeners:
            listener(resource)
