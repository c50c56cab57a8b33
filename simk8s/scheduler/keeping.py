"""The queue of a scheduler whose strategy keeps in mind what it has rejected.

Law: a kept pod is put to the strategy once; it comes out of the queue when a later plan places it,
or when it is gone. Whatever happens to pods or nodes is news, and asks for one more plan.

Departs: not part of kube-scheduler. It stands for schedulers of batch jobs (Slurm, Volcano), which
go through their whole queue; kube-scheduler would try every pod again, with backoff.
"""

from __future__ import annotations

from simk8s.placement.events import Event
from simk8s.scheduler.gang_queue import GangQueue
from simk8s.scheduler.queue import SchedulingQueue
from simk8s.scheduler.queued import Queued
from simk8s.strategies.base import Plan, Strategy


class KeepingQueue(GangQueue):
    """Rejected pods rest until a plan names them."""

    keeps = True

    _heard = False
    """Something has happened since the last plan was begun."""

    @property
    def news(self) -> bool:
        """Something has happened that pods which are kept may care about; also while they were
        being put to the strategy for the first time.
        """
        return self._heard and self.resting > 0

    def move(self, event: Event, now_us: int, most_important: int | None = None) -> int:
        """Nobody moves; the strategy is to be asked again."""
        self._heard = self._heard or self.resting + self.flying > 0
        return 0

    def flush_unschedulable(self, now_us: int) -> int:
        """Nobody is forgotten, so nobody is tried again after a while."""
        return 0

    @property
    def ready(self) -> int:
        """Pods to hand in, and one for news."""
        return super().ready + self.news

    @property
    def parked(self) -> int:
        """None that would have to be looked at now and then."""
        return 0

    def joined(self, pods: list[Queued], plan: Plan, now_us: int) -> list[Queued]:
        """The pods of a cycle, with kept ones that its plan places; the news have been heard,
        unless it has more to say."""
        self._heard = plan.again
        known = {queued.query.pod for queued in pods}
        called = [a.pod for a in plan.assignments if a.pod not in known]
        return pods + [found for pod in called if (found := self.take(pod, now_us)) is not None]


def queue_of(strategy: Strategy, grouped: bool) -> type[SchedulingQueue]:
    """The kind of queue that a strategy needs."""
    if strategy.batch is not None and strategy.batch.keeps:
        return KeepingQueue
    return GangQueue if grouped else SchedulingQueue
