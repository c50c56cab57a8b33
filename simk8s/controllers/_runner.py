"""Runs one controller: its work queue and workers, its client, its measurements.

Law: a worker is busy from the start of a reconcile until everything that it wrote is stored, and
`service` µs on top; a refused write counts as a conflict.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from numpy import random

from simk8s.api.client import Client
from simk8s.api.events import Events
from simk8s.api.refused import was_refused
from simk8s.api.server import ApiServer
from simk8s.api.store import Store
from simk8s.controllers._flags import Flags
from simk8s.controllers.base import (
    Context,
    Controller,
    Moments,
    NoteSolve,
    Pause,
    Result,
    Steps,
    Watches,
    unnoted,
)
from simk8s.kernel.clock import Clock
from simk8s.kernel.phase import Phase
from simk8s.kernel.workqueue import WorkQueue
from simk8s.record.measure import Measure


class _Work:
    """A reconcile that is waiting for its writes."""

    __slots__ = ("key", "results", "steps", "waiting")

    def __init__(self, key: Any, steps: Steps) -> None:
        self.key = key
        self.steps = steps
        self.results: list[Any] = []
        self.waiting = 0


class Runner:
    """One controller at work."""

    def __init__(
        self,
        made: type[Controller],
        params: Any,
        clock: Clock,
        store: Store,
        server: ApiServer,
        watches: Watches,
        moments: Moments,
        draws: random.Generator,
        throttled: bool = True,
        note_solve: NoteSolve = unnoted,
    ) -> None:
        flags = params if isinstance(params, Flags) else Flags()
        name, workers = f"controller/{made.name}", flags.workers or made.workers
        qps = flags.qps if throttled else 0.0
        self.name = made.name
        self.client = Client(clock, server, name, qps, flags.burst)
        self.queue = WorkQueue(clock, name, workers, self._reconcile)
        self.measure = Measure(made.name, workers)
        self.measure.waits_us = self.queue.waits_us
        self.measure.services_us = self.queue.services_us
        self._clock = clock
        self._halted: list[_Work] | None = None
        """While nobody leads: reconciles whose writes are answered."""
        self._service_us = flags.service
        self._pauses = clock.lane(f"{name}/pauses", Phase.RELEASE, self._resume)
        self._closing = clock.lane(f"{name}/closing", Phase.RELEASE, self._close)
        events = Events(self.client)
        context = Context(
            store, self.client, self.queue, watches, moments, draws, clock, events, note_solve
        )
        self.controller = made(params, context)

    def row(self, elapsed_us: int) -> tuple[object, ...]:
        """The row of the `controllers` table."""
        client = self.client
        return self.measure.row(elapsed_us, client.writes, client.throttled_us, client.conflicts)

    def _reconcile(self, now_us: int, key: Any) -> int | None:
        answer = self.controller.reconcile(key, now_us)
        if isinstance(answer, Result):
            self._settle(key, answer)
            return self._service_us
        self._advance(_Work(key, answer), None)
        return None

    def _advance(self, work: _Work, results: list[Any] | None) -> None:
        """Go on with a reconcile until it waits for a write or ends."""
        try:
            writes = next(work.steps) if results is None else work.steps.send(results)
            while not writes:
                writes = work.steps.send([])
        except StopIteration as stop:
            self._settle(work.key, stop.value)
            self._closing.after(self._service_us, work.key)
            return
        if isinstance(writes, Pause):
            self._pauses.after(writes.us, work)
            return
        work.waiting = len(writes)
        work.results = [None] * len(writes)
        write = self.client.write
        for place, (op, args) in enumerate(writes):
            write(op, *args, done=partial(self._stored, work, place))

    def _resume(self, now_us: int, works: list[_Work]) -> None:
        for work in works:
            self._advance(work, [])

    def _stored(self, work: _Work, place: int, now_us: int, result: Any) -> None:
        work.results[place] = result
        work.waiting -= 1
        if was_refused(result):
            self.client.conflicts += 1
        if work.waiting:
            return
        if self._halted is not None:
            self._halted.append(work)
        else:
            self._advance(work, work.results)

    def halt(self) -> None:
        """Nobody leads: nothing is begun, nothing goes on."""
        self._halted = []
        self.queue.halt()

    def resume(self) -> None:
        """Another instance leads."""
        answered, self._halted = self._halted or [], None
        self.queue.resume()
        self.controller.taken_over(self._clock.now_us)
        for work in answered:
            self._advance(work, work.results)

    def _settle(self, key: Any, result: Result) -> None:
        if result.failed:
            self.queue.add_rate_limited(key)
            return
        self.queue.forget(key)
        if result.requeue_after_us is not None:
            self.queue.add_after(key, result.requeue_after_us)

    def _close(self, now_us: int, keys: list[Any]) -> None:
        for key in keys:
            self.queue.done(key)
