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

from simk8s.kernel.component import COMPONENT_BITS, PHASE_ROOM, ROUND_MASK, Component

if TYPE_CHECKING:
    from simk8s.kernel.clock import Clock
    from simk8s.kernel.phase import Phase

BellHandler = Callable[[int], None]


class Bell(Component):
    """Wakes one component; see the module's law."""

    __slots__ = ("_rung", "handler")

    def __init__(
        self, clock: Clock, name: str, phase: Phase, index: int, handler: BellHandler
    ) -> None:
        super().__init__(clock, name, phase, index)
        self.handler = handler
        self._rung: set[int] = set()  # instants to come; never iterated

    def ring(self) -> None:
        """Wake up in this instant."""
        running = self._clock.slot
        slot = (running & ROUND_MASK) + self._phase
        if slot <= running:
            slot += PHASE_ROOM
        turn = slot << COMPONENT_BITS | self.index
        soon = self._soon
        if turn not in soon:
            heappush(soon, turn)

    def ring_at(self, t_us: int) -> None:
        """Wake up at `t_us`, which must not lie in the past."""
        now_us = self._clock.now_us
        if t_us > now_us:
            if t_us not in self._rung:
                t_us = as_int(t_us)
                self._rung.add(t_us)
                heappush(self._queue, (t_us, self._priority, 0, self._event))
        elif t_us == now_us:
            self.ring()
        else:
            self._refuse_past(t_us)

    def fire(self, now_us: int) -> None:
        """Its turn has come."""
        if self._rung:
            self._rung.discard(now_us)
        self.handler(now_us)
