"""Client-go's work queue, and the workers behind it.

Law: a key is never worked on by two workers at once, and is queued at most once. A key added while
it is being worked on is queued once more when that work is done; a key added while it is queued is
the same key. Of several delayed additions of a key the earliest counts.
*Mirrors* client-go util/workqueue v1.36 (queue, delaying queue, rate-limited queue).
*Departs*: what is added for the running instant is picked up in the next round of that instant.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Hashable
from typing import Any

from simk8s.errors import InvariantError
from simk8s.kernel.clock import Clock
from simk8s.kernel.phase import Phase
from simk8s.kernel.ratelimit import RetryLimiter

Reconcile = Callable[[int, Any], int | None]
"""`reconcile(now_us, key)`: how long the worker is busy, or None if `done` will be called."""


class KeyQueue:
    """The sets behind the law, without time."""

    __slots__ = ("_dirty", "_processing", "_queue")

    def __init__(self) -> None:
        self._queue: deque[Hashable] = deque()
        self._dirty: set[Hashable] = set()  # has work to be done; never iterated
        self._processing: set[Hashable] = set()

    def __len__(self) -> int:
        return len(self._queue)

    def add(self, key: Hashable) -> bool:
        """Note that the key has work; False if that was known already."""
        if key in self._dirty:
            return False
        self._dirty.add(key)
        if key not in self._processing:
            self._queue.append(key)
        return True

    def get(self) -> Hashable:
        """The next key, which is being worked on from now on."""
        key = self._queue.popleft()
        self._processing.add(key)
        self._dirty.discard(key)
        return key

    def done(self, key: Hashable) -> bool:
        """The work on the key has ended; True if it is queued again."""
        self._processing.discard(key)
        if key not in self._dirty:
            return False
        self._queue.append(key)
        return True


class WorkQueue:
    """A queue of keys and `workers` that reconcile them, on a clock."""

    def __init__(
        self,
        clock: Clock,
        name: str,
        workers: int,
        reconcile: Reconcile,
        limiter: RetryLimiter | None = None,
    ) -> None:
        if workers < 1:
            raise InvariantError(f"{name}: needs a worker, has {workers}")
        self.name = name
        self.workers = workers
        self.limiter = limiter if limiter is not None else RetryLimiter()
        self.adds = 0
        self.retries = 0
        self.depth_max = 0
        self.waits_us = array("q")
        """Per reconcile: from the addition to the start."""
        self.services_us = array("q")
        """Per finished reconcile: from the start to the end."""
        self._clock = clock
        self._reconcile = reconcile
        self._keys = KeyQueue()
        self._idle = workers
        self._added_us: dict[Hashable, int] = {}
        self._started_us: dict[Hashable, int] = {}
        self._ready_us: dict[Hashable, int] = {}
        self._finished = clock.lane(f"{name}/finished", Phase.RELEASE, self._finish)
        self._delayed = clock.lane(f"{name}/delayed", Phase.RELEASE, self._ripen)
        self._bell = clock.bell(name, Phase.RECONCILE, self._work)

    def __len__(self) -> int:
        """Keys that wait for a worker."""
        return len(self._keys)

    @property
    def busy_us(self) -> int:
        """Worker time spent on finished reconciles."""
        return sum(self.services_us)

    def add(self, key: Hashable) -> None:
        """The key has work."""
        if self._keys.add(key):
            self.adds += 1
            self._added_us[key] = self._clock.now_us
            depth = len(self._keys)
            if depth > self.depth_max:
                self.depth_max = depth
            if self._idle:
                self._bell.ring()

    def add_after(self, key: Hashable, delay_us: int) -> None:
        """The key will have work `delay_us` from now."""
        if delay_us <= 0:
            self.add(key)
            return
        ready_us = self._clock.now_us + delay_us
        known_us = self._ready_us.get(key)
        if known_us is None or ready_us < known_us:
            self._ready_us[key] = ready_us
            self._delayed.at(ready_us, key)

    def add_rate_limited(self, key: Hashable) -> None:
        """The key has failed: try again when the limiter allows."""
        self.retries += 1
        self.add_after(key, self.limiter.when(self._clock.now_us, key))

    def forget(self, key: Hashable) -> None:
        """The key has succeeded: its next failure is its first."""
        self.limiter.backoff.forget(key)

    def done(self, key: Hashable) -> None:
        """The worker that reconciled the key is free again."""
        started_us = self._started_us.pop(key, None)
        if started_us is None:  # its worker died in between
            return
        self.services_us.append(self._clock.now_us - started_us)
        self._idle += 1
        self._keys.done(key)
        if self._keys:
            self._bell.ring()

    def halt(self) -> None:
        """Its workers are dead: keys come and wait."""
        self._bell.handler = _nothing

    def resume(self) -> None:
        """There are workers again."""
        self._bell.handler = self._work
        if self._keys:
            self._bell.ring()

    def clear(self) -> None:
        """Another process: no key, no date and no failure is known, and nobody is at work."""
        self._keys, self._idle = KeyQueue(), self.workers
        self.limiter = RetryLimiter()
        for known in (self._added_us, self._started_us, self._ready_us):
            known.clear()

    def _work(self, now_us: int) -> None:
        keys = self._keys
        for _ in range(len(keys)):  # what is queued meanwhile waits for the next round
            if not self._idle:
                return
            key = keys.get()
            self.waits_us.append(now_us - self._added_us.pop(key))
            self._started_us[key] = now_us
            self._idle -= 1
            busy_us = self._reconcile(now_us, key)
            if busy_us == 0:
                self.done(key)
            elif busy_us is not None:
                self._finished.at(now_us + busy_us, key)

    def _finish(self, now_us: int, keys: list[Any]) -> None:
        for key in keys:
            self.done(key)

    def _ripen(self, now_us: int, keys: list[Any]) -> None:
        for key in keys:
            if self._ready_us.get(key) == now_us:  # otherwise an earlier addition came first
                del self._ready_us[key]
                self.add(key)


def _nothing(now_us: int) -> None:
    """Nobody works."""
