"""Virtual time: the only import of SimPy.

SimPy's own queue carries what is to come: each component (lane or bell) has one event object,
queued with an integer priority that spells phase and registration index. The clock steps through
the queue instant by instant. In the running instant a turn is a number that spells round, phase and
registration index, and the turns to come are a small heap of such numbers; `Clock.turn` is the last
one of the running phase, so what compares as later is still to come in this round. The first of an
instant, most often its only one that was queued beforehand, runs without a detour over that heap.

Law: time is integer microseconds and never goes back. Inside an instant, rounds; inside a round,
phases; inside a phase, registration order. More than `MAX_ROUNDS` rounds in one instant end the
run with the reason `livelock` and the names of those that kept it going.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable
from enum import StrEnum
from heapq import heappop, heappush
from operator import itemgetter
from typing import Any, TypeVar

from simpy.core import Environment
from simpy.events import Event

from simk8s.errors import InvariantError
from simk8s.kernel.component import Component
from simk8s.kernel.lane import Lane, LaneHandler
from simk8s.kernel.phase import Phase
from simk8s.kernel.probe import Probe
from simk8s.kernel.turns import INDEX_MASK, MAX_COMPONENTS, MAX_ROUNDS, ROUND, Turns
from simk8s.kernel.wake import Bell, BellHandler

_C = TypeVar("_C", bound=Component)

NEVER = -1
_BEFORE_ALL = -1
"""Turn before the first round: everything armed for this instant joins round 0."""


class StopReason(StrEnum):
    """Why a run ended."""

    DURATION = "duration"
    """The end of the simulated period was reached."""
    DRAINED = "drained"
    """Nothing was left to happen."""
    LIVELOCK = "livelock"
    """An instant would not come to rest."""
    INTERRUPTED = "interrupted"
    """The user asked for an early end."""
    LIMIT = "limit"
    """A bounded queue or loop reached its bound."""


class _LivelockError(Exception):
    """Too many rounds; raised before the batch is handed over."""


class Clock:
    """Virtual time and the components that live in it."""

    def __init__(self) -> None:
        self.now_us: int = 0
        self.turn: int = _BEFORE_ALL
        """The last turn (see component) of the running round and phase; -1 before the first."""
        self.soon: list[int] = []
        """For components: turns of the running instant, a heap."""
        self.turns = Turns(self._watch)
        """For components: what each of them does on its turn."""
        self.livelock_components: tuple[str, ...] = ()
        self._env = Environment()
        self._components: list[Component] = []
        self._probes: list[Probe] = []
        self._listeners: list[Probe] = []
        """Those that hear of batches."""
        self._stop: StopReason | None = None
        self._looks: list[tuple[int, Callable[[int], None]]] = []
        self._limit_us = 0
        """No instant after this one begins as a matter of course: the end of the run, the last one
        before somebody wants to look, or none at all once it is to stop.
        """
        self._running = False
        self._late: set[int] = set()  # indices of components seen in the watched rounds

    def lane(self, name: str, phase: Phase, handler: LaneHandler) -> Lane:
        """Timers of one component; `handler(now_us, items)` gets everything due as one batch."""
        return self._register(Lane(self, name, phase, len(self._components), handler))

    def bell(self, name: str, phase: Phase, handler: BellHandler) -> Bell:
        """A level-triggered wake-up; `handler(now_us)` answers all rings of a round at once."""
        return self._register(Bell(self, name, phase, len(self._components), handler))

    def add_probe(self, probe: Probe) -> None:
        """Let an instrument listen. Components are only wrapped once one listens to batches."""
        self._probes.append(probe)
        if type(probe).on_batch is Probe.on_batch:
            return
        self._listeners.append(probe)
        if len(self._listeners) == 1:
            for component in self._components:
                self._observe(component)

    def stop(self, reason: StopReason) -> None:
        """End the run before the next instant. Safe in a signal handler; the first reason counts.

        Without a run it ends the next one before anything happens.
        """
        if self._stop is None:
            self._stop = reason
            self._limit_us = NEVER

    def before(self, t_us: int, look: Callable[[int], None]) -> None:
        """Call `look(now_us)` before the first instant at `t_us` or later, for an instrument that
        counts by periods: no event, and like a probe it only looks. It may ask anew for later.
        """
        insort(self._looks, (t_us, look), key=itemgetter(0))
        self._limit_us = min(self._limit_us, t_us - 1)

    def run(self, until_us: int) -> StopReason:
        """Let everything happen that is due up to and including `until_us`.

        `DURATION`: the clock stands at `until_us` and something is armed for later.
        `DRAINED`: nothing is armed any more; the clock stands at the last instant.
        Any other reason: the clock stands at the last instant that was processed. Can be resumed.
        """
        if until_us < self.now_us or self._running:
            raise InvariantError(f"run until {until_us} us: running or past {self.now_us} us")
        self._running = True
        self._set_limit(until_us)
        try:
            reason = self._advance(until_us)
        except _LivelockError:
            reason = StopReason.LIVELOCK
            names = (self._components[index].name for index in sorted(self._late))
            self.livelock_components = tuple(names)
        finally:
            self._running = False
            self._env._now = self.now_us
            self._late.clear()
            # What is armed between runs for this instant makes it begin again, with round 0.
            self.turn = _BEFORE_ALL
        for probe in self._probes:
            probe.on_stop(reason)
        return reason

    def event(self, turn: int) -> tuple[Event, list[Any]]:
        """For components: their event, and SimPy's queue of (time, priority, number, event)."""
        event = Event(self._env)
        event.callbacks = [lambda _: heappush(self.soon, turn)]
        event._ok = True
        event._value = None
        return event, self._env._queue

    def _advance(self, until_us: int) -> StopReason:
        """SimPy's `step` in a loop, less what our events never need: each has one callback, which
        only adds its turn to those of the instant, has succeeded, and is queued again as it is.
        """
        queue: list[Any] = self._env._queue
        soon, turns, probes = self.soon, self.turns, self._probes
        if soon and self._stop is None:
            self._resume()
        while queue:
            due_us, turn, number, event = heappop(queue)
            if due_us > self._limit_us:
                heappush(queue, (due_us, turn, number, event))
                if self._is_over(due_us, until_us):
                    break
                continue
            self.now_us = due_us
            if queue and queue[0][0] == due_us:
                self._gather(due_us, turn)
            if probes:
                for probe in probes:
                    probe.on_instant(due_us)
            handler, self.turn = turns[turn]
            handler(due_us)
            while soon:
                handler, self.turn = turns[heappop(soon)]
                handler(due_us)
        if self._stop is not None:
            return self._take_stop()
        if not queue:
            return StopReason.DRAINED
        if until_us > self.now_us:
            self.now_us = until_us
        return StopReason.DURATION

    def _set_limit(self, until_us: int) -> None:
        looks = self._looks
        self._limit_us = looks[0][0] - 1 if looks and looks[0][0] <= until_us else until_us
        if self._stop is not None:  # last, since a signal may come at any time
            self._limit_us = NEVER

    def _is_over(self, due_us: int, until_us: int) -> bool:
        """Whether the instant that is beyond the limit is none of this run."""
        if due_us > until_us or self._stop is not None:
            return True
        looks = self._looks
        while looks and looks[0][0] <= due_us:
            looks.pop(0)[1](due_us)
        self._set_limit(until_us)
        return False

    def _resume(self) -> None:
        """What was asked for since the last run, in the instant at which the clock stands."""
        now_us, soon = self.now_us, self.soon
        for probe in self._probes:
            probe.on_instant(now_us)
        while soon:
            handler, self.turn = self.turns[heappop(soon)]
            handler(now_us)

    def _gather(self, due_us: int, first: int) -> None:
        """The others that were queued for an instant, in order: a heap. Who was queued twice for it
        has one turn all the same.
        """
        queue, soon = self._env._queue, self.soon
        last = first
        while queue and queue[0][0] == due_us:
            turn = heappop(queue)[1]
            if turn != last:
                soon.append(turn)
                last = turn

    def _watch(self, turn: int) -> None:
        """A turn in one of the last rounds that are allowed, or beyond them."""
        self._late.add(turn & INDEX_MASK)
        if turn >= MAX_ROUNDS * ROUND:
            heappush(self.soon, turn)
            raise _LivelockError

    def _take_stop(self) -> StopReason:
        reason, self._stop = self._stop, None
        assert reason is not None
        return reason

    def _register(self, component: _C) -> _C:
        if len(self._components) == MAX_COMPONENTS:
            raise InvariantError(f"a clock has room for {MAX_COMPONENTS} components")
        self._components.append(component)
        if self._listeners:
            self._observe(component)
        return component

    def _observe(self, component: Any) -> None:
        handler = component.handler
        name, phase, probes = component.name, component.phase, self._listeners
        if isinstance(component, Lane):

            def observed_batch(now_us: int, items: list[Any]) -> None:
                for probe in probes:
                    probe.on_batch(name, phase, len(items))
                handler(now_us, items)

            component.handler = observed_batch
        else:

            def observed_ring(now_us: int) -> None:
                for probe in probes:
                    probe.on_batch(name, phase, 1)
                handler(now_us)

            component.handler = observed_ring
