"""A level-triggered bell: "look again", however often and by whomever it was rung.

Law: a ring is answered by one call of the handler after the ring; rings for the same (instant,
round) are one. `ring` is answered in this round if the bell's phase is still to come, otherwise in
the next round of the same instant.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappush
from operator import index as as_int
from typing import TYPE_CHECKING, Any

from simk8s.kernel.component import WATCHED_SLOT, Component

if TYPE_CHECKING:
    from simk8s.kernel.clock import Clock
    from simk8s.kernel.phase import Phase

BellHandler = Callable[[int], None]


class Bell(Component):
    """Wakes one component; see the module's law."""

    __slots__ = ("_later", "_rung", "handler")

    def __init__(
        self, clock: Clock, name: str, phase: Phase, index: int, handler: BellHandler
    ) -> None:
        super().__init__(clock, name, phase, index)
        self.handler = handler
        self._rung: set[int] = set()  # instants not answered yet; never iterated
        # Later rounds of the running instant: slots in growing order, at most this and the next.
        self._later: list[int] = []

    def ring(self) -> None:
        """Wake up in this instant."""
        self.ring_at(self._clock.now_us)

    def ring_at(self, t_us: int) -> None:
        """Wake up at `t_us`, which must not lie in the past."""
        clock = self._clock
        now_us = clock.now_us
        if t_us > now_us or (t_us == now_us and clock.slot < self._phase):
            if t_us not in self._rung:
                t_us = as_int(t_us)
                self._rung.add(t_us)
                heappush(self._queue, (t_us, self._priority, 0, self._event))
        elif t_us == now_us:
            slot = self._later_slot()
            if not self._later or self._later[-1] != slot:
                self._later.append(slot)
                self.rearm(slot)
        else:
            self._refuse_past(t_us)

    def _fire(self, event: Any) -> None:
        clock = self._clock
        now_us = clock.now_us
        if now_us in self._rung:
            self._rung.remove(now_us)
            clock.slot = self._phase
        else:
            slot = self._later[0]
            if slot < WATCHED_SLOT:
                clock.slot = slot
            else:
                clock.enter_round(self, slot)
            del self._later[0]
        self.handler(now_us)
