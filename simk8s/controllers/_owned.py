"""What a controller's informer has shown it of the pods of one owner, counted as it goes.

Law: a change of one pod costs the same however many pods the owner has. Expectations: after
asking for pods to be created or deleted, a controller does not count again until it has seen each
of them come or go.

Mirrors: pkg/controller ControllerExpectations and FilterActivePods, v1.36. Departs: expectations
do not expire after 5 minutes, since no watch event is ever lost.
"""

from __future__ import annotations

from collections.abc import Generator, Hashable, Iterable, Sequence
from enum import IntEnum
from typing import Any

from simk8s.api.server import Operation
from simk8s.api.watch import Verb
from simk8s.controllers.base import Write
from simk8s.kernel.streams import counter_hash
from simk8s.state.pods import NEVER, Phase, PodTable

BURST = 500
"""Most pods created or deleted by one sync."""
POD_VERBS = (Verb.ADDED, Verb.STATUS, Verb.ENDED, Verb.DELETING, Verb.DELETED)


class Change(IntEnum):
    """What a pod's change means to its owner."""

    NOTHING = 0
    COUNTED = 1
    SUCCEEDED = 2
    FAILED = 3
    LEFT = 4
    """It is being deleted, or gone, without having ended."""


class OwnedPods:
    """The pods of one owner; `active` holds those that neither end nor leave, True = ready."""

    __slots__ = ("active", "creating", "deleting", "key", "ready", "terminating")

    def __init__(self, key: Hashable) -> None:
        self.key = key
        self.active: dict[int, bool] = {}
        self.ready = 0
        self.terminating: dict[int, None] = {}
        self.creating = 0
        self.deleting: dict[int, None] = {}

    @property
    def settled(self) -> bool:
        """Whether everything asked for has been seen."""
        return not self.creating and not self.deleting

    def hear(self, verb: Verb, pod: int, phase: int) -> Change:
        """Take in a change; `phase` is the pod's present one."""
        if verb is Verb.STATUS:
            ready = self.active.get(pod)
            if ready is None:
                return Change.NOTHING
            self.active[pod] = True
            self.ready += not ready
            return Change.COUNTED
        if verb is Verb.ADDED:
            self.active[pod] = False
            if self.creating:
                self.creating -= 1
            return Change.COUNTED
        if verb is Verb.ENDED or verb is Verb.DELETING or verb is Verb.DELETED:
            return self._went(verb, pod, phase)
        return Change.NOTHING

    def _went(self, verb: Verb, pod: int, phase: int) -> Change:
        expected = verb is not Verb.ENDED and pod in self.deleting
        if expected:
            del self.deleting[pod]
        ready = self.active.pop(pod, None)
        if ready is None:
            if verb is not Verb.DELETING and pod in self.terminating:
                del self.terminating[pod]
                return Change.COUNTED
            return Change.COUNTED if expected else Change.NOTHING
        self.ready -= ready
        if verb is Verb.ENDED:
            return Change.SUCCEEDED if phase == Phase.SUCCEEDED else Change.FAILED
        if verb is Verb.DELETING:
            self.terminating[pod] = None
        return Change.LEFT


def create(
    pods: OwnedPods, rows: Sequence[int], operation: Operation
) -> Generator[Sequence[Write], list[Any], int]:
    """Create rows in batches of 1, 2, 4, 8, … until one is refused; how many were created."""
    pods.creating += len(rows)
    made, batch = 0, 1
    while made < len(rows):
        part = rows[made : made + batch]
        results = yield [Write(operation, ((row,),)) for row in part]
        stored = len(part) - results.count(False)
        made += stored
        if stored < len(part):
            break
        batch *= 2
    pods.creating -= len(rows) - made
    return made


def delete(
    pods: OwnedPods, victims: Iterable[int], operation: Operation
) -> Generator[Sequence[Write], list[Any], None]:
    """Delete pods, all at once; what is refused is gone already."""
    asked = list(victims)
    pods.deleting.update(dict.fromkeys(asked))
    results = yield [Write(operation, (pod,)) for pod in asked]
    for pod, result in zip(asked, results, strict=True):
        if result is False:
            pods.deleting.pop(pod, None)


def cheapest(pods: OwnedPods, count: int, table: PodTable, now_us: int) -> list[int]:
    """The `count` active pods that are missed least, in the order in which they are deleted.

    Mirrors: ActivePodsWithRanks: unassigned, pending, not ready, crowded node, ready for a short
    time (in powers of two), restarted often, young (powers of two), UID. Departs: no
    pod-deletion-cost; a node's crowd counts pods of this owner alone.
    """
    if count >= len(pods.active):
        return list(pods.active)
    crowd: dict[int, int] = {}
    for pod in pods.active:
        node = table.node[pod]
        crowd[node] = crowd.get(node, 0) + 1

    def missed(pod: int) -> tuple[object, ...]:
        node = table.node[pod]
        since = table.running_us[pod]
        return (
            node != NEVER,
            table.phase[pod],
            pods.active[pod],
            -crowd[node],
            _power(now_us - since) if since != NEVER else 0,
            -table.restarts[pod],
            _power(now_us - table.created_us[pod]),
            counter_hash(0, pod),
        )

    return sorted(pods.active, key=missed)[:count]


def _power(age_us: int) -> int:
    """floor(log2) of an age in ns, one higher."""
    return (age_us * 1000).bit_length()
