"""How far the scheduler looks: a share of the nodes, starting where the last search ended.

Mirrors: kube-scheduler v1.36 numFeasibleNodesToFind and nextStartNodeIndex with parallelism 1:
below 100 nodes all; else a percentage (0 = 50 − n/125, at least 5) of them, at least 100; the
start moves on by the number of nodes that were looked at. Departs: with 16 workers the real set
may differ by a few nodes from run to run.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.view import View

MIN_NODES = 100
MIN_PERCENT = 5

Rows = NDArray[np.intp]


class Choice(NamedTuple):
    """The best node, its score (None where none was needed), and how many nodes were feasible."""

    node: int
    score: int | None
    feasible: int


@lru_cache(maxsize=64)
def nodes_to_find(count: int, percentage: int) -> int:
    """How many feasible nodes are enough among `count`."""
    if count < MIN_NODES:
        return count
    percent = percentage or max(MIN_PERCENT, 50 - count // 125)
    if percent >= 100:
        return count
    return max(MIN_NODES, count * percent // 100)


@dataclass(slots=True)
class Search:
    """The state that one scheduler carries from pod to pod. 100 = look at all nodes."""

    percentage: int = 100
    start: int = 0

    def sees_all(self, count: int) -> bool:
        """Whether every one of `count` nodes is looked at."""
        return self.percentage >= 100 or nodes_to_find(count, self.percentage) >= count

    def order(self, view: View) -> Rows:
        """All rows in the order in which they are looked at."""
        order = view.nodes.tree.order
        start = self.start % len(order) if len(order) else 0
        return np.concatenate((order[start:], order[:start])) if start else order

    def visit(self, view: View, rows: NDArray[np.bool_]) -> Rows:
        """The chosen rows in the order in which they are looked at."""
        order = view.nodes.tree.order
        order = order[rows[order]]
        return np.roll(order, -(self.start % len(order))) if len(order) else order

    def seen(self, visiting: Rows, fits: NDArray[np.bool_]) -> int:
        """How many of `visiting` are looked at until one more than enough has been found."""
        enough = nodes_to_find(len(visiting), self.percentage)
        found = np.flatnonzero(fits[visiting])
        return int(found[enough]) if len(found) > enough else len(visiting)

    def advance(self, looked_at: int, count: int) -> None:
        """After a search over `count` nodes in all."""
        if count:
            self.start = (self.start + looked_at) % count
