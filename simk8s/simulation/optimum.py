"""What no strategy could have beaten, beside what was reached: the table `bounds`.

At some instants and at the end: of the pods that are there (and of those that were dropped, as
long as they would have run), how many could have a node, by priority; how much CPU and GPU they
could have; and how many nodes those that have one need. Every one of them may be anywhere where
node selectors, taints and GPU models let it; pods of DaemonSets, and who is where it could not come
now, stay. What is shown is a proof (`packing.relaxation`), not a plan.

Law: reads only, is asked for (`Options.bounds`), and is no part of the digest.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simk8s.packing.fleet import Fleet
from simk8s.packing.problem import IntArray
from simk8s.packing.relaxation import Held, fewest, most
from simk8s.record.recorder import Recorder
from simk8s.record.writer import TableWriter
from simk8s.schema.solver import Bounded
from simk8s.simulation.census import Census, take
from simk8s.simulation.sampler import Sampler
from simk8s.state.cluster import Cluster
from simk8s.state.resources import CPU

POINTS = 12
"""At most so many instants, and the end."""
TIERS = 4
"""Priorities from the top with a row each; the last row is of everybody."""


def watched(sampler: Sampler, cluster: Cluster, recorder: Recorder) -> Optimum:
    """One that looks whenever the sampler does, after whoever else samples."""
    found, also = Optimum(cluster, recorder.bounds, sampler.samples), sampler.also

    def both(now_us: int, *, last: bool = False) -> None:
        if also is not None:
            also(now_us, last=last)
        found(now_us, last=last)

    sampler.also = both
    return found


class Optimum:
    """Called at every sample, looks at some."""

    def __init__(self, cluster: Cluster, table: TableWriter, samples: int) -> None:
        self._cluster, self._append = cluster, table.append
        self._every, self._calls, self._last_us = -(-samples // POINTS), 0, -1
        self._known: dict[tuple[Any, ...], int] = {}

    def __call__(self, now_us: int, *, last: bool = False) -> None:
        """One look, if it is time."""
        due = self._calls % self._every == 0
        self._calls += 1
        if last or (due and self._calls > 1):
            self.look(now_us)

    def look(self, now_us: int) -> None:
        """The rows of now, unless they are there."""
        if now_us == self._last_us or not self._cluster.nodes.n:
            return
        self._last_us = now_us
        census = take(self._cluster, now_us)
        self._placed(now_us, census)
        self._amounts(now_us, census)
        self._nodes(now_us, census)

    def _ask(self, key: tuple[Any, ...], fleet: Fleet, *what: Any) -> int:
        """Asked again only if something has changed."""
        key = (*key, *fleet.key)
        if key not in self._known:
            self._known = dict(list(self._known.items())[-8:])
            self._known[key] = most(fleet, *what) if what else fewest(fleet)
        return self._known[key]

    def _placed(self, now_us: int, census: Census) -> None:
        held: list[Held] = []
        for tier in census.tiers(TIERS):
            worth = (census.priority >= tier).astype(np.int64)
            wanted, reached = int(worth @ census.counts), int(worth @ census.placed)
            bound = wanted
            if reached < wanted:
                fixed = int(worth @ census.fixed)
                values = tuple(each.value for each in held)
                key = (Bounded.PODS, tier, values, census.priority.tobytes())
                bound = fixed + self._ask(key, census.everybody, worth, tuple(held))
            row = (now_us, Bounded.PODS, tier, wanted, reached, min(bound, wanted), wanted)
            self._append(row)
            if reached == bound:
                held.append(Held(worth, reached - int(worth @ census.fixed)))

    def _amounts(self, now_us: int, census: Census) -> None:
        nodes, pods = self._cluster.nodes, census.everybody.pods
        there = nodes.exists != 0
        gpu: IntArray = pods.devices * pods.milli
        cpu = int(nodes.allocatable[CPU, there].sum())
        devices = 1000 * int(nodes.gpu_count[there].sum())
        for what, each, whole in ((Bounded.CPU, pods.requests[:, CPU], cpu),
                                  (Bounded.GPU, gpu, devices)):  # fmt: skip
            wanted, reached = int(each @ census.counts), int(each @ census.placed)
            if not whole or not wanted:
                continue
            bound = wanted
            if reached < wanted:
                more = self._ask((what,), census.everybody, each, ())
                bound = min(bound, int(each @ census.fixed) + more)
            self._append((now_us, what, None, wanted, reached, bound, whole))

    def _nodes(self, now_us: int, census: Census) -> None:
        if not census.placed.any():
            return
        least = self._ask((Bounded.NODES,), census.running)
        there = int((self._cluster.nodes.exists != 0).sum())
        used = census.nodes_used
        self._append((now_us, Bounded.NODES, None, used, used, least, there))
