"""Pods into gangs: which start together, and what becomes of them once they have.

A gang is a pod, the pods of one `schedulingGroup` (annotation `simk8s.io/gang-size`), of one
`kueue.x-k8s.io/pod-group-name` (annotation `kueue.x-k8s.io/pod-group-total-count`), or those of
one owner whose template has that annotation of ours.

Law: a pod is in one gang at a time. What an owner makes after its gang has started is a gang of
its own pod by pod; after the gang has been evicted, a gang as before. All gangs of one key have
the age of the first.

Mirrors: Kueue v0.18 workloads of Jobs and pod groups. Departs: Kueue keeps the quota of a Job's
parallelism while it has pods left to run; here a pod gives its part back when it ends, and its
successor asks for it again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from simk8s.placement.base import Query
from simk8s.state.podgroups import GANG_SIZE, gang_size
from simk8s.state.pods import NEVER, PENDING, PodTable
from simk8s.strategies._gangs.jobs import key_of

GROUP = "kueue.x-k8s.io/pod-group-name"
TOTAL = "kueue.x-k8s.io/pod-group-total-count"
Key: TypeAlias = tuple[str, ...] | int


@dataclass(slots=True, eq=False)
class Gang:
    """Pods that start together; `waiting` have no node, `placed` have or had one."""

    key: Key
    size: int
    number: int
    since_us: int
    waiting: dict[int, Query] = field(default_factory=dict)
    placed: dict[int, Query] = field(default_factory=dict)
    started: bool = False
    """Admitted: its pods may have nodes."""
    evicted: bool = False
    asked_us: int = NEVER
    """When it was whole: this time, not before an eviction."""

    @property
    def whole(self) -> bool:
        """Whether all of its pods are here."""
        return len(self.waiting) >= self.size

    @property
    def first(self) -> Query:
        """Any of its pods; there is one."""
        return next(iter(self.waiting.values() or self.placed.values()))

    def __len__(self) -> int:
        return len(self.waiting) + len(self.placed)


class Gangs:
    """All that have pods."""

    def __init__(self, pods: PodTable) -> None:
        self._pods = pods
        self._of: dict[int, Gang] = {}
        """By pod."""
        self._latest: dict[Key, Gang] = {}
        """The last one of each key that is no pod."""
        self._number = 0

    def of(self, pod: int) -> Gang:
        """The gang of a pod that is known."""
        return self._of[pod]

    def add(self, query: Query, now_us: int) -> Gang:
        """A pod waits; again, if it was placed in vain."""
        gang = self._of.get(query.pod)
        if gang is None:
            gang = self._of[query.pod] = self._open(query, now_us)
        gang.placed.pop(query.pod, None)
        gang.waiting[query.pod] = query
        if gang.asked_us == NEVER and gang.whole:
            gang.asked_us = now_us
        return gang

    def _open(self, query: Query, now_us: int) -> Gang:
        key, size = _group(query, self._pods.owner[query.pod])
        last = self._latest.get(key)
        if last is not None and not last.started and not last.whole:
            return last
        follows = last is not None and last.started and not last.evicted
        since_us = now_us if last is None else last.since_us
        self._number += 1
        gang = Gang(key, 1 if follows else size, self._number, since_us)
        if not isinstance(key, int) and not follows:
            self._latest[key] = gang
        return gang

    def place(self, gang: Gang, pods: Iterable[int]) -> None:
        """These have a node."""
        for pod in pods:
            gang.placed[pod] = gang.waiting.pop(pod)

    def withdraw(self, gang: Gang) -> list[Query]:
        """It is evicted; its pods without a node, to be added again."""
        gang.evicted = True
        left = list(gang.waiting.values())
        gang.waiting.clear()
        for query in left:
            del self._of[query.pod]
        return left

    def sweep(self, gang: Gang) -> list[Query]:
        """Take out what is gone or has ended."""
        gone = self.gone(gang)
        for query in gone:
            gang.waiting.pop(query.pod, None)
            gang.placed.pop(query.pod, None)
            del self._of[query.pod]
        if not gang.started:
            gang.size = max(1, gang.size - len(gone))
        return gone

    def gone(self, gang: Gang) -> list[Query]:
        """What has ended or is gone and has not been taken out yet."""
        return [q for pods in (gang.waiting, gang.placed) for q in pods.values() if self._gone(q)]

    def _gone(self, query: Query) -> bool:
        pods, pod = self._pods, query.pod
        bound = pods.charged[pod] != NEVER
        return not bound and (pods.phase[pod] != PENDING or pods.deletion_us[pod] != NEVER)


def _group(query: Query, owner: int) -> tuple[Key, int]:
    template = query.template
    labels, notes = template.labels, template.annotations
    if not template.group and GROUP in labels:
        return ("pods", template.namespace, labels[GROUP]), _count(notes.get(TOTAL, ""))
    if not template.group and owner != NEVER and GANG_SIZE in notes:
        return ("owner", str(owner)), _count(notes[GANG_SIZE])
    key = key_of(query)
    return (key if isinstance(key, int) else ("group", *key)), gang_size(template)


def _count(text: str) -> int:
    return max(1, int(text)) if text.isdecimal() else 1
