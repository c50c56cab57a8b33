"""What is known of one Job's pods: which have ended and are not counted yet, indexes, backoff.

Law: every pod that has ended is counted once. After the n-th failure in a row (of an index, where
it has a limit of its own) new pods wait 10 s · 2^(n−1), at most 10 min, from that failure's second.

Mirrors: pkg/controller/job backoff_utils.go, indexed_job_utils.go, v1.36.
"""

from __future__ import annotations

from typing import NamedTuple

from simk8s.controllers._owned import BURST, OwnedPods
from simk8s.state.jobrules import Action
from simk8s.state.pods import Phase
from simk8s.state.workloads import SECOND_US, Job

BACKOFF_US, MAX_BACKOFF_US = 10 * SECOND_US, 600 * SECOND_US


class End(NamedTuple):
    """A pod that has ended, in its whole second."""

    second_us: int
    pod: int
    action: Action = Action.COUNT


class Streak:
    """Failures in a row."""

    __slots__ = ("last_us", "length")

    def __init__(self) -> None:
        self.length = 0
        self.last_us = 0

    def note(self, failures: list[int]) -> None:
        """More of them, in order."""
        if failures:
            self.length += len(failures)
            self.last_us = failures[-1]

    def left_us(self, now_us: int) -> int:
        """How long new pods still have to wait."""
        if not self.length:
            return 0
        backoff_us = min(BACKOFF_US << min(self.length - 1, 16), MAX_BACKOFF_US)
        return max(0, self.last_us + backoff_us - now_us)


class JobPods(OwnedPods):
    """A Job's pods, those that ended since the last sync, and its failures in a row."""

    __slots__ = ("failed", "failures", "index", "lost", "own", "spared", "streak", "succeeded")

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.succeeded: list[End] = []
        self.failed: list[End] = []
        self.streak = Streak()
        self.spared: dict[int, None] = {}
        """Deleted because there were too many, which is no failure."""
        self.lost: dict[int, None] = {}
        """Being deleted; they have failed once they are gone."""
        self.index: dict[int, int] = {}
        """Completion index of each pod of an Indexed Job."""
        self.own: dict[int, Streak] = {}
        """Failures in a row by index."""
        self.failures: dict[int, int] = {}
        """All failures by index."""

    def take(self) -> tuple[list[End], list[End]]:
        """Ends not counted yet, (succeeded, failed), at most 500; updates the failures in a row."""
        good, bad = sorted(self.succeeded), sorted(self.failed)
        good, self.succeeded = good[:BURST], good[BURST:]
        room = BURST - len(good)
        bad, self.failed = bad[:room], bad[room:]
        if good:
            self.streak.length = 0
        counted = [end.second_us for end in bad if end.action is not Action.IGNORE]
        self.streak.note([t for t in counted if not good or t > good[-1].second_us])
        for end in bad:
            index = self.index.get(end.pod)
            if index is not None and end.action is not Action.IGNORE:
                self.failures[index] = self.failures.get(index, 0) + 1
                self.own.setdefault(index, Streak()).note([end.second_us])
        return good, bad

    def recall(self, pod: int, second_us: int, phase: int) -> None:
        """A pod has ended and was counted by another instance: only its index may remember."""
        index = self.index.get(pod)
        if index is not None and phase == Phase.FAILED:
            self.failures[index] = self.failures.get(index, 0) + 1
            self.own.setdefault(index, Streak()).note([second_us])

    def was_spared(self, pod: int) -> bool:
        """Whether a pod that left was one too many."""
        found = pod in self.spared
        self.spared.pop(pod, None)
        return found

    def pending(self, job: Job, done: set[int], now_us: int) -> tuple[list[int], int | None]:
        """Indexes that want a pod and may have one now, the lowest first; how long the next one
        has to wait (per-index backoff only).
        """
        assert job.completions is not None, "an Indexed Job has completions"
        held = [*self.active, *(self.terminating if job.replaces_ended_only else ())]
        busy = {self.index[pod] for pod in held if pod in self.index}
        free = [n for n in range(job.completions) if n not in busy and n not in done]
        if job.per_index_limit is None:
            return free, None
        waits = {n: self.own[n].left_us(now_us) for n in free if n in self.own}
        later = [wait for wait in waits.values() if wait]
        return [n for n in free if not waits.get(n)], min(later, default=None)
