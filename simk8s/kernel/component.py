"""What lanes and bells have in common: a place in the order of an instant, and one event.

Law: in one (instant, round, phase) components run in the order of their registration, whatever
the order in which they were armed. The registration index is therefore part of the priority;
`MAX_COMPONENTS` is the room it has there.
A component owns a single event object, queued once for every instant it is armed for beforehand:
time and priority are unique in the queue, so SimPy's third number, which breaks ties, is always 0.
Within the running instant its turn is a number, `priority`, in the heap `Clock.soon`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from simk8s.errors import InvariantError

if TYPE_CHECKING:
    from simk8s.kernel.clock import Clock
    from simk8s.kernel.phase import Phase

PHASE_ROOM = 16
"""Slots per round: slot = round * PHASE_ROOM + phase."""
ROUND_MASK = ~(PHASE_ROOM - 1)
COMPONENT_BITS = 12
MAX_COMPONENTS = 1 << COMPONENT_BITS
"""Lanes and bells one clock can have: priority = slot * MAX_COMPONENTS + registration index."""
MAX_ROUNDS = 10_000
"""More rounds in one instant than this are a livelock."""
WATCHED_SLOT = (MAX_ROUNDS - 100) * PHASE_ROOM
"""From here on the clock wants to know who runs: those are the ones to name."""


class Component:
    """A named participant in the instants of one clock."""

    __slots__ = (
        "_clock", "_event", "_phase", "_priority", "_queue", "_soon", "index", "name", "phase",
    )  # fmt: skip

    def __init__(self, clock: Clock, name: str, phase: Phase, index: int) -> None:
        self.name = name
        self.phase = phase
        self.index = index
        self._clock = clock
        self._phase = int(phase)
        self._priority = self._phase * MAX_COMPONENTS + index
        self._soon = clock.soon
        self._event, self._queue = clock.event(self._priority)
        clock.turns.append(self.fire)

    def fire(self, now_us: int) -> None:
        """Its turn has come."""
        raise InvariantError(f"{self.name}: a component must say what it does on its turn")

    def _refuse_past(self, t_us: int) -> NoReturn:
        raise InvariantError(
            f"{self.name}: armed for t={t_us} us, but the clock stands at {self._clock.now_us} us"
        )
