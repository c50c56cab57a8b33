"""The Job controller: runs pods until enough of them have succeeded, or too many failed.

Law: every pod that has ended is counted once. Pod events of one second are one sync; after the
n-th failure in a row, new pods wait 10 s · 2^(n−1), at most 10 min, from that failure's second.

Mirrors: pkg/controller/job v1.36 (NonIndexed, podReplacementPolicy TerminatingOrFailed): status,
a finalizer PATCH for each ended pod, status again; a pod that is deleted before it ends has
failed; FailureTarget and SuccessCriteriaMet first, the final condition when nothing terminates
any more; pods that cannot be created are tried again with backoff. Departs: finalizers cost calls
and hold nothing back; no pod failure policy, deadline, suspension, or TTL.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from simk8s.api.objects import ObjectTable
from simk8s.api.requests import POST_EVENT, request
from simk8s.api.watch import Entry, Verb
from simk8s.controllers import _owned as owned
from simk8s.controllers._flags import Params
from simk8s.controllers._owned import BURST, Change
from simk8s.controllers.base import DONE, Context, Controller, Result, Steps, Write
from simk8s.state.workloads import JOBS, Job, JobCondition, JobStatus

SECOND_US = 1_000_000
SYNC_BATCH_US = SECOND_US
BACKOFF_US, MAX_BACKOFF_US = 10 * SECOND_US, 600 * SECOND_US


class _JobPods(owned.OwnedPods):
    """A Job's pods, those that ended since the last sync, and its failures in a row."""

    __slots__ = ("failed", "last_failure_us", "spared", "streak", "succeeded")

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.succeeded: list[int] = []
        self.failed: list[int] = []
        self.streak = 0
        self.last_failure_us = 0
        self.spared: dict[int, None] = {}
        """Deleted because there were too many, which is no failure."""

    def take(self) -> tuple[int, int]:
        """Ends not counted yet, (succeeded, failed), at most 500; updates the failures in a row."""
        good = sorted(self.succeeded)
        bad = sorted(self.failed)
        good, self.succeeded = good[:BURST], good[BURST:]
        room = BURST - len(good)
        bad, self.failed = bad[:room], bad[room:]
        if good:
            self.streak = 0
        late = [end for end in bad if not good or end > good[-1]]
        if late:
            self.streak += len(late)
            self.last_failure_us = late[-1]
        return len(good), len(bad)

    def was_spared(self, pod: int) -> bool:
        """Whether a pod that left was one too many."""
        found = pod in self.spared
        self.spared.pop(pod, None)
        return found

    def backoff_left_us(self, now_us: int) -> int:
        """How long new pods still have to wait."""
        if not self.streak:
            return 0
        backoff_us = min(BACKOFF_US << min(self.streak - 1, 16), MAX_BACKOFF_US)
        return max(0, self.last_failure_us + backoff_us - now_us)


_FINAL = {
    JobCondition.FAILURE_TARGET: JobCondition.FAILED,
    JobCondition.SUCCESS_CRITERIA_MET: JobCondition.COMPLETE,
}


@request("PATCH", "pods")
def _remove_finalizer() -> bool:
    """PATCH of an ended pod."""
    return True


class JobController(Controller):
    """Reconciles keys of Jobs."""

    name: ClassVar[str] = "job"

    def __init__(self, params: Params, context: Context) -> None:
        self._context = context
        self._store = context.store
        self._jobs: ObjectTable[Job] = context.store.objects(JOBS)
        self._by_owner: dict[int, _JobPods] = {}
        self._control = owned.PodControl(context, "Job")
        context.watches.watch(self._jobs.log, self._hear_jobs)
        for key in list(self._jobs.keys()):
            self._know(key)

    def _hear_jobs(self, now_us: int, entries: list[Entry]) -> None:
        for _, verb, key in entries:
            if verb is Verb.ADDED:
                self._know(key)
            elif verb is Verb.UPDATED:
                self._context.queue.add_after(key, SYNC_BATCH_US)

    def _know(self, key: str) -> None:
        stored = self._jobs.get(key)
        if stored is None:
            return
        if not self._by_owner:
            watches = self._context.watches
            watches.watch(self._store.pods, self._hear_pods, owned.POD_VERBS)
        self._by_owner[stored.value.pods.owner] = _JobPods(key)
        self._context.queue.add(key)

    def _hear_pods(self, now_us: int, entries: list[Entry]) -> None:
        table, mine = self._store.cluster.pods, self._by_owner
        owners, phases, readies = table.owner, table.phase, table.ready
        for at_us, verb, pod in entries:
            pods = mine.get(owners[pod])
            if pods is None:
                continue
            change = pods.hear(verb, pod, phases[pod], bool(readies[pod]))
            if change is Change.SUCCEEDED:
                pods.succeeded.append(owned.whole_second(table.finished_us[pod]))
            elif change is Change.FAILED:
                pods.failed.append(owned.whole_second(table.finished_us[pod]))
            elif change is Change.LEFT and not pods.was_spared(pod):
                pods.failed.append(owned.whole_second(at_us))
            if change:
                self._context.queue.add_after(pods.key, SYNC_BATCH_US)

    def reconcile(self, key: str, now_us: int) -> Result | Steps:
        """Count what ended, create or delete what is too few or too many, report."""
        stored = self._jobs.get(key)
        if stored is None or stored.value.status.condition.final:
            return DONE
        return self._sync(key, stored.value, now_us)

    def _sync(self, key: str, job: Job, now_us: int) -> Steps:
        pods, old = self._by_owner[job.pods.owner], job.status
        pods.failure = ""
        good, bad = pods.take()
        status = replace(
            old,
            succeeded=old.succeeded + good,
            failed=old.failed + bad,
            start_us=now_us if old.start_us is None else old.start_us,
        )
        if status.condition is JobCondition.ACTIVE and self._too_many_failures(job, status, pods):
            status = replace(status, condition=JobCondition.FAILURE_TARGET)
        active, wait_us = yield from self._manage(job, status, pods)
        if status.condition is JobCondition.ACTIVE and not active and _complete(job, status):
            status = replace(status, condition=JobCondition.SUCCESS_CRITERIA_MET)
        status = replace(status, active=active, ready=pods.ready, terminating=len(pods.terminating))
        yield from self._report(key, old, status, good + bad, pods)
        if pods.succeeded or pods.failed:
            wait_us = 0
        if pods.failure:
            self._context.client.note(POST_EVENT)  # FailedCreate
            return Result(failed=True)
        return Result(requeue_after_us=wait_us)

    def _too_many_failures(self, job: Job, status: JobStatus, pods: _JobPods) -> bool:
        if status.failed > job.backoff_limit:
            return True
        if job.pods.template.restart_policy != "OnFailure":
            return False
        restarts = sum(self._store.cluster.pods.restarts[pod] for pod in pods.active)
        return restarts >= max(job.backoff_limit, 1)

    def _manage(
        self, job: Job, status: JobStatus, pods: _JobPods
    ) -> Generator[Sequence[Write], list[Any], tuple[int, int | None]]:
        """How many pods are active in the end, and how long to wait before there may be more."""
        active = len(pods.active)
        if status.condition is not JobCondition.ACTIVE:
            victims = [pod for pod in pods.active if pod not in pods.deleting]
            yield from owned.delete(pods, victims, self._control.delete(pods.key))
            return 0, None
        if not pods.settled:
            return active, None
        wanted = _wanted(job, status.succeeded, active)
        if active > wanted:
            count, table = min(active - wanted, BURST), self._store.cluster.pods
            victims = owned.cheapest(pods, count, table, self._context.now_us)
            pods.spared.update(dict.fromkeys(victims))
            yield from owned.delete(pods, victims, self._control.delete(pods.key))
            return active - count, None
        if active == wanted:
            return active, None
        wait_us = pods.backoff_left_us(self._context.now_us)
        if wait_us:
            return active, wait_us
        rows = pods.rows(job.pods, min(wanted - active, BURST))
        made = yield from owned.create(pods, rows, self._control.create(pods.key))
        return active + made, None

    def _report(
        self, key: str, old: JobStatus, status: JobStatus, ended: int, pods: _JobPods
    ) -> Generator[Sequence[Write], list[Any], None]:
        """Status with what is not counted yet; finalizers; status with the counts."""
        first = replace(status, uncounted=ended, succeeded=old.succeeded, failed=old.failed)
        last = replace(status, uncounted=0)
        final = _FINAL.get(status.condition)
        if final is not None and not pods.active and not pods.terminating:
            last = replace(last, condition=final, finished_us=self._context.now_us)
        if first != old:
            yield [Write(self._put, (key, first))]
        if ended:
            yield [Write(_remove_finalizer)] * ended
        if last != first:
            yield [Write(self._put, (key, last))]

    @request("PUT", "jobs/status")
    def _put(self, key: str, status: JobStatus) -> bool:
        stored = self._jobs.get(key)
        if stored is None:
            return False
        return self._jobs.update(key, replace(stored.value, status=status), stored.version)


def _wanted(job: Job, succeeded: int, active: int) -> int:
    """How many pods should be active; a work queue starts none once one has succeeded."""
    if job.completions is None:
        return active if succeeded else job.parallelism
    return min(job.completions - succeeded, job.parallelism)


def _complete(job: Job, status: JobStatus) -> bool:
    if job.completions is None:
        return status.succeeded > 0
    return status.succeeded >= job.completions
