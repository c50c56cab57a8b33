"""When the pods that a strategy has started are said to end, and what they give back then.

Law: in order of their ends, equal ones in order of their starts. A pod that has lost its node is
forgotten when the ends are next asked for.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simk8s.state.cluster import Cluster
from simk8s.state.pods import NEVER

Ints = NDArray[np.int64]


class Held(NamedTuple):
    """What running pods will give back, one row each, in order of their ends."""

    ends_us: Ints
    nodes: Ints
    amounts: Ints
    """`[pod, resource]`"""


class Running:
    """Expected ends of pods."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.ended = 0
        """How many have been forgotten."""
        self._number = 0
        self._known: list[tuple[int, int, int]] = []
        """(end, number of the start, pod), sorted."""
        self._entry: dict[int, tuple[int, int, int]] = {}
        self._vectors: dict[tuple[int, ...], list[list[int]]] = {}
        """By the rows asked for: amounts of each request vector, by its id."""

    @property
    def any(self) -> bool:
        """Whether pods are known that have not been forgotten."""
        return bool(self._known)

    def start(self, pod: int, end_us: int) -> None:
        """It is to have a node; an earlier start came to nothing."""
        before = self._entry.get(pod)
        if before is not None:
            del self._known[bisect_left(self._known, before)]
        self._number += 1
        self._entry[pod] = end_us, self._number, pod
        insort(self._known, self._entry[pod])

    def held(self, rows: Sequence[int], least_us: int, starting: Mapping[int, int]) -> Held:
        """What the pods hold of these resources. Who should have ended before `least_us` does
        then. `starting`: nodes of pods that are not charged to them yet.
        """
        self._forget(starting)
        known = self._known
        late = bisect_right(known, (least_us, self._number + 1, 0))
        if late:
            early = sorted(known[:late], key=lambda one: one[1])
            known = [(least_us, number, pod) for _, number, pod in early] + known[late:]
        pods = [pod for _, _, pod in known]
        charged, requests = self._cluster.pods.charged, self._cluster.pods.requests
        vectors = self._amounts(tuple(rows))
        nodes = [starting[p] if p in starting else charged[p] for p in pods]
        amounts = np.array([vectors[requests[p]] for p in pods], np.int64)
        return Held(
            np.array([end_us for end_us, _, _ in known], np.int64),
            np.array(nodes, np.int64),
            amounts.reshape(len(pods), len(rows)),
        )

    def _forget(self, starting: Mapping[int, int]) -> None:
        charged = self._cluster.pods.charged
        gone = [pod for _, _, pod in self._known if charged[pod] == NEVER and pod not in starting]
        self.ended += len(gone)
        for pod in gone:
            del self._entry[pod]
        if gone:
            self._known = [one for one in self._known if one[2] in self._entry]

    def _amounts(self, rows: tuple[int, ...]) -> list[list[int]]:
        """Of every request vector there is, what it has of these rows."""
        items = self._cluster.requests.items
        found = self._vectors.setdefault(rows, [])
        for requests in items[len(found) :]:
            values = requests.values
            found.append([values[row] if row < len(values) else 0 for row in rows])
        return found
