"""A server by itself, clients to ask it, and what was answered when."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simk8s.api.client import Client
from simk8s.api.etcd import EtcdTimes
from simk8s.api.requests import kind
from simk8s.api.server import ApiServer, Times
from simk8s.kernel.clock import Clock
from simk8s.kernel.phase import Phase
from simk8s.kernel.streams import Streams

MS, SECOND = 1_000, 1_000_000
DISK = EtcdTimes(fsync=(1_000, 1_000), backend_commit=(0, 0), apply_us=0)
FIXED = Times(service_us=2_000, dispatch_ns=(0, 0), etcd=DISK)
"""Every request computes 2 ms, every flush takes 1 ms."""


class World:
    """`done` has the instants of commits in order, `latencies` from when a request was made."""

    def __init__(self, times: Times = FIXED, seed: int = 0) -> None:
        self.clock = Clock()
        self.server = ApiServer(self.clock, times, Streams(seed))
        self.done: list[int] = []
        self.latencies: list[int] = []
        self._lane = self.clock.lane("test", Phase.ARRIVE, lambda _, calls: [c() for c in calls])

    def client(self, name: str = "user", *limits: Any, **options: Any) -> Client:
        return Client(self.clock, self.server, name, *limits, **options)

    def write(
        self, client: Client, count: int = 1, verb: str = "POST", resource: str = "things"
    ) -> None:
        """Ask now."""
        made_us = self.clock.now_us

        def stored() -> bool:
            return True

        stored.request = kind(verb, resource)  # type: ignore[attr-defined]

        def done(now_us: int, result: Any) -> None:
            self.done.append(now_us)
            self.latencies.append(now_us - made_us)

        for _ in range(count):
            client.write(stored, done=done)

    def at(self, t_us: int, call: Callable[[], Any]) -> None:
        self._lane.at(t_us, call)

    def run(self, until_us: int = 1_000 * SECOND) -> list[int]:
        self.clock.run(until_us)
        return self.done
