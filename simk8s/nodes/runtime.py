"""Container runtimes: what the steps of a start take on a node, drawn in batches.

Law: durations are log-normal by median and 99th percentile, from one stream of all kubelets, in
the order in which pods are started. A sandbox takes longer by a fixed time for every other one
that its node is making.

Mirrors: containerd, CRI-O and cri-dockerd behind the CRI, volume manager WaitForAttachAndMount
(polls every 300 ms), kubelet v1.36. Departs: medians are UNVERIFIED priors (see settings); the
wait for volumes is drawn, not simulated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from simk8s.kernel.percentiles import lognormal
from simk8s.nodes.settings import KubeletSettings, Pair, RuntimeTimes

_BATCH = 4096


def lognormals_us(generator: Generator, pair: Pair, count: int) -> NDArray[np.int64]:
    """So many draws from the median and the 99th percentile; a median of 0 means at once."""
    median, high = pair
    if not median or high <= median:
        return np.full(count, median, np.int64)
    mu, sigma = lognormal((0.5, median), (0.99, high))
    return generator.lognormal(mu, sigma, count).astype(np.int64)


def endless_us(generator: Generator, pair: Pair) -> Iterator[int]:
    """Draws without end, made in batches."""
    while True:
        yield from lognormals_us(generator, pair, _BATCH).tolist()


class Runtimes:
    """Every node's runtime."""

    def __init__(
        self, settings: KubeletSettings, draws: Generator, slow: Mapping[int, int] | None = None
    ) -> None:
        self._settings = settings
        self._draws = draws
        self._slow = {} if slow is None else slow
        """Nodes whose steps take other than their time, in thousandths."""
        self._times: list[RuntimeTimes] = []
        self._making: list[list[int]] = []
        self._of: dict[RuntimeTimes, _Drawn] = {}
        self._drawn: list[_Drawn] = []

    def add(self, name: str) -> None:
        """A node with a runtime by name; empty = the cluster's."""
        times = self._settings.runtimes[name] if name else self._settings.runtime
        drawn = self._of.get(times)
        if drawn is None:
            drawn = self._of[times] = _Drawn(self._settings, times, self._draws)
        self._times.append(times)
        self._drawn.append(drawn)
        self._making.append([])

    def start(self, node: int) -> tuple[int, int, int, int]:
        """One pod's draws: admission, volumes, sandbox, its first container."""
        found = next(self._drawn[node].starts)
        if self._slow and node in self._slow:
            admit_us, mount_us, sandbox_us, first_us = (self._paced(node, t) for t in found)
            return admit_us, mount_us, sandbox_us, first_us
        return found

    def _paced(self, node: int, time_us: int) -> int:
        """A time as it is on a node that may be slow."""
        if self._slow and node in self._slow:
            return time_us * self._slow[node] // 1_000
        return time_us

    def container_us(self, node: int) -> int:
        """To create and start one more container."""
        return self._paced(node, next(self._drawn[node].containers))

    def stop_us(self, node: int) -> int:
        """To stop processes that obey."""
        return self._paced(node, next(self._drawn[node].stops))

    def sandbox(self, node: int, now_us: int, own_us: int) -> int:
        """When a sandbox that is begun at `now_us` stands."""
        making = self._making[node]
        if making:
            making = [end for end in making if end > now_us]
            own_us += self._times[node].per_concurrent_us * len(making)
        making.append(now_us + own_us)
        self._making[node] = making
        return now_us + own_us

    def crashed(self, node: int) -> None:
        """What was being made is gone."""
        self._making[node] = []


class _Drawn:
    """Endless draws for one kind of runtime."""

    def __init__(self, settings: KubeletSettings, times: RuntimeTimes, draws: Generator) -> None:
        self.starts = _starts(settings, times, draws)
        self.containers = endless_us(draws, times.start)
        self.stops = endless_us(draws, times.stop)


def _starts(
    settings: KubeletSettings, times: RuntimeTimes, draws: Generator
) -> Iterator[tuple[int, int, int, int]]:
    poll = settings.volume_poll_us
    while True:
        mount = lognormals_us(draws, settings.mount, _BATCH)
        if poll:
            mount = -(-mount // poll) * poll
        yield from zip(
            lognormals_us(draws, settings.admit, _BATCH).tolist(),
            mount.tolist(),
            lognormals_us(draws, times.sandbox, _BATCH).tolist(),
            lognormals_us(draws, times.start, _BATCH).tolist(),
            strict=True,
        )
