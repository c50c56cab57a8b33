"""A scheduling queue from which named pods can be taken, too: what pod groups need.

Law: a pod that a gate holds is never taken.

Mirrors: kube-scheduler v1.36 PopSpecificPod, and the first attempt's time that orders a group.
"""

from __future__ import annotations

from simk8s.scheduler.hints import FAILURE, Rejection
from simk8s.scheduler.queue import SchedulingQueue
from simk8s.scheduler.queued import ACTIVE, FLYING, GONE, Queued


class GangQueue(SchedulingQueue):
    """The queue of a scheduler that places groups."""

    def take(self, pod: int, now_us: int) -> Queued | None:
        """That pod, as if it had been popped; None if it is not waiting for anything but its
        turn.
        """
        queued = self._pods.get(pod)
        if queued is None or queued.where in (FLYING, GONE) or queued.gate is not None:
            return None
        if queued.where != ACTIVE:
            queued.ready_us = now_us
        self._put(queued, FLYING)
        queued.seen = self._heard_of
        queued.rejection = FAILURE
        return queued

    def return_rejected(self, queued: Queued, now_us: int, rejection: Rejection) -> None:
        """A pod that had got a node has been rejected after all."""
        self._pods[queued.query.pod] = queued
        self._put(queued, FLYING)
        self.fail(queued, now_us, rejection)
