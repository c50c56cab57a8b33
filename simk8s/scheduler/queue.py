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

from collections.abc import Collection, Iterable, Sequence
from heapq import heappop, heappush

from simk8s.placement.base import Query
from simk8s.placement.events import Event
from simk8s.scheduler.gates import Gate
from simk8s.scheduler.hints import FAILURE, Hints, Rejection, Shape, Strategy
from simk8s.scheduler.places import SECOND, Places
from simk8s.scheduler.queued import (
    ACTIVE,
    BACKOFF,
    ERROR_BACKOFF,
    FLYING,
    GONE,
    PARKED,
    Group,
    Queued,
)
from simk8s.strategies.base import Plan

INITIAL_BACKOFF_US = SECOND
MAX_BACKOFF_US = 10 * SECOND
FLUSH_AFTER_US = 300 * SECOND
FLUSH_PERIOD_US = 30 * SECOND

ANY_POD = (-1,)
"""Says that some gate has to be asked about every pod."""


class SchedulingQueue(Places):
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
        super().__init__(pops_backoff)
        self._hints = hints
        self._gates = tuple(gates)
        self._named = _named(gates)
        self._initial_us = initial_backoff_us
        self._max_us = max_backoff_us
        self._parked: dict[Group, dict[int, Queued]] = {}
        self._tokens = 0
        self._events: list[Event] = []
        """What happened while some pod was being scheduled."""
        self._heard_of = 0
        """Number of the last of them: how many there have ever been."""
        self._replayed: dict[tuple[Shape, Rejection, int], tuple[int, Strategy]] = {}

    # --- coming and going

    def add(self, query: Query, now_us: int) -> None:
        """A new pod; ready at once unless a gate holds it."""
        self._tokens = token = self._tokens + 1
        queued = self._pods[query.pod] = Queued(query, now_us, token)
        template = query.template
        if template.gates or template.group or self._named:
            gate = self._gate_of(query)
            if gate is not None:
                queued.where = GONE
                self._hold(queued, gate)
                return
        self.waiting += 1
        heappush(self._active, (-query.priority, now_us, token, queued))

    def update(self, query: Query, change: int, now_us: int) -> None:
        """The pod itself has changed (`OWN_…`): it may pass its gate or its rejectors now."""
        queued = self._pods.get(query.pod)
        if queued is None:
            return
        queued.query = query
        if queued.where == PARKED:
            self._park(queued)
            assert queued.group is not None
            strategy = self._verdict(queued.group, Event(change), query)
            self._release([queued], strategy, now_us)

    def remove(self, pod: int) -> None:
        """The pod has been placed or is gone; a heap entry is skipped when it surfaces."""
        queued = self._pods.pop(pod, None)
        if queued is None:
            return
        if queued.where != FLYING:
            self._put(queued, GONE)
            return
        # It has no entry and is in no group: all that `_put` would have to do.
        queued.where = GONE
        self.flying -= 1
        if self._events and not self.flying:
            self._forget_events()

    def pop(self, now_us: int) -> Queued | None:
        """The next pod, which is being scheduled from now on."""
        if self._backoff or self._error_backoff:
            self.flush_backoff(now_us)
        active = self._active
        while active:
            _, _, token, queued = heappop(active)
            if queued.token == token:
                break
        else:
            head = self._first_to_back_off() if self._pops_backoff else None
            if head is None:
                return None
            queued = head
            queued.ready_us = now_us
        # Its entry is used up and it is in no group: all that `_put` would have to do.
        self.waiting -= 1
        self.flying += 1
        queued.where = FLYING
        queued.seen = self._heard_of
        queued.rejection = FAILURE
        return queued

    def _first_to_back_off(self) -> Queued | None:
        heap = self._backoff
        while heap:
            _, _, _, token, queued = heappop(heap)
            if queued.token == token:
                self._backing[BACKOFF] -= 1
                self.delayed -= 1
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
        if queued.where != FLYING:
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
        self._put(queued, FLYING)
        self.fail(queued, now_us)

    def retry(self, queued: Queued, now_us: int) -> None:
        """Back to the active queue at once, behind newer pods of its priority (a stale plan)."""
        if queued.where == FLYING:
            queued.since_us = now_us
            self._to_active(queued, now_us)

    def _replay(self, queued: Queued, rejection: Rejection) -> Strategy:
        """What the events that it missed mean for it; pods alike ask each event once."""
        if rejection.nobody:
            return Strategy.AFTER_BACKOFF
        end = self._heard_of
        if queued.seen == end:
            return Strategy.SKIP
        key = (self._hints.shape(queued.query), rejection, queued.seen)
        start, best = self._replayed.get(key, (queued.seen, Strategy.SKIP))
        enough = Strategy.IMMEDIATELY if rejection.pending else Strategy.AFTER_BACKOFF
        for event in self._events[start - end + len(self._events) :]:
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
        if self.flying:
            self._events.append(event)
            self._heard_of += 1
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
                moved += queued.where != PARKED
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

    def _put(self, queued: Queued, where: int) -> int:
        """The pod is there from now on, no longer where it was; its new token."""
        before = queued.where
        self._count(before, -1)
        self._count(where, 1)
        queued.where = where
        self._tokens += 1
        queued.token = self._tokens
        if queued.group is not None:
            self._unpark(queued, queued.group)
        if self._events and before == FLYING and not self.flying:
            self._forget_events()
        return queued.token

    def _forget_events(self) -> None:
        """Nobody is being scheduled whom they would be put to."""
        self._events.clear()
        self._replayed.clear()

    def _unpark(self, queued: Queued, group: Group) -> None:
        members = self._parked[group]
        del members[queued.query.pod]
        if not members:
            del self._parked[group]
        queued.group = None


def _named(gates: Sequence[Gate]) -> Collection[int]:
    """Pods that a gate may hold whatever their templates say; never empty if that could be any."""
    named = [gate.named for gate in gates if gate.named != ()]
    if not named:
        return ()
    return ANY_POD if len(named) > 1 or named[0] is None else named[0]
