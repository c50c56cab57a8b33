"""Kueue's performance test as a model: its queues and its scheduler, without nodes or pods.

Admission is the code of the strategy `quota_queues`. Around it, as in Kueue and in the runner of
its test (test/performance/scheduler, v0.18):

* Workloads of each class come at fixed intervals to every ClusterQueue.
* A cycle looks at one head of each queue. What it admits holds its quota at once and is told to
  the API by itself; heads that are not admitted are told so one after the other, and those that
  are evicted too, before the next cycle starts.
* All that is written goes through one client, which is what is slow: a write every `write_us`, and
  BURST at once after a rest. This is the one service time that is calibrated.
* Admitted workloads end after their run time (counted from when the API says that they are
  admitted), evicted ones leave when their eviction is written; a second after quota was freed in
  a cohort, all that step aside there are tried again (requeueBatchPeriod).

Departs: status of ClusterQueues and LocalQueues shares the client in the original and is in the
calibrated time here; the scheduler's own computing, the runner and the API take no time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import NamedTuple

from simk8s.strategies._queues.admission import Admission
from simk8s.strategies._queues.cycle import Entry
from simk8s.strategies._queues.pending import Why
from simk8s.strategies._queues.quota import Quota, QuotaNode
from simk8s.strategies._queues.workload import ClusterQueue, Policy, Preemption, Workload

MS = 1_000
BATCH_US = 1_000 * MS
BURST = 100
CPU = "cpu"


class Class(NamedTuple):
    """Workloads alike, of one set."""

    name: str
    count: int
    every_ms: int
    runtime_ms: int
    priority: int
    request: int


class Shape(NamedTuple):
    """What the generator makes."""

    cohorts: int
    queues: int
    nominal: int
    borrowing: int
    reclaim: str
    within: str
    classes: tuple[Class, ...]

    @property
    def workloads(self) -> int:
        """How many in all."""
        return self.cohorts * self.queues * sum(one.count for one in self.classes)


@dataclass(slots=True)
class Outcome:
    """What a run was like; times to admission by class, seconds."""

    wall_s: float = 0.0
    usage: float = 0.0
    """Mean use of the nominal quota, 1 = all of it."""
    admission_s: dict[str, float] = field(default_factory=dict)
    cycles: int = 0
    writes: int = 0
    evictions: int = 0


class _Writer:
    """A token bucket: a write every `write_us`, and BURST at once after a rest."""

    def __init__(self, write_us: int) -> None:
        self._write_us, self._free_us = write_us, -BURST * write_us
        self.count = 0

    def done_us(self, now_us: int) -> int:
        """When a write that is asked for now is through."""
        self.count += 1
        rested_us = now_us - BURST * self._write_us
        self._free_us = max(self._free_us, rested_us) + self._write_us
        return max(self._free_us, now_us)


class Model:
    """One run of the test."""

    def __init__(self, shape: Shape, write_us: int, *, hashing: bool = True) -> None:
        self._shape, self._writer = shape, _Writer(write_us)
        self._admission = Admission(_queues(shape), hashing=hashing)
        self._events: list[tuple[int, int, str, object]] = []
        self._number = 0
        self._class: dict[int, Class] = {}
        self._first_us: dict[int, int] = {}
        self._admitted_us: dict[int, int] = {}
        self._epoch: dict[int, int] = defaultdict(int)
        self._due: dict[str, bool] = {}
        """Cohorts that are to be tried again soon."""
        self._busy_until_us = 0
        self._used_us = 0
        self._changed_us = 0
        self._in_use = 0
        self._outcome = Outcome()

    def _at(self, when_us: int, what: str, about: object) -> None:
        self._number += 1
        heappush(self._events, (when_us, self._number, what, about))

    def run(self) -> Outcome:
        """From the first workload to the end of the last."""
        for when_us, workload, kind in _arrivals(self._shape, self._admission):
            self._class[workload.number] = kind
            self._at(when_us, "arrive", workload)
        now_us = 0
        while self._events:
            now_us = self._events[0][0]
            while self._events and self._events[0][0] == now_us:
                _, _, what, about = heappop(self._events)
                getattr(self, f"_{what}")(now_us, about)
            if now_us >= self._busy_until_us and self._admission.ready:
                self._cycle(now_us)
        return self._summary(now_us)

    # --- what happens

    def _arrive(self, now_us: int, workload: Workload) -> None:
        self._first_us[workload.number] = now_us
        self._admission.submit(workload)

    def _cycle(self, now_us: int) -> None:
        self._outcome.cycles += 1
        entries = self._admission.cycle(now_us)
        until_us = now_us
        for entry in entries:
            if entry.why is None:
                self._use(now_us, self._request(entry.workload))
                told_us = self._writer.done_us(now_us)
                self._at(told_us, "admitted", (entry.workload, self._epoch[entry.workload.number]))
                continue
            if entry.why is Why.PREEMPTING:
                for one in entry.targets:
                    if not one.evicted:
                        one.evicted = True
                        until_us = self._writer.done_us(until_us)
                        self._at(until_us, "evicted", one)
            until_us = self._writer.done_us(until_us)
        self._busy_until_us = max(until_us, now_us + 1)
        self._at(self._busy_until_us, "over", entries)

    def _over(self, now_us: int, entries: list[Entry]) -> None:
        self._admission.settle(entries)

    def _admitted(self, now_us: int, about: tuple[Workload, int]) -> None:
        workload, epoch = about
        if self._epoch[workload.number] == epoch:
            self._admitted_us[workload.number] = now_us
            runtime_us = self._class[workload.number].runtime_ms * MS
            self._at(now_us + runtime_us, "ended", about)

    def _ended(self, now_us: int, about: tuple[Workload, int]) -> None:
        workload, epoch = about
        if self._epoch[workload.number] == epoch:
            self._release(now_us, workload)

    def _evicted(self, now_us: int, workload: Workload) -> None:
        if workload.used is None:
            return  # it had ended by then
        self._outcome.evictions += 1
        self._release(now_us, workload)
        self._admission.submit(workload)

    def _release(self, now_us: int, workload: Workload) -> None:
        self._epoch[workload.number] += 1
        self._use(now_us, -self._request(workload))
        self._admission.release(workload)
        tree = workload.queue.root.name
        if tree not in self._due:
            self._due[tree] = True
            self._at(now_us + BATCH_US, "retry", workload.queue)

    def _retry(self, now_us: int, queue: ClusterQueue) -> None:
        self._due.pop(queue.root.name)
        self._admission.freed(queue)

    # --- what is measured

    def _request(self, workload: Workload) -> int:
        return workload.options[0][CPU]

    def _use(self, now_us: int, change: int) -> None:
        self._used_us += self._in_use * (now_us - self._changed_us)
        self._changed_us = now_us
        self._in_use += change

    def _summary(self, now_us: int) -> Outcome:
        shape, found = self._shape, self._outcome
        ended_us = self._changed_us
        nominal = shape.cohorts * shape.queues * shape.nominal
        found.wall_s, found.usage = ended_us / 1e6, self._used_us / (nominal * ended_us)
        found.writes = self._writer.count
        waits: dict[str, list[int]] = defaultdict(list)
        for number, admitted_us in self._admitted_us.items():
            waits[self._class[number].name].append(admitted_us - self._first_us[number])
        found.admission_s = {name: sum(w) / len(w) / 1e6 for name, w in waits.items()}
        return found


def _queues(shape: Shape) -> Iterator[ClusterQueue]:
    rules = Preemption(within=Policy(shape.within), reclaim=Policy(shape.reclaim))
    for c in range(shape.cohorts):
        cohort = QuotaNode(f"cohort-{c}", {})
        for q in range(shape.queues):
            quota = Quota(shape.nominal, borrowing_limit=shape.borrowing)
            yield ClusterQueue(f"cq-{q}-cohort-{c}", {CPU: quota}, cohort, preemption=rules)


def _arrivals(shape: Shape, admission: Admission) -> Iterator[tuple[int, Workload, Class]]:
    number = 0
    for queue in admission.queues.values():
        for kind in shape.classes:
            for k in range(kind.count):
                when_us = (k + 1) * kind.every_ms * MS
                number += 1
                yield (
                    when_us,
                    Workload(
                        number, queue, kind.priority, when_us, ({CPU: kind.request},), kind.name
                    ),
                    kind,
                )
