"""kube-controller-manager: the controllers of one process and the informers that they share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simk8s.api.server import ApiServer
from simk8s.api.store import Store
from simk8s.controllers._informers import Informers
from simk8s.controllers._listing import Listing
from simk8s.controllers._runner import Runner
from simk8s.controllers.base import Controller, Moments, NoteSolve, unnoted
from simk8s.kernel.clock import Clock
from simk8s.kernel.streams import Streams
from simk8s.schema.enums import FaultPhase

SHIPPED = (
    "node_lifecycle",
    "taint_eviction",
    "pod_gc",
    "replicaset",
    "job",
    "resourcequota",
    "deployment",
    "disruption",
    "garbage_collector",
    "statefulset",
    "daemonset",
    "cronjob",
    "ttl_after_finished",
    "replicationcontroller",
    "namespace",
    "serviceaccount",
    "ttl",
)
"""What runs unless a scenario names something else for a slot, in order of registration."""
ON_DEMAND = ("defragmenter", "descheduler")
"""What runs only if a scenario names it."""


def _unheard(now_us: int, phase: FaultPhase, node: int) -> None:
    """Nobody keeps a history of faults."""


class ControllerManager:
    """Builds controllers and answers for all of them."""

    name = "kube-controller-manager"

    def __init__(
        self,
        clock: Clock,
        store: Store,
        server: ApiServer,
        streams: Streams,
        lag_us: int,
        moments: Moments = _unheard,
        throttled: bool = True,
    ) -> None:
        self.runners: list[Runner] = []
        self._clock = clock
        self._store = store
        self._server = server
        self._streams = streams
        self._moments = moments
        self._throttled = throttled
        self._faults = 0
        self.note_solve: NoteSolve = unnoted
        self._informers = Informers(clock, self.name, lag_us)

    def add(self, made: type[Controller], params: Any) -> Runner:
        """Run a controller of this class; before anything has happened."""
        runner = Runner(
            made,
            params,
            self._clock,
            self._store,
            self._server,
            self._informers,
            self._moments,
            self._streams.get(f"controller/{made.name}"),
            self._throttled,
            self.note_solve,
        )
        self.runners.append(runner)
        return runner

    def catch_up(self) -> None:
        """All informers have heard of everything (before the run begins)."""
        self._informers.catch_up(self._clock.now_us)

    def halt(self) -> None:
        """The leader dies; faults overlap."""
        self._faults += 1
        if self._faults == 1:
            self._informers.halt()
            for runner in self.runners:
                runner.halt()

    def resume(self) -> None:
        """Another instance leads, unless it has died as well."""
        self._faults -= 1
        if not self._faults:
            now_us = self._clock.now_us
            self._informers.resume(now_us)
            listing = Listing(self._store, now_us)
            for runner in self.runners:
                runner.resume(now_us, listing)

    def rows(self, elapsed_us: int) -> Iterator[tuple[object, ...]]:
        """Rows of the `controllers` table."""
        for runner in self.runners:
            if runner.client.writes or not runner.controller.on_demand:
                yield runner.row(elapsed_us)
