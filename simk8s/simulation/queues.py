"""Samples the queues of a strategy that has some: the table `queues`.

Law: sampling reads. A strategy without queues writes no row, and the table is not there.
"""

from __future__ import annotations

from collections.abc import Callable

from simk8s.record.recorder import Recorder
from simk8s.simulation.sampler import Sampler
from simk8s.strategies.base import Strategy

POINTS = 200


def sample_queues(strategy: Strategy, sampler: Sampler, recorder: Recorder) -> None:
    """At every so many samples, what its queues say, if it is a strategy that has queues."""
    if type(strategy).queue_rows is not Strategy.queue_rows:
        sampler.also = _QueueSampler(strategy, sampler, recorder)


class _QueueSampler:
    """Beside whoever samples, too."""

    def __init__(self, strategy: Strategy, sampler: Sampler, recorder: Recorder) -> None:
        self._strategy, self._append = strategy, recorder.queues.append
        self._also: Callable[..., None] | None = sampler.also
        self._every = max(-(-sampler.samples // POINTS), 1)
        self._taken = 0

    def __call__(self, now_us: int, *, last: bool = False) -> None:
        """A sample of everything else is taken now."""
        if self._also is not None:
            self._also(now_us, last=last)
        due = self._taken % self._every == 0
        self._taken += 1
        if due or last:
            for row in self._strategy.queue_rows():
                self._append((now_us, *row))
