"""Where the pods of a scheduling queue are, and how many are where.

Law: a pod is in one place at a time, and the counts say how many pods are in each.
"""

from __future__ import annotations

from simk8s.scheduler.queued import (
    ACTIVE,
    BACKOFF,
    ERROR_BACKOFF,
    FLYING,
    GONE,
    PARKED,
    Queued,
    Where,
)

SECOND = 1_000_000

Entry = tuple[int, int, int, Queued]
"""(−priority, since, token, pod)."""
Delayed = tuple[int, int, int, int, Queued]
"""(expiry in whole seconds, −priority, since, token, pod)."""


class Places:
    """The pods of a queue by place. The counts are plain attributes: they are asked for at every
    turn of the scheduler.
    """

    def __init__(self, pops_backoff: bool) -> None:
        self._pops_backoff = pops_backoff
        self._pods: dict[int, Queued] = {}
        self._active: list[Entry] = []
        self._backoff: list[Delayed] = []
        self._error_backoff: list[Delayed] = []
        self.waiting = 0
        """Pods to be popped now or later, whatever happens: active or backing off."""
        self._backing = {BACKOFF: 0, ERROR_BACKOFF: 0}
        """Those of them that back off, by how they failed."""
        self.delayed = 0
        """All of them: if more pods wait, some are active."""
        self.resting = 0
        """Parked pods: they wait for an event."""
        self.flying = 0
        """Pods being scheduled."""

    def lengths(self) -> tuple[int, int, int]:
        """(active, backoff, unschedulable)."""
        return self.waiting - self.delayed, self.delayed, self.resting

    def listing(self, where: Where) -> list[int]:
        """Pods that are there, in the order in which they came to be known."""
        return [pod for pod, queued in self._pods.items() if queued.where == where]

    def __len__(self) -> int:
        return len(self._pods) - self.flying

    @property
    def ready(self) -> int:
        """Pods that a pop could return, pods that back off after an error left aside."""
        backing = self._backing
        later = backing[ERROR_BACKOFF] + (0 if self._pops_backoff else backing[BACKOFF])
        return self.waiting - later

    @property
    def parked(self) -> int:
        """Pods waiting for an event that have to be looked at now and then."""
        return self.resting

    def oldest_us(self) -> int | None:
        """When the oldest pod of the active queue was queued."""
        return min((e[1] for e in self._active if e[3].token == e[2]), default=None)

    def next_flush_us(self) -> int | None:
        """When a pod that a pop would not return yet has backed off."""
        heads = [self._error_backoff[0][0]] if self._error_backoff else []
        if self._backoff and not self._pops_backoff:
            heads.append(self._backoff[0][0])
        return (min(heads) + 1) * SECOND if heads else None

    def _count(self, where: int, change: int) -> None:
        if where == FLYING:
            self.flying += change
        elif where == PARKED:
            self.resting += change
        elif where != GONE:
            self.waiting += change
            if where != ACTIVE:
                self._backing[where] += change
                self.delayed += change
