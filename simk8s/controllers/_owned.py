"""What a controller's informer has shown it of the pods of one owner, counted as it goes.

Law: a change of one pod costs the same however many pods the owner has. Expectations: after
asking for pods to be created or deleted, a controller does not count again until it has seen each
of them come or go.

Mirrors: pkg/controller ControllerExpectations, RealPodControl and FilterActivePods, v1.36. Departs:
expectations do not expire after 5 minutes, since no watch event is ever lost.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Iterable, Sequence
from enum import IntEnum
from typing import Any

from simk8s.api.refused import Refused, was_refused
from simk8s.api.requests import request
from simk8s.api.server import Operation
from simk8s.api.watch import Verb
from simk8s.controllers.base import Context, Write
from simk8s.kernel.streams import counter_hash
from simk8s.state.pods import NEVER, Phase, PodTable

BURST = 500
"""Most pods created or deleted by one sync."""
SECOND_US = 1_000_000
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

    __slots__ = (
        "active",
        "creating",
        "deleting",
        "failure",
        "key",
        "ready",
        "spare",
        "terminating",
    )

    def __init__(self, key: Hashable) -> None:
        self.key = key
        self.active: dict[int, bool] = {}
        self.ready = 0
        self.terminating: dict[int, None] = {}
        self.creating = 0
        self.deleting: dict[int, None] = {}
        self.spare: list[int] = []
        """Rows that were made for pods and whose creation was refused, or not tried."""
        self.failure = ""
        """Why the last creation was refused; empty if all went well."""

    def rows(self, stamp: Callable[[int], Sequence[int]], count: int) -> list[int]:
        """Rows for the next pods: what is left over from refused creations first."""
        rows, self.spare = self.spare[:count], self.spare[count:]
        return [*rows, *stamp(count - len(rows))] if len(rows) < count else rows

    @property
    def settled(self) -> bool:
        """Whether everything asked for has been seen."""
        return not self.creating and not self.deleting

    def hear(self, verb: Verb, pod: int, phase: int, ready: bool = True) -> Change:
        """Take in a change; `phase` and `ready` are the pod's present ones."""
        if verb is Verb.STATUS:
            before = self.active.get(pod)
            if before is None:
                return Change.NOTHING
            self.active[pod] = ready
            self.ready += ready - before
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


class PodControl:
    """Creates and deletes pods for a controller, and tells of it in Events."""

    __slots__ = ("_context", "_kind", "_store")

    def __init__(self, context: Context, kind: str) -> None:
        self._context = context
        self._store = context.store
        self._kind = kind

    def create(self, key: Hashable) -> Operation:
        """What creates rows for an owner."""

        @request("POST", "pods")
        def post(rows: Iterable[int]) -> bool | Refused:
            made = self._store.create_pods(rows)
            self.tell(key)
            return made

        return post

    def delete(self, key: Hashable) -> Operation:
        """What deletes a pod of an owner."""

        @request("DELETE", "pods")
        def delete(pod: int) -> bool:
            deleted = self._store.delete_pod(pod)
            if deleted:
                self.tell(key)
            return deleted

        return delete

    def tell(self, key: Hashable) -> None:
        """One Event about an owner."""
        context = self._context
        context.events.note(context.now_us, (self._kind, key))


def create(
    pods: OwnedPods, rows: Sequence[int], operation: Operation
) -> Generator[Sequence[Write], list[Any], int]:
    """Create rows in batches of 1, 2, 4, 8, … until one is refused; how many were created.

    What was not created is kept, so that the next try makes the same pods.
    """
    pods.creating += len(rows)
    pods.failure = ""
    tried, batch = 0, 1
    refused: list[int] = []
    while tried < len(rows) and not refused:
        part = rows[tried : tried + batch]
        results = yield [Write(operation, ((row,),)) for row in part]
        tried += len(part)
        batch *= 2
        for row, result in zip(part, results, strict=True):
            if was_refused(result):
                refused.append(row)
                words = result.message if isinstance(result, Refused) else "refused"
                pods.failure = pods.failure or words
    pods.spare = [*refused, *rows[tried:], *pods.spare]
    pods.creating -= len(rows) - (tried - len(refused))
    return tried - len(refused)


def delete(
    pods: OwnedPods, victims: Iterable[int], operation: Operation
) -> Generator[Sequence[Write], list[Any], None]:
    """Delete pods, all at once; what is refused is gone already."""
    asked = list(victims)
    pods.deleting.update(dict.fromkeys(asked))
    results = yield [Write(operation, (pod,)) for pod in asked]
    for pod, result in zip(asked, results, strict=True):
        if was_refused(result):
            pods.deleting.pop(pod, None)


def cheapest(
    pods: OwnedPods,
    count: int,
    table: PodTable,
    now_us: int,
    related: Iterable[OwnedPods] = (),
) -> list[int]:
    """The `count` active pods that are missed least, in the order in which they are deleted.

    `related`: pods of the same Deployment's other ReplicaSets, which crowd nodes as well.

    Mirrors: ActivePodsWithRanks: unassigned, pending, not ready, crowded node, ready for a short
    time (in powers of two), restarted often, young (powers of two), UID; times in whole seconds.
    Departs: no pod-deletion-cost.
    """
    if count >= len(pods.active):
        return list(pods.active)
    crowd: dict[int, int] = {}
    for group in (pods, *related):
        for pod in group.active:
            node = table.node[pod]
            crowd[node] = crowd.get(node, 0) + 1

    def missed(pod: int) -> tuple[object, ...]:
        node = table.node[pod]
        ready = pods.active[pod]
        return (
            node != NEVER,
            table.phase[pod],
            ready,
            -crowd[node],
            _power(now_us - whole_second(table.ready_since_us[pod])) if ready else 0,
            -table.restarts[pod],
            _power(now_us - whole_second(table.created_us[pod])),
            counter_hash(0, pod),
        )

    return sorted(pods.active, key=missed)[:count]


def whole_second(t_us: int) -> int:
    """Times of the API have whole seconds."""
    return t_us // SECOND_US * SECOND_US


def _power(age_us: int) -> int:
    """floor(log2) of an age in ns, one higher."""
    return (age_us * 1000).bit_length()
