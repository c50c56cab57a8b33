"""What lanes and bells have in common: a place in the order of an instant, and one event.

Law: in one (instant, round, phase) components run in the order of their registration, whatever
the order in which they were armed. The registration index is therefore part of the priority;
`MAX_COMPONENTS` is the room it has there.
A component owns a single event object, queued once for every instant it is armed for beforehand:
time and priority are unique in the queue, so SimPy's third number, which breaks ties, is always 0.
Within the running instant its turn is a number in the heap `Clock.soon`: in round 0 its priority.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from simk8s.errors import InvariantError
from simk8s.kernel.turns import MAX_COMPONENTS, Answers

if TYPE_CHECKING:
    from simk8s.kernel.clock import Clock
    from simk8s.kernel.phase import Phase


class Component:
    """A named participant in the instants of one clock."""

    __slots__ = (
        "_answers", "_clock", "_event", "_priority", "_queue", "_soon", "index", "name", "phase",
    )  # fmt: skip

    def __init__(self, clock: Clock, name: str, phase: Phase, index: int) -> None:
        self.name = name
        self.phase = phase
        self.index = index
        self._clock = clock
        self._priority = int(phase) * MAX_COMPONENTS + index
        self._answers = Answers(self._priority)
        self._soon = clock.soon
        self._event, self._queue = clock.event(self._priority)
        clock.turns.add(self.fire)

    def fire(self, now_us: int) -> None:
        """Its turn has come."""
        raise InvariantError(f"{self.name}: a component must say what it does on its turn")

    def _refuse_past(self, t_us: int) -> NoReturn:
        raise InvariantError(
            f"{self.name}: armed for t={t_us} us, but the clock stands at {self._clock.now_us} us"
        )
