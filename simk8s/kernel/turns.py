"""What happens on each turn of an instant, and the turn in which a ring is answered.

A turn is a number that spells round, phase and registration index. Both tables are made as they
are asked and kept for the first rounds: most instants see few of them, again and again, and to
look a turn up costs less than to work it out.

Law: what runs in a phase comes after everything that was asked for in earlier phases of its round,
and what a phase asks of itself or of an earlier one is answered in the next round.
"""

from __future__ import annotations

from collections.abc import Callable

PHASE_ROOM = 16
"""Phases a round has room for."""
COMPONENT_BITS = 12
MAX_COMPONENTS = 1 << COMPONENT_BITS
"""Lanes and bells one clock can have: turn = (round * PHASE_ROOM + phase) * MAX_COMPONENTS +
registration index.
"""
INDEX_MASK = MAX_COMPONENTS - 1
ROUND = PHASE_ROOM * MAX_COMPONENTS
"""Turns of one round."""
ROUND_MASK = ~(ROUND - 1)
MAX_ROUNDS = 10_000
"""More rounds in one instant than this are a livelock."""
WATCHED_TURN = (MAX_ROUNDS - 100) * ROUND
"""From here on the clock wants to know who runs: those are the ones to name."""
KEPT = 8 * ROUND
"""Turns before this one, of the first rounds, are remembered."""
Handler = Callable[[int], None]


class Turns(dict[int, tuple[Handler, int]]):
    """By turn: who runs, and the last turn of its round and phase, which is what `Clock.turn` says
    meanwhile. `watch` is told of turns in the last rounds that are allowed.
    """

    def __init__(self, watch: Callable[[int], None]) -> None:
        super().__init__()
        self._watch = watch
        self._handlers: list[Handler] = []

    def add(self, handler: Handler) -> None:
        """What the next component does on its turn."""
        self._handlers.append(handler)

    def change(self, index: int, handler: Handler) -> None:
        """It does something else from now on."""
        self._handlers[index] = handler
        self.clear()

    def __missing__(self, turn: int) -> tuple[Handler, int]:
        if turn >= WATCHED_TURN:
            self._watch(turn)
        found = self._handlers[turn & INDEX_MASK], turn | INDEX_MASK
        if turn < KEPT:
            self[turn] = found
        return found


class Answers(dict[int, int]):
    """By what `Clock.turn` says: the next turn of one component."""

    def __init__(self, priority: int) -> None:
        super().__init__()
        self._priority = priority

    def __missing__(self, running: int) -> int:
        turn = (running & ROUND_MASK) + self._priority
        if turn <= running:
            turn += ROUND
        if running < KEPT:
            self[running] = turn
        return turn
