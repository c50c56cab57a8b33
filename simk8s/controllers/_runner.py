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
from simk8s.controllers._informers import Informers, Subscriptions
from simk8s.controllers._listing import Listing
from simk8s.controllers.base import (
    Context,
    Controller,
    Moments,
    NoteSolve,
    Pause,
    Result,
    Steps,
    unnoted,
)
from simk8s.kernel.clock import Clock
from simk8s.kernel.phase import Phase
from simk8s.kernel.workqueue import WorkQueue
from simk8s.record.measure import Measure


class _Work:
    """A reconcile that is waiting for its writes."""

    __slots__ = ("key", "life", "results", "steps", "waiting")

    def __init__(self, key: Any, steps: Steps, life: int) -> None:
        self.key = key
        self.life = life
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
        watches: Informers,
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
        self._life = 0
        """How often its process has died: what an earlier one began goes no further."""
        self._halted: list[_Work] = []
        """Of a process that is only stopped: reconciles whose writes are answered."""
        self._stopped = False
        self._service_us = flags.service
        self._pauses = clock.lane(f"{name}/pauses", Phase.RELEASE, self._resume)
        self._closing = clock.lane(f"{name}/closing", Phase.RELEASE, self._close)
        events = Events(self.client)
        self._watches = own = Subscriptions(watches)
        self._made, self._params = made, params
        self._context = Context(
            store, self.client, self.queue, own, moments, draws, clock, events, note_solve
        )
        self.controller = made(params, self._context)

    def row(self, elapsed_us: int) -> tuple[object, ...]:
        """The row of the `controllers` table."""
        client = self.client
        return self.measure.row(elapsed_us, client.writes, client.throttled_us, client.conflicts)

    def _reconcile(self, now_us: int, key: Any) -> int | None:
        answer = self.controller.reconcile(key, now_us)
        if isinstance(answer, Result):
            self._settle(key, answer)
            return self._service_us
        self._advance(_Work(key, answer, self._life), None)
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
            self._go_on(work, [])

    def _stored(self, work: _Work, place: int, now_us: int, result: Any) -> None:
        work.results[place] = result
        work.waiting -= 1
        if was_refused(result):
            self.client.conflicts += 1
        if not work.waiting:
            self._go_on(work, work.results)

    def _go_on(self, work: _Work, results: list[Any]) -> None:
        """Unless nobody is there to do so."""
        if work.life != self._life:
            return
        if self._stopped:
            work.results = results
            self._halted.append(work)
        else:
            self._advance(work, results)

    def halt(self) -> None:
        """Nobody leads: nothing is begun, nothing goes on; what was not sent yet never will be."""
        self._stopped = True
        self.queue.halt()
        if not self.controller.survives:
            self._life += 1
            self._watches.end()
            self.client.die()

    def resume(self, now_us: int, listing: Listing) -> None:
        """Another instance leads, which knows no more than the API tells."""
        self._stopped = False
        answered, self._halted = self._halted, []
        if not self.controller.survives:
            self._rebuild(now_us, listing)
        self.queue.resume()
        for work in answered:
            self._advance(work, work.results)

    def _rebuild(self, now_us: int, listing: Listing) -> None:
        before = self.controller
        self.client.die()
        self.queue.clear()
        self._watches.begin()
        self.controller = self._made(self._params, self._context)
        self.controller.inherit(before, now_us)
        self._watches.list_all(now_us, listing)

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
