"""What lanes and bells have in common: a place in the order of an instant, and one event.

Law: in one (instant, round, phase) components run in the order of their registration, whatever
the order in which they were armed. The registration index is therefore part of the priority;
`MAX_COMPONENTS` is the room it has there.
A component owns a single event object, queued once for every (instant, round) it is armed for:
time and priority are unique in the queue, so SimPy's third number, which breaks ties, is always 0.
"""

from __future__ import annotations

from heapq import heappush
from typing import TYPE_CHECKING, Any, NoReturn

from simk8s.errors import InvariantError

if TYPE_CHECKING:
    from simk8s.kernel.clock import Clock
    from simk8s.kernel.phase import Phase

PHASE_ROOM = 16
"""Slots per round: slot = round * PHASE_ROOM + phase."""
PHASE_MASK = PHASE_ROOM - 1
MAX_COMPONENTS = 4096
"""Lanes and bells one clock can have: priority = slot * MAX_COMPONENTS + registration index."""
MAX_ROUNDS = 10_000
"""More rounds in one instant than this are a livelock."""
WATCHED_SLOT = (MAX_ROUNDS - 100) * PHASE_ROOM
"""From here on the clock wants to know who runs: those are the ones to name."""


class Component:
    """A named participant in the instants of one clock."""

    __slots__ = ("_clock", "_event", "_phase", "_priority", "_queue", "index", "name", "phase")

    def __init__(self, clock: Clock, name: str, phase: Phase, index: int) -> None:
        self.name = name
        self.phase = phase
        self.index = index
        self._clock = clock
        self._phase = int(phase)
        self._priority = self._phase * MAX_COMPONENTS + index
        self._event, self._queue = clock.event(self._fire)

    def _fire(self, event: Any) -> None:
        raise InvariantError(f"{self.name}: a component must say what it does on its turn")

    def _later_slot(self) -> int:
        """The first slot of ours that comes after the running one in this instant."""
        running = self._clock.slot
        slot = running - (running & PHASE_MASK) + self._phase
        return slot if slot > running else slot + PHASE_ROOM

    def rearm(self, slot: int) -> None:
        """Queue the event for a slot of the running instant."""
        priority = slot * MAX_COMPONENTS + self.index
        heappush(self._queue, (self._clock.now_us, priority, 0, self._event))

    def _refuse_past(self, t_us: int) -> NoReturn:
        raise InvariantError(
            f"{self.name}: armed for t={t_us} us, but the clock stands at {self._clock.now_us} us"
        )
