"""The CronJob controller: a Job at every due time, as far as policy and deadline allow.

Law: a due time is started at most once; of several that were missed only the last one is. A
suspended CronJob is not looked at again until it is changed.

Mirrors: pkg/controller/cronjob/cronjob_controllerv2.go v1.36: looks again 100 ms past the next due
time, Job named `<cronjob>-<minutes since 1970>`, Forbid, Replace, startingDeadlineSeconds, time
zones, history limits, Events, one status PUT a sync. Departs: a run's clock begins at
2026-01-01T00:00:00Z unless `start` says otherwise; Jobs are deleted in the background.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from simk8s.api.objects import ObjectTable, Stored
from simk8s.api.refused import was_refused
from simk8s.api.requests import request
from simk8s.api.watch import Entry, Verb
from simk8s.controllers._cronjob_params import Params, seconds_of
from simk8s.controllers.base import DONE, Context, Controller, Result, Steps, Write
from simk8s.scenario.cron import Schedule, parse
from simk8s.state.cronjobs import CRONJOBS, FORBID, REPLACE, CronJob, CronJobStatus
from simk8s.state.workloads import JOBS, SECOND_US, Job, JobCondition

DELTA_US = 100_000
MANY = 100
AGAIN = Result(failed=True)
Owned = dict[str, Stored[Job]]
Reported = Generator[Sequence[Write], list[Any], CronJobStatus | None]
"""Steps that end with the status to be reported, None where something was refused."""


class CronJobController(Controller):
    """Reconciles keys of CronJobs."""

    name: ClassVar[str] = "cronjob"

    def __init__(self, params: Params, context: Context) -> None:
        self._context = context
        self._epoch_s = seconds_of(params.start)
        self._all: ObjectTable[CronJob] = context.store.objects(CRONJOBS)
        self._jobs: ObjectTable[Job] = context.store.objects(JOBS)
        self._created_us: dict[str, int] = {}
        self._of: dict[str, dict[str, None]] = {}
        """Keys of a CronJob's Jobs, in order of creation."""
        self._owner: dict[str, str] = {}
        self._listening = False
        context.watches.watch(self._all.log, self._hear)
        for key in list(self._all.keys()):
            self._know(key, 0)

    def inherit(self, before: CronJobController, now_us: int) -> None:
        """When each was created can be read; those of the time in between are as if of now."""
        for key in self._created_us:
            self._created_us[key] = before._created_us.get(key, now_us // SECOND_US * SECOND_US)

    # --- what is heard

    def _hear(self, now_us: int, entries: list[Entry]) -> None:
        for at_us, verb, key in entries:
            if verb is Verb.DELETED:
                self._created_us.pop(key, None)
            else:
                self._know(key, at_us)

    def _know(self, key: str, at_us: int) -> None:
        if not self._listening:
            self._listening = True
            self._context.watches.watch(self._jobs.log, self._hear_jobs)
        self._created_us.setdefault(key, at_us // SECOND_US * SECOND_US)
        self._context.queue.add(key)

    def _hear_jobs(self, now_us: int, entries: list[Entry]) -> None:
        for _, verb, name in entries:
            stored = self._jobs.get(name)
            if stored is not None and stored.value.cronjob:
                self._own(name, stored.value.cronjob)
            owner = self._owner.get(name)
            if owner is not None:
                self._context.queue.add(owner)
                if verb is Verb.DELETED and stored is None:
                    del self._owner[name], self._of[owner][name]

    def _own(self, name: str, owner: str) -> None:
        self._owner[name] = owner
        self._of.setdefault(owner, {})[name] = None

    # --- one sync

    def reconcile(self, key: str, now_us: int) -> Result | Steps:
        """What has finished, what is due, what is too old."""
        stored = self._all.get(key)
        return DONE if stored is None else self._sync(key, stored)

    def _sync(self, key: str, stored: Stored[CronJob]) -> Steps:
        wanted, now_us = stored.value, self._context.now_us
        jobs = self._owned(key)
        status = self._seen(key, wanted, jobs)
        schedule = parse(wanted.schedule, wanted.zone)
        good = True
        if not wanted.suspend:
            started = yield from self._start(key, wanted, schedule, status)
            good, status = started is not None, started or status
        yield from self._clean_up(key, wanted, jobs)
        if status != wanted.status:
            (written,) = yield [Write(self._put, (key, status, stored.version))]
            good = good and not was_refused(written)
        if not good:
            return AGAIN
        if wanted.suspend:
            return DONE
        last_us = status.last_schedule_us
        due = schedule.next_after(self._real(self._latest(key, schedule, last_us, now_us)))
        if due is None:
            return DONE
        return Result(requeue_after_us=max(1, self._simulated(due) + DELTA_US - now_us))

    def _owned(self, key: str) -> Owned:
        found = ((name, self._jobs.get(name)) for name in self._of.get(key, ()))
        return {name: stored for name, stored in found if stored is not None}

    def _seen(self, key: str, wanted: CronJob, jobs: Owned) -> CronJobStatus:
        """Without Jobs that have finished or are gone; the last success."""
        active, success = [], wanted.status.last_success_us
        for name in wanted.status.active:
            job = jobs.get(name) or self._jobs.get(name)
            if job is None or job.value.status.condition.final:
                self._tell(key)
            else:
                active.append(name)
        for job in jobs.values():
            status = job.value.status
            if status.condition is JobCondition.COMPLETE and status.finished_us is not None:
                success = max(success or 0, status.finished_us)
        return replace(wanted.status, active=tuple(active), last_success_us=success)

    def _start(
        self, key: str, wanted: CronJob, schedule: Schedule, seen: CronJobStatus
    ) -> Reported:
        """Start the last due time that was not started yet, if it may be."""
        due = self._due(key, wanted, schedule)
        if due is None:
            return seen
        due_us = self._simulated(due)
        name = f"{key}-{due // 60}"
        if name in seen.active or seen.last_schedule_us == due_us:
            return seen
        if wanted.policy == FORBID and seen.active:
            self._tell(key)
            return seen
        if wanted.policy == REPLACE and seen.active:
            yield [Write(self._jobs.delete, (active,)) for active in seen.active]
            seen = replace(seen, active=())
        made = wanted.make(f"Job/{name.partition('/')[2]}", wanted.job.get("template") or {})
        (stored,) = yield [Write(self._jobs.create, (name, Job.of(wanted.job, made, key)))]
        self._tell(key)
        if was_refused(stored) and self._jobs.get(name) is None:
            return None
        self._own(name, key)
        return replace(seen, active=(*seen.active, name), last_schedule_us=due_us)

    def _due(self, key: str, wanted: CronJob, schedule: Schedule) -> int | None:
        """The last due time since the last start, unless it is too late for it."""
        now = self._real(self._context.now_us)
        since = self._real(wanted.status.last_schedule_us or self._created_us[key])
        if wanted.deadline_s is not None:
            since = max(since, now - wanted.deadline_s - 1)
        due = schedule.latest(since, now)
        late = wanted.deadline_s is not None and due is not None
        if late and due is not None and due + (wanted.deadline_s or 0) < now:
            self._tell(key)
            return None
        return due

    def _latest(self, key: str, schedule: Schedule, last_us: int | None, now_us: int) -> int:
        """From where the next due time is counted: the last one that has come."""
        since_us = self._created_us.get(key, 0) if last_us is None else last_us
        found = schedule.latest(self._real(since_us), self._real(now_us))
        return since_us if found is None else self._simulated(found)

    def _clean_up(
        self, key: str, wanted: CronJob, jobs: Owned
    ) -> Generator[Sequence[Write], list[Any], None]:
        """Delete the oldest finished Jobs beyond the history limits."""
        limits = {
            JobCondition.COMPLETE: wanted.keep_succeeded,
            JobCondition.FAILED: wanted.keep_failed,
        }
        for condition, limit in limits.items():
            done = [name for name, job in jobs.items() if job.value.status.condition is condition]
            done.sort(key=lambda name: (jobs[name].value.status.start_us or 0, name))
            for name in done[: max(0, len(done) - limit)]:
                yield [Write(self._jobs.delete, (name,))]
                self._tell(key)

    @request("PUT", "cronjobs/status")
    def _put(self, key: str, status: CronJobStatus, version: int) -> bool:
        stored = self._all.get(key)
        if stored is None:
            return False
        return self._all.update(key, replace(stored.value, status=status), version)

    # --- clocks

    def _real(self, t_us: int) -> int:
        """Seconds since 1970."""
        return self._epoch_s + t_us // SECOND_US

    def _simulated(self, t_s: int) -> int:
        return (t_s - self._epoch_s) * SECOND_US

    def _tell(self, key: str) -> None:
        context = self._context
        context.events.note(context.now_us, ("CronJob", key))
