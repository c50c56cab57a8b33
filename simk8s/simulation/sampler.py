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
from simk8s.scheduler.queue import SchedulingQueue
from simk8s.simulation.fragmentation import Fragments, Which
from simk8s.simulation.node_samples import Nodes, NodeSamples
from simk8s.state.pods import FAILED, NEVER, PENDING, RUNNING, SUCCEEDED
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
        self._nodes = NodeSamples(store.cluster.nodes)
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
        """A last sample where the run ended, unless there is one, and all of nodes are written."""
        if now_us != self._last_us:
            self.sample(now_us, last=True)
        self.fragments.note(now_us, self._ready)
        self._nodes.write(self._recorder.node_samples)

    def sample(self, now_us: int, *, last: bool = False) -> None:
        """One row now."""
        self._last_us = now_us
        store, nodes = self._store, self._store.cluster.nodes
        if self._changed:
            self._look()
        free, ready, counts = nodes.free, self._ready, self._counts
        cpu, memory, gpu = self._offered
        cpu_free, memory_free = free[CPU : MEMORY + 1, ready].sum(axis=1).tolist()
        any_gpu = gpu or nodes.lowest[GPU] < 0
        self._recorder.timeseries.append(
            (
                now_us,
                *self._pods(),
                store.created,
                store.bound,
                *counts,
                cpu - cpu_free,
                cpu,
                memory - memory_free,
                memory,
                gpu - int(free[GPU, ready].sum()) if any_gpu else 0,
                gpu,
                int(np.count_nonzero(free[PODS] != nodes.allocatable[PODS])),
                *self._queue.lengths(),
            )
        )
        if self._taken % self._nodes_every == 0:
            self.fragments.note(now_us, ready)
            self._nodes.note(now_us, self._known)
        self._taken += 1
        if self.also is not None:
            self.also(now_us, last=last)
        self._recorder.compact()

    def _hear(self, verb: Verb, node: int) -> None:
        self._changed = True

    def _look(self) -> None:
        """Which nodes are ready and what they offer: anew when a node has changed."""
        store, nodes = self._store, self._store.cluster.nodes
        self._changed = False
        ready = np.array(store.ready, bool) & (nodes.exists == 1)
        self._counts = int(ready.sum()), int(nodes.exists.sum())
        self._known = Nodes.of(nodes, ready)
        self._ready: Which = slice(None) if ready.all() else np.flatnonzero(ready)
        offered = nodes.allocatable[[CPU, MEMORY, GPU]][:, ready].sum(axis=1)
        self._offered: list[int] = offered.tolist()

    def _pods(self) -> tuple[int, int, int, int, int]:
        """(pending, running, succeeded, failed or lost, terminating)."""
        store = self._store
        counts, leaving, gone = store.counts, store.leaving, store.collected
        return (
            counts[PENDING] - leaving[PENDING],
            counts[RUNNING] - leaving[RUNNING],
            counts[SUCCEEDED] + gone[SUCCEEDED],
            counts[FAILED] + gone[FAILED] + store.lost,
            leaving[PENDING] + leaving[RUNNING],
        )
