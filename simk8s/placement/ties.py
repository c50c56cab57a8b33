"""Which of the best nodes is taken: the rules for equal totals, by name.

* `as_v1_36`: the root of a max-heap made over the feasible nodes in the order in which they were
  looked at. Between equals neither sifting nor the choice between two children swaps, so that
  the root is, among the best, the one that comes first in the pre-order of the implicit binary
  tree (children 2i+1 and 2i+2). That order does not depend on how many nodes there are: a
  position's rank is its path from the root, tabulated once.
* `random`: every one of the best is equally likely, as in the reservoir sampling of selectHost up
  to v1.34, here in one draw.
* `lowest_name`: the first by name, as recorded decisions have it.
* `lowest_index`: the node that was added first; not kube-scheduler's, used by simpler strategies.

Mirrors: kube-scheduler v1.36 nodeScoreHeap (`as_v1_36`), v1.34 selectHost (`random`). Departs:
with 16 workers the real feasible list may come in a slightly different order.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.view import View

Rows = NDArray[np.intp]
Ints = NDArray[np.int64]

Rule = Literal["as_v1_36", "random", "lowest_name"]
AS_V1_36, RANDOM, LOWEST_NAME, LOWEST_INDEX = "as_v1_36", "random", "lowest_name", "lowest_index"
_DEPTH_BITS = 6
_MOST_BITS = 40
"""Depth of the deepest tree that a rank has room for."""
ROOM = 1 << 13
_INTEGERS = (np.dtype(np.int32), np.dtype(np.int64))
_SCALE = np.array(ROOM, np.int32)
"""So many positions, and totals below 2^18, are one 32-bit number together."""


def heap_ranks(count: int) -> Ints:
    """Ranks of the positions 0 … count−1: the smallest of some is the first in pre-order.

    Position i is node i+1 of the binary tree numbered from one; the bits of that number behind
    the leading one say left or right on the way down, so pre-order is the order of these paths,
    an ancestor before its descendants.
    """
    numbers = np.arange(1, count + 1, dtype=np.int64)
    depth = np.frexp(numbers.astype(np.float64))[1].astype(np.int64)
    return ((numbers << (_MOST_BITS - depth)) << _DEPTH_BITS) | depth


class HeapOrder:
    """Ranks, kept and extended as longer lists come."""

    def __init__(self) -> None:
        self._ranks = heap_ranks(128)
        self._steps: NDArray[np.int32] | None = None
        """By position: the greater, the earlier in pre-order."""
        self._window = (np.empty(0, np.int32), np.empty(0, np.int32))
        """The first so many of them, and room for as many sums."""

    def upto(self, count: int) -> Ints:
        """The ranks of at least `count` positions."""
        if len(self._ranks) < count:
            self._ranks = heap_ranks(max(count, 2 * len(self._ranks)))
        return self._ranks

    def root(self, tied: Rows) -> int:
        """Which of these positions (ascending) is the root after heap.Init."""
        return int(tied[self.upto(int(tied[-1]) + 1)[tied].argmin()])

    def best(self, total: NDArray[Any]) -> int:
        """Which position is the root: `root` of those where the total is greatest. Totals in
        32 bits are sums of unweighted scores of our own, so total and rank are one number; in 64
        bits there is room for any weights.
        """
        count = len(total)
        if count <= ROOM and total.dtype in _INTEGERS:
            steps, both = self._window
            if len(steps) != count:
                steps, both = self._window = self._upwards()[:count], np.empty(count, np.int32)
            np.multiply(total, _SCALE, both)
            np.add(both, steps, both)
            return int(both.argmax())
        return self.root((total == total.max()).nonzero()[0])

    def keys(self, totals: NDArray[np.int32], room: NDArray[np.int32]) -> NDArray[np.int32]:
        """Of lines of totals, each of no more than ROOM, in an array of that shape: total × ROOM
        and the step of the position. `best` is where the key is greatest.
        """
        np.multiply(totals, _SCALE, room)
        return np.add(room, self._upwards()[: totals.shape[1]], room)

    def steps(self, count: int) -> list[int]:
        """Of the first positions: the greater, the earlier in pre-order, each less than ROOM."""
        steps: list[int] = self._upwards()[:count].tolist()
        return steps

    def _upwards(self) -> NDArray[np.int32]:
        if self._steps is None:
            order = heap_ranks(ROOM).argsort()
            self._steps = np.empty(ROOM, np.int32)
            self._steps[order] = np.arange(ROOM - 1, -1, -1)
        return self._steps


class Names:
    """Ranks of node names in byte order, remade when nodes come, go or change."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._version = -1
        self._ranks: Ints = np.zeros(0, np.int64)

    def first(self, rows: Rows) -> int:
        """The row with the lowest name."""
        nodes = self._view.nodes
        if len(rows) <= 64:
            named = [(nodes.specs[row].name.encode(), int(row)) for row in rows]
            return min(named)[1]
        if self._version != nodes.spec_version or len(self._ranks) != nodes.n:
            self._version = nodes.spec_version
            names = [spec.name.encode() for spec in nodes.specs]
            order = sorted(range(nodes.n), key=names.__getitem__)
            self._ranks = np.empty(nodes.n, np.int64)
            self._ranks[order] = np.arange(nodes.n)
        return int(rows[self._ranks[rows].argmin()])
