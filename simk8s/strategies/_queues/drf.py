"""Dominant Resource Fairness: whoever has the least of its dominant resource goes next.

A user's dominant share is the largest, over resources, of what its running tasks hold over what
there is, divided by its weight.

Law: exact, in fractions; ties by the order in which users first came.

Mirrors: Ghodsi, Zaharia, Hindman, Konwinski, Shenker and Stoica, *Dominant Resource Fairness*,
NSDI 2011, algorithm 1, with one weight a user. Departs: other users go on
behind a task that does not fit if `passing` (nothing that could run lies idle).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from simk8s.strategies._queues.quota import Amounts


class Shares:
    """What each user holds, out of so much."""

    def __init__(self, capacity: Amounts, weights: Mapping[str, float] | None = None) -> None:
        self.capacity = capacity
        self._weights = {name: Fraction(w) for name, w in (weights or {}).items()}
        self._held: dict[str, dict[str, int]] = {}

    def hold(self, user: str, amounts: Amounts, sign: int = 1) -> None:
        """A task of a user runs (or, with −1, no longer)."""
        held = self._held.setdefault(user, {})
        for resource, amount in amounts.items():
            held[resource] = held.get(resource, 0) + sign * amount

    def of(self, user: str, more: Amounts | None = None) -> Fraction:
        """Its weighted dominant share, with so much more."""
        held, found = self._held.get(user, {}), Fraction(0)
        for resource in {**held, **(more or {})}:
            whole = self.capacity.get(resource, 0)
            amount = held.get(resource, 0) + (more or {}).get(resource, 0)
            if amount and whole:
                found = max(found, Fraction(amount, whole))
        return found / self._weights.get(user, Fraction(1))


def fill(
    users: Sequence[str],
    shares: Shares,
    start: Callable[[str], bool | None],
    *,
    passing: bool = True,
) -> None:
    """Let the user with the least share start its next task, over and over. `start` says whether
    it could (and holds its amounts in `shares`); None if the user has no task left.
    """
    waiting = list(users)
    while waiting:
        user = min(waiting, key=shares.of)
        started = start(user)
        if started:
            continue
        if started is False and not passing:
            return
        waiting.remove(user)
