"""Jobs as a strategy of gangs knows them: pods that start together, with an estimate of how long.

Law: a pod is in one job for ever. A job is whole once as many of its pods are known as its
annotation `simk8s.io/gang-size` says (1 for a pod without a `schedulingGroup`).
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from dataclasses import dataclass, field

from numpy.random import Generator

from simk8s.placement.base import Query
from simk8s.state.podgroups import gang_size
from simk8s.state.pods import NEVER, PENDING, PodTable
from simk8s.units import duration_us

ESTIMATE = "simk8s.io/estimate"
ENDLESS_US = 1 << 60
"""Of a job of which nobody knows how long it will run."""

Key = tuple[str, str] | int
"""(namespace, group), or the pod."""
Shape = tuple[tuple[int, int], ...]
"""(template, requests) of each pod: jobs of one shape fit in the same places."""


@dataclass(slots=True, eq=False)
class Job:
    """Pods that start together; `waiting` are those without a node, in order of their turn."""

    key: Key
    order: tuple[int, int]
    """(−priority, number)."""
    size: int
    estimate_us: int
    waiting: dict[int, Query] = field(default_factory=dict)
    shape: Shape = ()
    """Empty while it is not in the queue."""
    uneven: bool = False
    """Its pods are not all alike: seating one after the other may fail where they would fit."""


class Jobs:
    """Every job that has pods without a node, and how long each is said to run."""

    def __init__(self, pods: PodTable, draws: Generator, factor: float) -> None:
        self._pods = pods
        self._draws = draws
        self._factor = factor
        self._number = 0
        self._waiting: dict[Key, Job] = {}
        self._begun: set[Key] = set()
        """Gangs that have started; looked up, never iterated."""
        self.queue: list[Job] = []
        """Whole jobs in the order of their turn."""
        self.shapes: Counter[Shape] = Counter()
        """How many of the queue have it."""

    def add(self, query: Query) -> Job:
        """A pod waits; again, if it was placed in vain."""
        key = key_of(query)
        job = self._waiting.get(key)
        if job is None:
            job = self._waiting[key] = self._new(key, query)
        self._leave(job)
        job.waiting[query.pod] = query
        self._enter(job)
        return job

    def _new(self, key: Key, query: Query) -> Job:
        self._number += 1
        estimate_us = self._estimate(query)
        size = 1 if key in self._begun else gang_size(query.template)
        return Job(key, (-query.priority, self._number), size, estimate_us)

    def _estimate(self, query: Query) -> int:
        """What is said of its run time: its annotation, else the truth times a factor drawn
        between 1 and the strategy's. One draw a job, in order of arrival, whatever the factor.
        """
        drawn = float(self._draws.random())
        said = _duration(query.template.annotations.get(ESTIMATE, ""))
        if said:
            return said
        lifetime_us = self._pods.lifetime_us[query.pod]
        if lifetime_us == NEVER:
            return ENDLESS_US
        return min(ENDLESS_US, max(1, round(lifetime_us * (1 + (self._factor - 1) * drawn))))

    def _enter(self, job: Job) -> None:
        if len(job.waiting) >= job.size:
            waiting = job.waiting.values()
            job.shape = tuple((q.template.id, q.requests.id) for q in waiting)
            job.uneven = len({(*k, q.pinned) for k, q in zip(job.shape, waiting, strict=True)}) > 1
            self.shapes[job.shape] += 1
            insort(self.queue, job, key=lambda one: one.order)

    def _leave(self, job: Job) -> None:
        if job.shape:
            self.shapes[job.shape] -= 1
            if not self.shapes[job.shape]:
                del self.shapes[job.shape]
            del self.queue[bisect_left(self.queue, job.order, key=lambda one: one.order)]
            job.shape = ()

    def alive(self, job: Job) -> bool:
        """Whether it still waits; pods that are gone leave it."""
        pods = self._pods
        gone = [p for p in job.waiting if pods.phase[p] != PENDING or pods.deletion_us[p] != NEVER]
        if gone:
            self._leave(job)
            for pod in gone:
                del job.waiting[pod]
            job.size -= len(gone)
            if job.waiting:
                self._enter(job)
            else:
                del self._waiting[job.key]
        return bool(job.shape)

    def start(self, job: Job) -> None:
        """All of its pods have a node."""
        self._leave(job)
        del self._waiting[job.key]
        if not isinstance(job.key, int):
            self._begun.add(job.key)


def key_of(query: Query) -> Key:
    """Which job a pod belongs to."""
    template = query.template
    return (template.namespace, template.group) if template.group else query.pod


def _duration(text: str) -> int:
    """Microseconds, 0 for what is no duration: an annotation is free text."""
    try:
        return duration_us(text) if text else 0
    except ValueError:
        return 0
