"""Changes of claims, volumes and classes, for pods that wait for one.

Law: nothing is listened to until a pod was rejected for its volumes; what came while it was being
scheduled is put to it as well.

Mirrors: the informers of kube-scheduler v1.36 for PersistentVolumeClaim, PersistentVolume and
StorageClass. Departs: they are one kind of event (see placement/events.py).
"""

from __future__ import annotations

from collections.abc import Callable

from simk8s.api.store import Store
from simk8s.api.watch import Cursor
from simk8s.kernel.clock import Clock
from simk8s.kernel.phase import Phase as Order
from simk8s.placement.events import Change, Event
from simk8s.scheduler.queue import SchedulingQueue

KINDS = ("persistentvolumeclaims", "persistentvolumes", "storageclasses")


class StorageNews:
    """Moves parked pods when storage has changed."""

    def __init__(
        self,
        clock: Clock,
        store: Store,
        queue: SchedulingQueue,
        resume: Callable[[], None],
        lag_us: int,
    ) -> None:
        self._clock, self._store, self._queue = clock, store, queue
        self._resume, self._lag_us = resume, lag_us
        self._cursors: list[Cursor] = []

    def listen(self, since_us: int) -> None:
        """A pod waits, as of an instant."""
        if self._cursors:
            return
        bell = self._clock.bell("kube-scheduler/storage", Order.DELIVER, self._deliver)
        tables = [self._store.objects(kind) for kind in KINDS]
        self._cursors = [table.log.subscribe(bell, self._lag_us) for table in tables]
        last = [table.seen_us for table in tables if table.seen_us >= 0]
        if any(at_us + self._lag_us >= since_us > 0 for at_us in last):
            bell.ring_at(self._clock.now_us + self._lag_us)

    def _deliver(self, now_us: int) -> None:
        for cursor in self._cursors:
            cursor.drain(now_us)
        self._queue.move(Event(Change.VOLUMES), now_us)
        self._resume()
