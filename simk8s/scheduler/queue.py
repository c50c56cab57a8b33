"""The scheduling queue: active, backoff and unschedulable pods.

Mirrors: kube-scheduler v1.36 backend/queue: order by priority, then by a timestamp that is
renewed on every failure; backoff 1 s doubling to 10 s, cut to whole seconds; an idle scheduler
pops straight from the backoff queue; pods unschedulable for more than 5 minutes are moved, looked
at every 30 s. Departs: the queueing hint of every plugin is "would it fit on the node that
changed".
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush

from simk8s.placement.base import Query

SECOND = 1_000_000
MAX_BACKOFF_US = 10 * SECOND
FLUSH_AFTER_US = 300 * SECOND
FLUSH_PERIOD_US = 30 * SECOND

Shape = tuple[int, int]
"""(template id, request vector id): pods of one shape fit the same nodes."""


class SchedulingQueue:
    """Pods waiting for a node. `query` objects are handed back by `pop` and kept while parked."""

    def __init__(self) -> None:
        self._active: list[tuple[int, int, int, Query]] = []
        self._backoff: list[tuple[int, int, int, int, Query]] = []
        self._parked: dict[Shape, dict[int, tuple[int, Query]]] = {}
        self._where: dict[int, int] = {}
        self._failures: dict[int, int] = {}
        self._sequence = 0
        self._parked_count = 0

    ACTIVE, BACKOFF, PARKED = range(3)

    def add(self, query: Query, now_us: int) -> None:
        """A new pod, ready at once."""
        self._push_active(query, now_us)

    def remove(self, pod: int) -> None:
        """The pod is gone; heap entries are skipped when they surface."""
        where = self._where.pop(pod, None)
        self._failures.pop(pod, None)
        if where == self.PARKED:
            for group in self._parked.values():
                if group.pop(pod, None) is not None:
                    self._parked_count -= 1
                    break

    def pop(self, now_us: int) -> tuple[Query, int] | None:
        """(next pod, when it was queued), or None; the backoff queue serves an idle scheduler."""
        self._flush_backoff(now_us)
        while self._active:
            _, since, _, query = heappop(self._active)
            if self._where.get(query.pod) == self.ACTIVE:
                del self._where[query.pod]
                return query, since
        while self._backoff:
            _, _, since, _, query = heappop(self._backoff)
            if self._where.get(query.pod) == self.BACKOFF:
                del self._where[query.pod]
                return query, since
        return None

    def oldest_us(self) -> int | None:
        """When the head of the active queue was queued."""
        while self._active and self._where.get(self._active[0][3].pod) != self.ACTIVE:
            heappop(self._active)
        return min((entry[1] for entry in self._active), default=None)

    def park(self, query: Query, now_us: int) -> None:
        """No node fits: wait until something changes."""
        self._failures[query.pod] = self._failures.get(query.pod, 0) + 1
        shape = (query.template.id, query.requests.id)
        self._parked.setdefault(shape, {})[query.pod] = (now_us, query)
        self._where[query.pod] = self.PARKED
        self._parked_count += 1

    def retry(self, query: Query, now_us: int) -> None:
        """Back to the queue at once, behind newer pods of its priority (a stale plan, a refused
        bind).
        """
        self._push_active(query, now_us)

    def forget(self, pod: int) -> None:
        """The pod has been bound."""
        self._failures.pop(pod, None)

    def wake(self, now_us: int, helps: Callable[[Query], bool]) -> int:
        """Move every parked shape that `helps` says the event may help; number of pods moved."""
        moved = 0
        for shape in [s for s, group in self._parked.items() if group]:
            group = self._parked[shape]
            if helps(next(iter(group.values()))[1]):
                moved += self._release(list(group), shape, now_us)
        return moved

    def flush_unschedulable(self, now_us: int) -> int:
        """Move what has been parked for more than five minutes."""
        moved = 0
        for shape, group in list(self._parked.items()):
            due = [p for p, (since, _) in group.items() if now_us - since > FLUSH_AFTER_US]
            moved += self._release(due, shape, now_us)
        return moved

    def lengths(self) -> tuple[int, int, int]:
        """(active, backoff, unschedulable)."""
        backoff = sum(self._where.get(entry[4].pod) == self.BACKOFF for entry in self._backoff)
        return len(self._where) - backoff - self._parked_count, backoff, self._parked_count

    def __len__(self) -> int:
        return len(self._where)

    @property
    def ready(self) -> int:
        """Pods that a pop could return."""
        return len(self._where) - self._parked_count

    @property
    def parked(self) -> int:
        """Pods waiting for an event."""
        return self._parked_count

    def _release(self, pods: list[int], shape: Shape, now_us: int) -> int:
        group = self._parked[shape]
        for pod in pods:
            since, query = group.pop(pod)
            self._parked_count -= 1
            wait = min(SECOND << min(self._failures[pod] - 1, 4), MAX_BACKOFF_US)
            expiry = (since + wait) // SECOND
            if expiry >= now_us // SECOND:
                self._push_backoff(query, expiry, now_us)
            else:
                self._push_active(query, now_us)
        if not group:
            del self._parked[shape]
        return len(pods)

    def _push_active(self, query: Query, now_us: int) -> None:
        self._sequence += 1
        self._where[query.pod] = self.ACTIVE
        heappush(self._active, (-query.priority, now_us, self._sequence, query))

    def _push_backoff(self, query: Query, expiry: int, now_us: int) -> None:
        self._sequence += 1
        self._where[query.pod] = self.BACKOFF
        heappush(self._backoff, (expiry, -query.priority, now_us, self._sequence, query))

    def _flush_backoff(self, now_us: int) -> None:
        second = now_us // SECOND
        while self._backoff and self._backoff[0][0] < second:
            _, _, since, _, query = heappop(self._backoff)
            if self._where.get(query.pod) == self.BACKOFF:
                self._push_active(query, since)
