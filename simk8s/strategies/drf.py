"""drf: Dominant Resource Fairness between users; whoever holds least goes next.

Jobs (gangs) of each user wait in a line of their own, by priority and then age. The user with the
least dominant share (of what the nodes have, over cpu, memory, GPUs and whatever else is asked
for) starts its next job, all pods or none, on the tightest nodes that fit; over and over until the
next one has no room (with `passing`, until nobody's has). With `preemption`, the latest jobs of
the user with the greatest share are evicted for one that would still have less than what is left
to that user; nobody else gets their nodes until they have gone.

Law: a job starts as a whole. No eviction leaves the one who loses with a smaller share than the one
who gains (so that nobody is evicted in turn).

Mirrors: Ghodsi et al., *Dominant Resource Fairness*, NSDI 2011 (algorithm 1, weighted). Departs:
tasks of a user need not be alike; jobs that would not fit on an empty cluster are passed over.
Preemption is ours: the paper has none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import ClassVar

import numpy as np

from simk8s.placement import cycle
from simk8s.placement.base import Query
from simk8s.placement.cycle import Verdict
from simk8s.placement.framework import Framework, Profile
from simk8s.state.pods import NEVER
from simk8s.state.resources import CPU, GPU, MEMORY, PODS
from simk8s.strategies._drf_params import Params
from simk8s.strategies._gangs.room import Bools, Masks, Room, Seat, seat, waiting
from simk8s.strategies._queues.drf import Shares, fill
from simk8s.strategies._queues.gangs import Gang, Gangs
from simk8s.strategies._queues.quota import Amounts
from simk8s.strategies._queues.setup import LABEL
from simk8s.strategies._queues.tally import Tallies
from simk8s.strategies.base import Assignment, Batch, Context, Plan, QueueRow, Strategy

__all__ = ("Drf", "Params")

MAX_PODS = 65_536
QUEUE = "DRF"
BEHIND = "waiting for room for the whole job, or for its user's turn"
NOT_WHOLE = "waiting for the other pods of its group"
Alike = tuple[tuple[int, int, int], ...]
"""(template, requests, node) of each pod."""


class Drf(Strategy):
    """See the module."""

    name: ClassVar[str] = "drf"
    batch = Batch(MAX_PODS, 0, keeps=True)

    def __init__(self, params: Params, context: Context) -> None:
        self.framework = Framework.of(Profile(scores=(), post_filters=()))
        self._params, self._view = params, context.view
        self._masks = Masks(self.framework, context.view)
        self._gangs = Gangs(context.view.pods)
        self._lines: dict[str, list[Gang]] = {}
        """Whole gangs that wait, by user, in the order of their turn."""
        self._running: dict[int, tuple[str, Gang]] = {}
        """By number of the gang, oldest first."""
        self._tallies = Tallies()
        self._now_us = 0
        self._possible: dict[tuple[Alike, int, int], bool] = {}

    def propose(self, pending: Sequence[Query], now_us: int) -> Plan:
        """Start what may start, user by user."""
        self._now_us = now_us
        self._sweep()
        for query in pending:
            self._hear_of(query, now_us)
        plan = Plan()
        if self._view.nodes.n:
            _Round(self, plan).run()
        placed = {assignment.pod for assignment in plan.assignments}
        plan.rejected = [(q.pod, self._why(q)) for q in pending if q.pod not in placed]
        return plan

    def _hear_of(self, query: Query, now_us: int) -> None:
        gang = self._gangs.add(query, now_us)
        if gang.started:
            self._running.pop(gang.number, None)
            gang.started = False
        line = self._lines.setdefault(self._user(query), [])
        if gang.whole and gang not in line:
            line.append(gang)
            line.sort(key=_turn)

    def _user(self, query: Query) -> str:
        template = query.template
        label = template.labels.get(LABEL) if self._params.by_queue_name else None
        return label or template.namespace

    def _sweep(self) -> None:
        for number, (_, gang) in list(self._running.items()):
            self._gangs.sweep(gang)
            if not gang:
                del self._running[number]

    def amounts(self, queries: Sequence[Query]) -> Amounts:
        """What they ask for, pod slots left aside."""
        found: dict[str, int] = {}
        for query in queries:
            for row, amount in query.requests.wanted:
                if row != PODS:
                    found[str(row)] = found.get(str(row), 0) + amount
        return found

    def queue_rows(self) -> Iterator[QueueRow]:
        held: dict[str, Counter[str]] = {user: Counter() for user in sorted(self._lines)}
        for user, gang in self._running.values():
            held[user].update(self.amounts([*gang.placed.values()]))
            held[user].subtract(self.amounts(self._gangs.gone(gang)))
        names = self._view.cluster.resources.names
        for user, amounts in held.items():
            tally, waiting = self._tallies[user], len(self._lines[user])
            for row in (CPU, MEMORY, GPU):
                used = amounts[str(row)]
                if used or row != GPU:
                    yield QueueRow(user, names[row], None, used, waiting,
                                   tally.admitted, tally.evicted, tally.waited_us)  # fmt: skip

    def could_fit(self, alike: Alike, queries: Sequence[Query]) -> bool:
        """Whether they would if the cluster were empty."""
        nodes = self._view.nodes
        key = (alike, nodes.spec_version, nodes.n)
        known = self._possible.get(key)
        if known is None:
            seats = seat(Room.empty(self._view), self._masks, queries)
            known = self._possible[key] = seats is not None
        return known

    def _why(self, query: Query) -> Verdict:
        gang = self._gangs.of(query.pod)
        if len(gang.waiting) == 1 and gang.whole:
            found = cycle.verdict(self.framework, query, self._view)
            if found.reasons:
                return found
        return waiting(self._view, QUEUE, BEHIND if gang.whole else NOT_WHOLE)


def _turn(gang: Gang) -> tuple[int, int, int]:
    return -gang.first.priority, gang.since_us, gang.number


class _Round:
    """One plan in the making."""

    def __init__(self, strategy: Drf, plan: Plan) -> None:
        self._strategy, self._plan = strategy, plan
        view = strategy._view
        nodes = view.nodes
        self._room = Room(view, nodes.free, nodes.gpu_free)
        whole = nodes.allocatable[:, nodes.exists != 0].sum(axis=1).tolist()
        capacity = {str(row): int(amount) for row, amount in enumerate(whole) if row != PODS}
        self._shares = Shares(capacity, strategy._params.weights)
        for user, gang in strategy._running.values():
            self._shares.hold(user, strategy.amounts([*gang.placed.values()]))
        self._reserved = np.zeros(nodes.n, np.bool_)
        """Nodes that evicted pods are leaving."""
        self._leaving = False
        self._hopeless: set[Alike] = set()
        for _, gang in strategy._running.values():
            if gang.evicted:
                self._reserve(gang)

    def run(self) -> None:
        lines = self._strategy._lines
        users = sorted(user for user, line in lines.items() if line)
        fill(users, self._shares, self._start, passing=self._strategy._params.passing)
        self._plan.evaluated = self._room.evaluated

    def allows(self, query: Query) -> Bools:
        """Not where room is being made for somebody."""
        open_: Bools = ~self._reserved
        return open_

    def take(self, query: Query, node: int) -> None:
        """Nothing to keep in mind."""

    def _start(self, user: str) -> bool | None:
        """The next job of a user; nobody waits behind one that can never run."""
        strategy = self._strategy
        for gang in list(strategy._lines[user]):
            strategy._gangs.sweep(gang)
            if not gang:
                strategy._lines[user].remove(gang)
                continue
            queries = list(gang.waiting.values())
            alike = tuple((q.template.id, q.requests.id, q.pinned) for q in queries)
            if alike not in self._hopeless:
                seats = seat(self._room, strategy._masks, queries, self)
                if seats is not None:
                    self._go(user, gang, seats)
                    return True
                self._hopeless.add(alike)
            if strategy.could_fit(alike, queries):
                if strategy._params.preemption and not self._leaving:
                    self._make_room(user, queries)
                return False
        return None

    def _go(self, user: str, gang: Gang, seats: Sequence[Seat]) -> None:
        strategy = self._strategy
        strategy._lines[user].remove(gang)
        self._plan.assignments += [Assignment(q.pod, n, devices=d) for q, n, d in seats]
        self._shares.hold(user, strategy.amounts([one.query for one in seats]))
        strategy._gangs.place(gang, [one.query.pod for one in seats])
        gang.started = True
        strategy._tallies[user].admit(strategy._now_us - gang.asked_us)
        strategy._running[gang.number] = user, gang

    # --- evictions

    def _make_room(self, user: str, queries: Sequence[Query]) -> None:
        """Evict as few as will do, if there are any."""
        strategy, view = self._strategy, self._strategy._view
        mine = self._shares.of(user, strategy.amounts(queries))
        room = Room(view, self._room.free, self._room._gpu_free)
        taken: list[tuple[str, Gang]] = []
        while (other := self._richest(user, mine, taken)) is not None:
            taken.append(other)
            self._shares.hold(other[0], strategy.amounts([*other[1].placed.values()]), -1)
            self._leave(room, other[1])
            if seat(room, strategy._masks, queries, self) is not None:
                for name, gang in taken:
                    self._evict(name, gang)
                return
        for name, gang in taken:
            self._shares.hold(name, strategy.amounts([*gang.placed.values()]))

    def _richest(
        self, user: str, mine: Fraction, taken: Sequence[tuple[str, Gang]]
    ) -> tuple[str, Gang] | None:
        """The latest job of the user with the greatest share that keeps at least what the one who
        gains would have.
        """
        strategy, chosen = self._strategy, {gang.number for _, gang in taken}
        charged = strategy._view.pods.charged
        best: tuple[str, Gang] | None = None
        for name, gang in strategy._running.values():
            if name == user or gang.evicted or gang.number in chosen:
                continue
            if any(charged[pod] == NEVER for pod in gang.placed):
                continue  # it starts with this plan
            given = strategy.amounts([*gang.placed.values()])
            left = self._shares.of(name, {r: -a for r, a in given.items()})
            if left < mine:
                continue
            if best is None or self._shares.of(name) >= self._shares.of(best[0]):
                best = name, gang
        return best

    def _leave(self, room: Room, gang: Gang) -> None:
        pods = self._strategy._view.pods
        room.give_back([
            Seat(query, pods.charged[pod], pods.devices[pod])
            for pod, query in gang.placed.items() if pods.charged[pod] != NEVER
        ])  # fmt: skip

    def _evict(self, user: str, gang: Gang) -> None:
        gang.evicted = True
        self._strategy._tallies[user].evicted += 1
        self._strategy._gangs.withdraw(gang)
        self._plan.evictions += tuple(gang.placed)
        self._reserve(gang)

    def _reserve(self, gang: Gang) -> None:
        self._leaving = True
        charged = self._strategy._view.pods.charged
        for pod in gang.placed:
            if charged[pod] != NEVER:
                self._reserved[charged[pod]] = True
