"""The Job controller: runs pods until enough of them have succeeded, or too many failed.

Law: every pod that has ended is counted once. Pod events of one second are one sync. An index has
one pod at a time, and the lowest that are missing come first. A suspended Job has no pods.

Mirrors: pkg/controller/job v1.36: NonIndexed and Indexed, backoff (see _jobs.py), backoffLimit,
backoffLimitPerIndex, maxFailedIndexes, activeDeadlineSeconds, podFailurePolicy, successPolicy,
podReplacementPolicy, suspend; status, a finalizer PATCH for each ended pod, status again; a pod
that is deleted before it ends has failed; FailureTarget and SuccessCriteriaMet first, the final
condition when nothing terminates any more; pods that cannot be created are tried again with
backoff. Departs: finalizers cost calls and hold nothing back; manualSelector is ignored, since
pods belong to their Job by number.
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
from simk8s.controllers._jobs import End, JobPods
from simk8s.controllers._owned import BURST, Change
from simk8s.controllers.base import DONE, Context, Controller, Result, Steps, Write
from simk8s.scenario.annotations import PREFIX
from simk8s.state.jobrules import Action, judge
from simk8s.state.pods import Loss, Phase
from simk8s.state.workloads import JOBS, Job, JobCondition, JobStatus

SECOND_US = 1_000_000
SYNC_BATCH_US = SECOND_US
Managed = Generator[Sequence[Write], list[Any], tuple[int, int | None]]
"""Steps that say how many pods are active in the end, and how long to wait for more."""

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
        self._by_owner: dict[int, JobPods] = {}
        self._job_of: dict[int, Job] = {}
        """As last heard of, by owner number."""
        self._control = owned.PodControl(context, "Job")
        context.watches.watch(self._jobs.log, self._hear_jobs)
        for key in list(self._jobs.keys()):
            self._know(key)

    # --- what is heard

    def _hear_jobs(self, now_us: int, entries: list[Entry]) -> None:
        for _, verb, key in entries:
            if verb is Verb.ADDED:
                self._know(key)
            elif verb is Verb.UPDATED and (stored := self._jobs.get(key)) is not None:
                owner, value = stored.value.pods.owner, stored.value
                before = self._job_of.get(owner)
                self._job_of[owner] = value
                if before is not None and before.generation != value.generation:
                    self._context.queue.add(key)
                else:
                    self._context.queue.add_after(key, SYNC_BATCH_US)

    def _know(self, key: str) -> None:
        stored = self._jobs.get(key)
        if stored is None:
            return
        if not self._by_owner:
            watches = self._context.watches
            watches.watch(self._store.pods, self._hear_pods, owned.POD_VERBS)
        owner = stored.value.pods.owner
        self._by_owner.setdefault(owner, JobPods(key))
        self._job_of[owner] = stored.value
        self._context.queue.add(key)

    def _hear_pods(self, now_us: int, entries: list[Entry]) -> None:
        table, mine = self._store.cluster.pods, self._by_owner
        owners, phases, readies = table.owner, table.phase, table.ready
        for at_us, verb, pod in entries:
            pods = mine.get(owners[pod])
            if pods is None:
                continue
            if verb is Verb.ADDED and self._job_of[owners[pod]].indexed:
                pods.index.setdefault(pod, _index_of(table.names.get(pod, "")))
            change = pods.hear(verb, pod, phases[pod], bool(readies[pod]))
            if change > Change.COUNTED and pod in table.counted:  # by an instance before this one
                pods.recall(pod, owned.whole_second(table.finished_us[pod]), phases[pod])
                continue
            if change is Change.SUCCEEDED:
                pods.succeeded.append(End(owned.whole_second(table.finished_us[pod]), pod))
            elif change is Change.FAILED:
                self._failed(pods, pod, table.finished_us[pod])
            elif change is Change.LEFT and pods.was_spared(pod):
                table.counted.add(pod)
            elif change is Change.LEFT:
                if verb is Verb.DELETING and self._job_of[owners[pod]].replaces_ended_only:
                    pods.lost[pod] = None
                else:
                    self._failed(pods, pod, at_us)
            elif pod in pods.lost and verb in (Verb.DELETED, Verb.ENDED):
                del pods.lost[pod]
                self._ended(pods, pod, at_us)
            if change:
                self._context.queue.add_after(pods.key, SYNC_BATCH_US)

    def _ended(self, pods: JobPods, pod: int, at_us: int) -> None:
        """A pod that was being deleted is gone, or has ended after all."""
        if self._store.cluster.pods.phase[pod] == Phase.SUCCEEDED:
            pods.succeeded.append(End(owned.whole_second(at_us), pod))
        else:
            self._failed(pods, pod, at_us)

    def _failed(self, pods: JobPods, pod: int, at_us: int) -> None:
        job = self._job_of[self._store.cluster.pods.owner[pod]]
        action = Action.COUNT
        if job.failure_rules:
            notes = job.pods.template.annotations
            told = int(notes.get(f"{PREFIX}exit-code", 0)) or 1
            code = self._store.cluster.pods.exit_codes.get(pod, told)
            disrupted = self._store.cluster.pods.loss[pod] != Loss.NONE
            action = judge(job.failure_rules, code, disrupted)
        pods.failed.append(End(owned.whole_second(at_us), pod, action))

    # --- one sync

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
        status = _counted(job, old, good, bad, pods)
        start_us = None if job.suspend else now_us if old.start_us is None else old.start_us
        if status.start_us != start_us or status.suspended != job.suspend:
            status = replace(status, start_us=start_us, suspended=job.suspend)
        if status.condition is JobCondition.ACTIVE:
            reason = self._failure(job, status, pods, bad)
            if reason:
                status = replace(status, condition=JobCondition.FAILURE_TARGET, reason=reason)
            elif any(rule.met(status.completed_indexes) for rule in job.success_rules):
                met = JobCondition.SUCCESS_CRITERIA_MET
                status = replace(status, condition=met, reason="SuccessPolicy")
        active, wait_us = yield from self._manage(job, status, pods)
        if status.condition is JobCondition.ACTIVE and not active and not job.suspend:
            status = _finished(job, status)
        status = replace(status, active=active, ready=pods.ready, terminating=len(pods.terminating))
        yield from self._report(key, old, status, [end.pod for end in (*good, *bad)], pods)
        if pods.succeeded or pods.failed:
            wait_us = 0
        if pods.failure:
            self._context.client.note(POST_EVENT)  # FailedCreate
            return Result(failed=True)
        return Result(requeue_after_us=self._earlier(job, status, wait_us))

    def _earlier(self, job: Job, status: JobStatus, wait_us: int | None) -> int | None:
        """Or when the deadline has passed, if that is sooner."""
        left_us = None if status.condition else self._left_us(job, status)
        if left_us is None:
            return wait_us
        return max(1, left_us) if wait_us is None else min(wait_us, max(1, left_us))

    def _left_us(self, job: Job, status: JobStatus) -> int | None:
        """How long until activeDeadlineSeconds have passed; None without a deadline."""
        if job.deadline_us is None or status.start_us is None:
            return None
        start_us = owned.whole_second(status.start_us)
        return start_us + job.deadline_us - self._context.now_us

    def _failure(self, job: Job, status: JobStatus, pods: JobPods, bad: list[End]) -> str:
        """Why the Job is to fail, empty for no reason."""
        if any(end.action is Action.FAIL_JOB for end in bad):
            return "PodFailurePolicy"
        if self._too_many_failures(job, status, pods):
            return "BackoffLimitExceeded"
        left_us = self._left_us(job, status)
        if left_us is not None and left_us <= 0:
            return "DeadlineExceeded"
        most = job.max_failed_indexes
        if most is not None and len(status.failed_indexes) > most:
            return "MaxFailedIndexesExceeded"
        return ""

    def _too_many_failures(self, job: Job, status: JobStatus, pods: JobPods) -> bool:
        if status.failed > job.backoff_limit:
            return True
        if job.pods.template.restart_policy != "OnFailure":
            return False
        restarts = sum(self._store.cluster.pods.restarts[pod] for pod in pods.active)
        return restarts >= max(job.backoff_limit, 1)

    def _manage(self, job: Job, status: JobStatus, pods: JobPods) -> Managed:
        """How many pods are active in the end, and how long to wait before there may be more."""
        active = len(pods.active)
        if status.condition is not JobCondition.ACTIVE or job.suspend:
            victims = [pod for pod in pods.active if pod not in pods.deleting]
            if job.suspend or status.condition is JobCondition.SUCCESS_CRITERIA_MET:
                pods.spared.update(dict.fromkeys(victims))
            yield from owned.delete(pods, victims, self._control.delete(pods.key))
            return 0, None
        if not pods.settled:
            return active, None
        held = active + (len(pods.terminating) if job.replaces_ended_only else 0)
        wanted = _wanted(job, status, active)
        if active > wanted:
            count, table = min(active - wanted, BURST), self._store.cluster.pods
            victims = owned.cheapest(pods, count, table, self._context.now_us)
            pods.spared.update(dict.fromkeys(victims))
            yield from owned.delete(pods, victims, self._control.delete(pods.key))
            return active - count, None
        if held >= wanted:
            return active, None
        return (yield from self._grow(job, status, pods, min(wanted - held, BURST)))

    def _grow(self, job: Job, status: JobStatus, pods: JobPods, count: int) -> Managed:
        """Create pods, unless they have to wait."""
        active, now_us = len(pods.active), self._context.now_us
        indexes: list[int] = []
        wait_us: int | None = None
        if job.per_index_limit is None:
            wait_us = pods.streak.left_us(now_us)
            if wait_us:
                return active, wait_us
            wait_us = None
        if job.indexed:
            done = {*status.completed_indexes, *status.failed_indexes}
            indexes, wait_us = pods.pending(job, done, now_us)
            count = min(count, len(indexes))
        rows = pods.rows(job.pods, count)
        self._name(job, pods, rows, indexes)
        made = yield from owned.create(pods, rows, self._control.create(pods.key))
        return active + made, wait_us

    def _name(self, job: Job, pods: JobPods, rows: Sequence[int], indexes: list[int]) -> None:
        """Pods of an Indexed Job are named after their index: `<job>-<index>-<k-th pod>`."""
        if job.indexed:
            table, name = self._store.cluster.pods, str(pods.key).partition("/")[2]
            for row, index in zip(rows, indexes, strict=False):
                pods.index[row] = index
                table.names[row] = f"{name}-{index}-{table.ordinal[row]}"

    def _report(
        self, key: str, old: JobStatus, status: JobStatus, ended: list[int], pods: JobPods
    ) -> Generator[Sequence[Write], list[Any], None]:
        """Status with what is not counted yet; finalizers; status with the counts."""
        first = replace(
            status,
            uncounted=len(ended),
            succeeded=old.succeeded,
            failed=old.failed,
            completed_indexes=old.completed_indexes,
            failed_indexes=old.failed_indexes,
        )
        last = replace(status, uncounted=0) if status.uncounted else status
        final = _FINAL.get(status.condition)
        if final is not None and not pods.active and not pods.terminating:
            last = replace(last, condition=final, finished_us=self._context.now_us)
        if first != old:
            yield [Write(self._put, (key, first))]
        if ended:
            yield [Write(_remove_finalizer)] * len(ended)
        if last != first:
            yield [Write(self._put, (key, last, ended))]

    @request("PUT", "jobs/status")
    def _put(self, key: str, status: JobStatus, counted: Sequence[int] = ()) -> bool:
        stored = self._jobs.get(key)
        if stored is None:
            return False
        self._store.cluster.pods.counted.update(counted)
        return self._jobs.update(key, replace(stored.value, status=status), stored.version)


def _index_of(name: str) -> int:
    """The index in the name of a pod that was adopted: `<job>-<index>-<letters>`."""
    index = name.rpartition("-")[0].rpartition("-")[2]
    return int(index) if index.isdecimal() else 0


def _counted(job: Job, old: JobStatus, good: list[End], bad: list[End], pods: JobPods) -> JobStatus:
    """The status with more pods ended."""
    failed = old.failed + sum(end.action is not Action.IGNORE for end in bad)
    if not job.indexed:
        return replace(old, succeeded=old.succeeded + len(good), failed=failed)
    done = {*old.completed_indexes, *(pods.index[end.pod] for end in good)}
    lost = set(old.failed_indexes)
    if job.per_index_limit is not None:
        for end in bad:
            index = pods.index[end.pod]
            over = pods.failures.get(index, 0) > job.per_index_limit
            if over or end.action is Action.FAIL_INDEX:
                lost.add(index)
    return replace(
        old,
        succeeded=len(done),
        failed=failed,
        completed_indexes=tuple(sorted(done)),
        failed_indexes=tuple(sorted(lost - done)),
    )


def _wanted(job: Job, status: JobStatus, active: int) -> int:
    """How many pods should be active; a work queue starts none once one has succeeded."""
    if job.completions is None:
        return active if status.succeeded else job.parallelism
    left = job.completions - status.succeeded - len(status.failed_indexes)
    return min(left, job.parallelism)


def _finished(job: Job, status: JobStatus) -> JobStatus:
    """The status of a Job that nothing runs of: done, failed, or going on."""
    if job.completions is None:
        done = status.succeeded > 0
    else:
        done = status.succeeded + len(status.failed_indexes) >= job.completions
    if done and status.failed_indexes:
        failing = JobCondition.FAILURE_TARGET
        return replace(status, condition=failing, reason="FailedIndexes")
    return replace(status, condition=JobCondition.SUCCESS_CRITERIA_MET) if done else status
