"""TTL after finished: a Job that says so is deleted some time after it has ended.

Law: a Job is deleted once, not before finishedAt + ttlSecondsAfterFinished.

Mirrors: pkg/controller/ttlafterfinished v1.36: 5 workers, a live GET before the DELETE. Departs:
the deletion is in the background, where the original's is in the foreground (pods first).
"""

from __future__ import annotations

from typing import ClassVar

from simk8s.api.objects import ObjectTable
from simk8s.api.requests import request
from simk8s.api.watch import Entry, Verb
from simk8s.controllers._flags import Params
from simk8s.controllers._owned import whole_second
from simk8s.controllers.base import DONE, Context, Controller, Result, Steps, Write
from simk8s.state.workloads import JOBS, Job


class TTLAfterFinished(Controller):
    """Reconciles keys of Jobs."""

    name: ClassVar[str] = "ttl_after_finished"

    def __init__(self, params: Params, context: Context) -> None:
        self._context = context
        self._jobs: ObjectTable[Job] = context.store.objects(JOBS)
        context.watches.watch(self._jobs.log, self._hear)
        for key in list(self._jobs.keys()):
            self._look(key)

    def _hear(self, now_us: int, entries: list[Entry]) -> None:
        for _, verb, key in entries:
            if verb is not Verb.DELETED:
                self._look(key)

    def _look(self, key: str) -> None:
        stored = self._jobs.get(key)
        if stored is not None and _due_us(stored.value) is not None:
            self._context.queue.add(key)

    def reconcile(self, key: str, now_us: int) -> Result | Steps:
        """Delete it, or look again when its time has come."""
        stored = self._jobs.get(key)
        due_us = None if stored is None else _due_us(stored.value)
        if due_us is None:
            return DONE
        if due_us > now_us:
            return Result(requeue_after_us=due_us - now_us)
        return self._delete(key)

    def _delete(self, key: str) -> Steps:
        yield [Write(self._get)]
        yield [Write(self._jobs.delete, (key,))]
        return DONE

    @request("GET", "jobs")
    def _get(self) -> bool:
        return True


def _due_us(job: Job) -> int | None:
    """When a finished Job is to be deleted."""
    finished_us = job.status.finished_us
    if job.ttl_us is None or finished_us is None or not job.status.condition.final:
        return None
    return whole_second(finished_us) + job.ttl_us
