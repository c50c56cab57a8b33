"""A level-triggered bell: "look again", however often and by whomever it was rung.

Law: a ring is answered by one call of the handler after the ring; rings for the same (instant,
round) are one. `ring` is answered in this round if the bell's phase is still to come, otherwise in
the next round of the same instant.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappush
from operator import index as as_int
from typing import TYPE_CHECKING

from simk8s.kernel.component import ROUND, ROUND_MASK, Component

if TYPE_CHECKING:
    from simk8s.kernel.clock import Clock
    from simk8s.kernel.phase import Phase

BellHandler = Callable[[int], None]
ROOM = 64
"""So many instants are remembered before those that have passed are dropped."""


class Bell(Component):
    """Wakes one component; see the module's law."""

    __slots__ = ("_handler", "_room", "_rung")

    def __init__(
        self, clock: Clock, name: str, phase: Phase, index: int, handler: BellHandler
    ) -> None:
        super().__init__(clock, name, phase, index)
        self._rung: set[int] = set()  # instants it is armed for, and some that have passed
        self._room = ROOM
        self.handler = handler

    @property
    def handler(self) -> BellHandler:
        """What answers; the clock calls it directly, so nothing stands in between."""
        return self._handler

    @handler.setter
    def handler(self, handler: BellHandler) -> None:
        self._handler = self._clock.turns[self.index] = handler

    def ring(self) -> None:
        """Wake up in this instant."""
        running = self._clock.turn
        turn = (running & ROUND_MASK) + self._priority
        if turn <= running:
            turn += ROUND
        soon = self._soon
        if turn not in soon:
            heappush(soon, turn)

    def ring_at(self, t_us: int) -> None:
        """Wake up at `t_us`, which must not lie in the past."""
        now_us = self._clock.now_us
        if t_us > now_us:
            if t_us not in self._rung:
                t_us = as_int(t_us)
                if len(self._rung) >= self._room:
                    self._forget(now_us)
                self._rung.add(t_us)
                heappush(self._queue, (t_us, self._priority, 0, self._event))
        elif t_us == now_us:
            self.ring()
        else:
            self._refuse_past(t_us)

    def _forget(self, now_us: int) -> None:
        """Instants that have passed; half of the room is free afterwards."""
        self._rung = {t_us for t_us in self._rung if t_us > now_us}
        self._room = max(ROOM, 2 * len(self._rung))
