"""Samples the cluster at regular instants: the `timeseries` and `node_samples` tables.

Law: sampling reads. Its instants are its own lane in phase SAMPLE, after everything else of the
instant.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from simk8s.api.store import Store
from simk8s.api.watch import Verb
from simk8s.kernel.clock import Clock
from simk8s.kernel.phase import Phase as Order
from simk8s.record.recorder import Recorder
from simk8s.record.writer import nullable
from simk8s.scheduler.queue import SchedulingQueue
from simk8s.simulation.fragmentation import Fragments
from simk8s.state.pods import NEVER, Phase
from simk8s.state.resources import CPU, GPU, MEMORY, PODS

POINTS = 1_000
NODE_SAMPLES = 96


class Sampler:
    """Writes one row of the time series at each instant, and every so often one row a node."""

    def __init__(
        self,
        clock: Clock,
        store: Store,
        queue: SchedulingQueue,
        recorder: Recorder,
        horizon_us: int,
        interval_us: int | None,
    ) -> None:
        self._store = store
        self._queue = queue
        self._recorder = recorder
        self._horizon_us = horizon_us
        self._interval_us = interval_us or max(1_000_000, horizon_us // POINTS)
        count = horizon_us // self._interval_us + 1
        self.samples = count
        self.also: Callable[..., None] | None = None
        """Who else samples then: `also(now_us, last=…)`."""
        self.fragments = Fragments(store.cluster.nodes)
        self._nodes_every = -(-count // NODE_SAMPLES)
        self._taken = 0
        self._last_us = NEVER
        self._changed = True
        """Whether a node is not as it was when they were looked at."""
        store.nodes.tap(self._hear, tuple(Verb))
        self._lane = clock.lane("sampler", Order.SAMPLE, self._sample)

    def start(self) -> None:
        """Arm the first sample, at once."""
        self._lane.after(0, None)

    def _sample(self, now_us: int, _: list[Any]) -> None:
        self.sample(now_us)
        if now_us + self._interval_us <= self._horizon_us:
            self._lane.after(self._interval_us, None)

    def finish(self, now_us: int) -> None:
        """A last sample where the run ended, unless there is one."""
        if now_us != self._last_us:
            self.sample(now_us, last=True)
        self.fragments.note(now_us, self._ready)

    def sample(self, now_us: int, *, last: bool = False) -> None:
        """One row now."""
        self._last_us = now_us
        store, nodes = self._store, self._store.cluster.nodes
        self._look()
        row: list[int] = [now_us, *self._pods(), store.created, store.bound]
        row += [self._ready_count, self._node_count]
        for resource, offered in zip((CPU, MEMORY, GPU), self._offered, strict=True):
            free = nodes.free[resource]
            free = free if self._all_ready else free[self._ready]
            row += [offered - int(free.sum()), offered]
        row.append(int(np.count_nonzero(nodes.free[PODS] != nodes.allocatable[PODS])))
        row += self._queue.lengths()
        self._recorder.timeseries.append(tuple(row))
        if self._taken % self._nodes_every == 0:
            self._sample_nodes(now_us)
        self._taken += 1
        if self.also is not None:
            self.also(now_us, last=last)
        self._recorder.compact()

    def _hear(self, verb: Verb, node: int) -> None:
        self._changed = True

    def _look(self) -> None:
        """Which nodes are ready and what they offer; anew only if a node has changed."""
        store, nodes = self._store, self._store.cluster.nodes
        if not self._changed:
            return
        self._changed = False
        self._ready = np.array(store.ready, bool) & (nodes.exists == 1)
        self._all_ready = bool(self._ready.all())
        self._ready_count, self._node_count = int(self._ready.sum()), int(nodes.exists.sum())
        offered = nodes.allocatable[[CPU, MEMORY, GPU]][:, self._ready].sum(axis=1)
        self._offered: list[int] = offered.tolist()

    def _pods(self) -> tuple[int, int, int, int, int]:
        """(pending, running, succeeded, failed or lost, terminating)."""
        counts, leaving = self._store.counts, self._store.leaving
        gone = self._store.collected
        return (
            counts[Phase.PENDING] - leaving[Phase.PENDING],
            counts[Phase.RUNNING] - leaving[Phase.RUNNING],
            counts[Phase.SUCCEEDED] + gone[Phase.SUCCEEDED],
            counts[Phase.FAILED] + gone[Phase.FAILED] + self._store.lost,
            leaving[Phase.PENDING] + leaving[Phase.RUNNING],
        )

    def _sample_nodes(self, now_us: int) -> None:
        nodes = self._store.cluster.nodes
        self.fragments.note(now_us, self._ready)
        used = nodes.allocatable - nodes.free
        rows = np.flatnonzero(nodes.exists)
        whole = np.maximum(nodes.allocatable[[CPU, MEMORY, GPU]], 1)
        cpu, memory, gpu = (used[[CPU, MEMORY, GPU]] / whole)[:, rows]
        self._recorder.node_samples.extend(
            {
                "t_us": np.full(len(rows), now_us),
                "node": rows,
                "cpu_share": cpu,
                "memory_share": memory,
                "gpu_share": nullable(np.where(nodes.gpu_count[rows] > 0, gpu, -1.0)),
                "pods": used[PODS][rows],
                "ready": self._ready[rows],
            }
        )
