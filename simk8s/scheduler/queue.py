"""The scheduling queue: active, backoff and unschedulable pods, and the pods being scheduled.

Law: a pod is in one place at a time. What happens while a pod is being scheduled is remembered,
and put to it when it comes back rejected.

Mirrors: kube-scheduler v1.36 backend/queue: order by priority, then by a timestamp that is
renewed on every failure; backoff 1 s doubling to 10 s by the number of rejections (by the number
of errors in a row if there are any), cut to whole seconds; an idle scheduler pops straight from
the backoff queue, but not pods that failed with an error; a rejected pod comes back on an event
that one of its rejectors finds helpful; pods unschedulable for more than 5 minutes are moved,
looked at every 30 s; PreEnqueue gates.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from typing import Any

from simk8s.placement.base import Query
from simk8s.placement.events import Event
from simk8s.scheduler.gates import Gate
from simk8s.scheduler.hints import FAILURE, Hints, Rejection, Shape, Strategy
from simk8s.scheduler.queued import (
    ACTIVE,
    BACKOFF,
    ERROR_BACKOFF,
    FLYING,
    GONE,
    PARKED,
    Group,
    Queued,
    Where,
)
from simk8s.strategies.base import Plan

SECOND = 1_000_000
INITIAL_BACKOFF_US = SECOND
MAX_BACKOFF_US = 10 * SECOND
FLUSH_AFTER_US = 300 * SECOND
FLUSH_PERIOD_US = 30 * SECOND

Entry = tuple[int, int, int, Queued]
"""(−priority, since, token, pod)."""
Delayed = tuple[int, int, int, int, Queued]
"""(expiry in whole seconds, −priority, since, token, pod)."""


class SchedulingQueue:
    """Pods waiting for a node."""

    def __init__(
        self,
        hints: Hints,
        gates: Sequence[Gate] = (),
        *,
        pops_backoff: bool = True,
        initial_backoff_us: int = INITIAL_BACKOFF_US,
        max_backoff_us: int = MAX_BACKOFF_US,
    ) -> None:
        self._hints = hints
        self._gates = tuple(gates)
        self._pops_backoff = pops_backoff
        self._initial_us = initial_backoff_us
        self._max_us = max_backoff_us
        self._pods: dict[int, Queued] = {}
        self._active: list[Entry] = []
        self._backoff: list[Delayed] = []
        self._error_backoff: list[Delayed] = []
        self._parked: dict[Group, dict[int, Queued]] = {}
        self._counts = [0] * len(Where)
        self._tokens = 0
        self._events: list[Event] = []
        self._first_event = 0
        """Number of the first event that is remembered."""
        self._replayed: dict[tuple[Shape, Rejection, int], tuple[int, Strategy]] = {}

    # --- coming and going

    def add(self, query: Query, now_us: int) -> None:
        """A new pod; ready at once unless a gate holds it."""
        queued = self._pods[query.pod] = Queued(query, now_us)
        if (gate := self._gate_of(query)) is not None:
            self._counts[GONE] += 1
            self._hold(queued, gate)
            return
        self._counts[ACTIVE] += 1
        queued.where = ACTIVE
        self._tokens = queued.token = token = self._tokens + 1
        heappush(self._active, (-query.priority, now_us, token, queued))

    def update(self, query: Query, change: int, now_us: int) -> None:
        """The pod itself has changed (`OWN_…`): it may pass its gate or its rejectors now."""
        queued = self._pods.get(query.pod)
        if queued is None:
            return
        queued.query = query
        if queued.where is PARKED:
            self._park(queued)
            assert queued.group is not None
            strategy = self._verdict(queued.group, Event(change), query)
            self._release([queued], strategy, now_us)

    def remove(self, pod: int) -> None:
        """The pod has been placed or is gone; a heap entry is skipped when it surfaces."""
        queued = self._pods.pop(pod, None)
        if queued is not None and queued.where is FLYING:
            self._land(queued)
        elif queued is not None:
            self._put(queued, GONE)
            self._counts[GONE] -= 1

    def pop(self, now_us: int) -> Queued | None:
        """The next pod, which is being scheduled from now on."""
        if self._backoff or self._error_backoff:
            self.flush_backoff(now_us)
        queued = self._head(self._active)
        if queued is None:
            queued = self._head(self._backoff) if self._pops_backoff else None
            if queued is None:
                return None
            queued.ready_us = now_us
        # Its entry is used up and it is in no group: all that `_put` would have to do.
        counts = self._counts
        counts[queued.where] -= 1
        counts[FLYING] += 1
        queued.where = FLYING
        queued.attempts += 1
        queued.seen = self._first_event + len(self._events)
        queued.rejection = FAILURE
        return queued

    def _land(self, queued: Queued) -> None:
        """A pod that was being scheduled is gone: no entry, no group, and nobody may be flying."""
        counts = self._counts
        counts[FLYING] -= 1
        queued.where = GONE
        if self._events and not counts[FLYING]:
            self._forget_events()

    @staticmethod
    def _head(heap: list[Any]) -> Queued | None:
        while heap:
            entry = heappop(heap)
            queued: Queued = entry[-1]
            if queued.token == entry[-2]:
                return queued
        return None

    keeps = False
    """Whether a plan may place pods that rest, and `joined` says which."""

    @property
    def news(self) -> bool:
        """Whether a strategy that keeps pods in mind is to be asked again."""
        return False

    def joined(self, pods: list[Queued], plan: Plan, now_us: int) -> list[Queued]:
        """The pods of a cycle: those that were popped."""
        return pods

    # --- failures

    def fail(self, queued: Queued, now_us: int, rejection: Rejection = FAILURE) -> None:
        """The attempt failed: rejected by plugins, or (by default) an error."""
        if queued.where is not FLYING:
            return
        if rejection.nobody:
            queued.errors += 1
        else:
            queued.rejections += 1
            queued.errors = 0
        queued.since_us = now_us
        queued.rejection = rejection
        self._requeue(queued, self._replay(queued, rejection), now_us)

    def come_back(self, queued: Queued, now_us: int) -> None:
        """A pod that had been placed could not be bound: an error like any other."""
        self._pods[queued.query.pod] = queued
        self._counts[GONE] += 1
        self._put(queued, FLYING)
        self.fail(queued, now_us)

    def retry(self, queued: Queued, now_us: int) -> None:
        """Back to the active queue at once, behind newer pods of its priority (a stale plan)."""
        if queued.where is FLYING:
            queued.since_us = now_us
            self._to_active(queued, now_us)

    def _replay(self, queued: Queued, rejection: Rejection) -> Strategy:
        """What the events that it missed mean for it; pods alike ask each event once."""
        if rejection.nobody:
            return Strategy.AFTER_BACKOFF
        end = self._first_event + len(self._events)
        if queued.seen == end:
            return Strategy.SKIP
        key = (self._hints.shape(queued.query), rejection, queued.seen)
        start, best = self._replayed.get(key, (queued.seen, Strategy.SKIP))
        enough = Strategy.IMMEDIATELY if rejection.pending else Strategy.AFTER_BACKOFF
        for event in self._events[start - self._first_event :]:
            if best >= enough:
                break
            best = max(best, self._hints.strategy(event, queued.query, rejection))
        self._replayed[key] = (end, best)
        return best

    # --- events

    def move(self, event: Event, now_us: int, most_important: int | None = None) -> int:
        """Put an event to every parked pod (of at most that priority); how many moved."""
        moved = 0
        for group in list(self._parked):
            members = self._members(group, most_important)
            if members:
                strategy = self._verdict(group, event, members[0].query)
                moved += self._release(members, strategy, now_us)
        if self._counts[FLYING]:
            self._events.append(event)
        return moved

    def _verdict(self, group: Group, event: Event, query: Query) -> Strategy:
        """What an event means for one group of parked pods."""
        _, rejection, gate = group
        if gate is not None and not event.change & gate.events:
            return Strategy.SKIP
        if not event.change & self._hints.listening(rejection, query):
            return Strategy.SKIP
        if not self._hints.offered(event, query, rejection):
            return Strategy.SKIP
        return self._hints.strategy(event, query, rejection)

    def _members(self, group: Group, most_important: int | None) -> list[Queued]:
        members = self._parked[group].values()
        if most_important is None:
            return list(members)
        return [m for m in members if m.query.priority <= most_important]

    def _release(self, members: Iterable[Queued], strategy: Strategy, now_us: int) -> int:
        moved = 0
        if strategy is not Strategy.SKIP:
            for queued in members:
                self._requeue(queued, strategy, now_us)
                moved += queued.where is not PARKED
        return moved

    def activate(self, pod: int, now_us: int) -> None:
        """Move one pod to the active queue whatever its backoff (ForceActivate)."""
        queued = self._pods.get(pod)
        if queued is not None and queued.where not in (ACTIVE, FLYING):
            self._to_active(queued, now_us)

    def flush_unschedulable(self, now_us: int) -> int:
        """Move what has been parked for more than five minutes."""
        moved = 0
        for members in list(self._parked.values()):
            due = [m for m in members.values() if now_us - m.since_us > FLUSH_AFTER_US]
            moved += self._release(due, Strategy.AFTER_BACKOFF, now_us)
        return moved

    def flush_backoff(self, now_us: int) -> None:
        """Move what has backed off for long enough to the active queue."""
        second = now_us // SECOND
        for heap in (self._backoff, self._error_backoff):
            while heap and heap[0][0] < second:
                expiry, _, _, token, queued = heappop(heap)
                if queued.token == token:
                    self._push_active(queued, (expiry + 1) * SECOND)

    # --- what is where

    def lengths(self) -> tuple[int, int, int]:
        """(active, backoff, unschedulable)."""
        counts = self._counts
        backoff = counts[BACKOFF] + counts[ERROR_BACKOFF]
        return counts[ACTIVE], backoff, counts[PARKED]

    def listing(self, where: Where) -> list[int]:
        """Pods that are there, in the order in which they came to be known."""
        return [pod for pod, queued in self._pods.items() if queued.where == where]

    def __len__(self) -> int:
        return len(self._pods) - self._counts[FLYING]

    @property
    def ready(self) -> int:
        """Pods that a pop could return, pods that back off after an error left aside."""
        waiting = self._counts[BACKOFF] if self._pops_backoff else 0
        return self._counts[ACTIVE] + waiting

    @property
    def rests(self) -> bool:
        """Whether nothing is to be popped, now or later, unless something happens."""
        counts = self._counts
        return not (counts[ACTIVE] or counts[BACKOFF] or counts[ERROR_BACKOFF])

    @property
    def listens(self) -> bool:
        """Whether an event could matter to anybody."""
        return self._counts[PARKED] + self._counts[FLYING] > 0

    @property
    def parked(self) -> int:
        """Pods waiting for an event."""
        return self._counts[PARKED]

    def oldest_us(self) -> int | None:
        """When the oldest pod of the active queue was queued."""
        return min((e[1] for e in self._active if e[3].token == e[2]), default=None)

    def next_flush_us(self) -> int | None:
        """When a pod that a pop would not return yet has backed off."""
        heads = [self._error_backoff[0][0]] if self._error_backoff else []
        if self._backoff and not self._pops_backoff:
            heads.append(self._backoff[0][0])
        return (min(heads) + 1) * SECOND if heads else None

    # --- moves

    def _requeue(self, queued: Queued, strategy: Strategy, now_us: int) -> None:
        if strategy is Strategy.SKIP:
            self._park(queued)
        elif strategy is Strategy.IMMEDIATELY or self._expiry(queued) < now_us // SECOND:
            self._to_active(queued, now_us)
        elif self._passes(queued):
            self._push_backoff(queued)

    def _expiry(self, queued: Queued) -> int:
        """The whole second in which its backoff ends; before any other without one."""
        count = queued.errors or queued.rejections
        if not count:
            return -1
        wait = min(self._initial_us << min(count - 1, 30), self._max_us)
        return (queued.since_us + wait) // SECOND

    def _to_active(self, queued: Queued, now_us: int) -> None:
        if self._passes(queued):
            self._push_active(queued, now_us)

    def _passes(self, queued: Queued) -> bool:
        """Whether no gate holds the pod; it is parked if one does."""
        gate = queued.gate = self._gate_of(queued.query)
        if gate is not None:
            self._hold(queued, gate)
        return gate is None

    def _gate_of(self, query: Query) -> Gate | None:
        """The first gate that holds a pod."""
        for gate in self._gates:
            if gate.holds(query):
                return gate
        return None

    def _hold(self, queued: Queued, gate: Gate) -> None:
        queued.gate = gate
        queued.rejection = queued.rejection.also(gate.name)
        self._park(queued)

    def _push_active(self, queued: Queued, now_us: int) -> None:
        queued.ready_us = now_us
        token = self._put(queued, ACTIVE)
        heappush(self._active, (-queued.query.priority, queued.since_us, token, queued))

    def _push_backoff(self, queued: Queued) -> None:
        error = queued.rejection.nobody
        token = self._put(queued, ERROR_BACKOFF if error else BACKOFF)
        entry = (self._expiry(queued), -queued.query.priority, queued.since_us, token, queued)
        heappush(self._error_backoff if error else self._backoff, entry)

    def _park(self, queued: Queued) -> None:
        self._put(queued, PARKED)
        group = (self._hints.shape(queued.query), queued.rejection, queued.gate)
        queued.group = group
        self._parked.setdefault(group, {})[queued.query.pod] = queued

    def _put(self, queued: Queued, where: Where) -> int:
        """The pod is there from now on, no longer where it was; its new token."""
        before, counts = queued.where, self._counts
        counts[before] -= 1
        counts[where] += 1
        queued.where = where
        self._tokens += 1
        queued.token = self._tokens
        if queued.group is not None:
            self._unpark(queued, queued.group)
        if self._events and before is FLYING and not counts[FLYING]:
            self._forget_events()
        return queued.token

    def _forget_events(self) -> None:
        """Nobody is being scheduled whom they would be put to."""
        self._first_event += len(self._events)
        self._events.clear()
        self._replayed.clear()

    def _unpark(self, queued: Queued, group: Group) -> None:
        members = self._parked[group]
        del members[queued.query.pod]
        if not members:
            del self._parked[group]
        queued.group = None
