"""Many timers of one component, few events: everything due at an instant is one batch.

Law: the handler receives all items due at (instant, round) in the order in which they were added.
Items added for the running instant arrive in this round if the lane's phase is still to come,
otherwise in the next; a lane that adds to itself is called again in the next round.
Timers are never cancelled: whoever changes his mind lets a stale item fall through.

How: a dict from instant to items and a heap of the distinct instants. Only the earliest instant is
armed; when an earlier one arrives it is armed on top, so the armed instants form a stack whose top
is the earliest, and no event is ever stale. Items for the running instant wait by their turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from operator import index as as_int
from typing import TYPE_CHECKING, Any

from simk8s.kernel.component import Component
from simk8s.kernel.turns import INDEX_MASK

if TYPE_CHECKING:
    from simk8s.kernel.clock import Clock
    from simk8s.kernel.phase import Phase

LaneHandler = Callable[[int, list[Any]], None]


class Lane(Component):
    """Timers with an item each; see the module's law."""

    __slots__ = ("_armed", "_due", "_rounds", "_times", "handler")

    def __init__(
        self, clock: Clock, name: str, phase: Phase, index: int, handler: LaneHandler
    ) -> None:
        super().__init__(clock, name, phase, index)
        self.handler = handler
        self._due: dict[int, list[Any]] = {}
        self._times: list[int] = []
        self._armed: list[int] = []
        # Items added in the running instant, by what `Clock.turn` says on its turn: at most this
        # one and that of the next round.
        self._rounds: dict[int, list[Any]] = {}

    def at(self, t_us: int, item: Any) -> None:
        """Hand `item` over at `t_us`, which must not lie in the past."""
        clock = self._clock
        now_us = clock.now_us
        if t_us > now_us:
            items = self._due.get(t_us)
            if items is not None:
                items.append(item)
                return
            t_us = as_int(t_us)  # a float or a numpy integer must not become the clock's time
            self._due[t_us] = [item]
            heappush(self._times, t_us)
            armed = self._armed
            if not armed or t_us < armed[-1]:
                armed.append(t_us)
                heappush(self._queue, (t_us, self._priority, 0, self._event))
        elif t_us == now_us:
            self.now(item)
        else:
            self._refuse_past(t_us)

    def now(self, item: Any) -> None:
        """Hand `item` over in the running instant."""
        clock, rounds = self._clock, self._rounds
        turn = self._answers[clock.turn]
        if turn == self._priority and self._armed and self._armed[-1] == clock.now_us:
            self._due[clock.now_us].append(item)  # armed beforehand, and its turn is to come
            return
        place = turn | INDEX_MASK
        if place in rounds:
            rounds[place].append(item)
        else:
            rounds[place] = [item]
            heappush(self._soon, turn)

    def after(self, delay_us: int, item: Any) -> None:
        """Hand `item` over `delay_us` from now."""
        self.at(self._clock.now_us + delay_us, item)

    def pending(self) -> Iterator[Any]:
        """Items not handed over yet, in order of time. For what happens rarely: it looks at all."""
        for items in self._rounds.values():
            yield from items
        for t_us in sorted(self._due):
            yield from self._due[t_us]

    def withdraw(self) -> list[Any]:
        """Take back all items that were not handed over yet; their turns find nothing."""
        items = list(self.pending())
        for waiting in (*self._rounds.values(), *self._due.values()):
            waiting.clear()
        return items

    def __len__(self) -> int:
        """Items not handed over yet. Counted on demand: not for a hot path."""
        return sum(map(len, self._due.values())) + sum(map(len, self._rounds.values()))

    def fire(self, now_us: int) -> None:
        """Its turn has come."""
        armed = self._armed
        if armed and armed[-1] == now_us:
            armed.pop()
            times = self._times
            heappop(times)
            if times and (not armed or times[0] < armed[-1]):
                next_us = times[0]
                armed.append(next_us)
                heappush(self._queue, (next_us, self._priority, 0, self._event))
            self.handler(now_us, self._due.pop(now_us))
        else:
            self.handler(now_us, self._rounds.pop(self._clock.turn))
