"""A level-triggered bell: "look again", however often and by whomever it was rung.

Law: a ring is answered by one call of the handler after the ring; rings for the same (instant,
round) are one. `ring` is answered in this round if the bell's phase is still to come, otherwise in
the next round of the same instant.

How: a bell may be queued more than once for an instant that is to come; the clock sees to it that
it is answered once (`Clock._gather`).
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappush
from operator import index as as_int
from typing import TYPE_CHECKING

from simk8s.kernel.component import Component

if TYPE_CHECKING:
    from simk8s.kernel.clock import Clock
    from simk8s.kernel.phase import Phase
    from simk8s.kernel.turns import Answers

BellHandler = Callable[[int], None]


class Bell(Component):
    """Wakes one component; see the module's law."""

    __slots__ = ("_armed_us", "_handler", "ring")

    ring: Callable[[], None]
    """Wake up in this instant."""

    def __init__(
        self, clock: Clock, name: str, phase: Phase, index: int, handler: BellHandler
    ) -> None:
        super().__init__(clock, name, phase, index)
        self._armed_us = -1
        """The instant it was armed for last: many are often rung for the same one in a row."""
        self.handler = handler
        self.ring = _ringer(clock, self._answers)

    @property
    def handler(self) -> BellHandler:
        """What answers; the clock calls it directly, so nothing stands in between."""
        return self._handler

    @handler.setter
    def handler(self, handler: BellHandler) -> None:
        self._handler = handler
        self._clock.turns.change(self.index, handler)

    def ring_at(self, t_us: int) -> None:
        """Wake up at `t_us`, which must not lie in the past."""
        now_us = self._clock.now_us
        if t_us > now_us:
            if t_us != self._armed_us:
                self._armed_us = t_us = as_int(t_us)
                heappush(self._queue, (t_us, self._priority, 0, self._event))
        elif t_us == now_us:
            self.ring()
        else:
            self._refuse_past(t_us)


def _ringer(clock: Clock, answers: Answers) -> Callable[[], None]:
    """`ring` of one bell, with what it needs at hand: nothing is called more often."""
    soon = clock.soon

    def ring() -> None:
        turn = answers[clock.turn]
        if turn not in soon:
            heappush(soon, turn)

    return ring
