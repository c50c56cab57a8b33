"""Rounds of a controller that looks at the whole cluster every so often.

Law: rounds are at whole multiples of the interval, the first not before one interval has passed;
one before which nobody has called `arm` is not simulated.
"""

from __future__ import annotations

from simk8s.controllers.base import Queue


class Rounds:
    """When a controller's next round is; its key in the queue is a round."""

    def __init__(self, queue: Queue, key: str, interval_us: int) -> None:
        self._queue, self._key, self._interval_us = queue, key, interval_us
        self._last_us = -1

    def arm(self, now_us: int) -> None:
        """Let there be the next round."""
        interval_us = self._interval_us
        next_us = max(-(-now_us // interval_us), 1) * interval_us
        if next_us == self._last_us:
            next_us += interval_us
        self._queue.add_after(self._key, next_us - now_us)

    def due(self, now_us: int) -> bool:
        """Whether this instant is a round's, which begins it; otherwise the next one is armed."""
        if now_us % self._interval_us or now_us == self._last_us:
            self.arm(now_us)
            return False
        self._last_us = now_us
        return True
