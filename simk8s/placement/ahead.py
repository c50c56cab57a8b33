"""Searches to come: the best node of each window that the next pods will look at, found in one
pass over all of them.

On a large cluster that has room everywhere, a pod looks at one window of the nodes, the next pod
at the window behind it. numpy takes longer to be asked than to compute a window, so once pods
have come one behind the other for a while, the windows up to the end of the table are computed
together, each for the pod that is likely to look at it: the one whose row comes next. What is
computed ahead is a guess about *who* asks, never about the answer.

Law: an answer is given out for the very window and the very requests that it was computed for,
and equals what would be computed now: the rows that have changed since are computed again.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import Query
from simk8s.placement.plugins._both import Both
from simk8s.placement.ties import ROOM, HeapOrder
from simk8s.placement.view import View
from simk8s.state.requests import Requests

STEADY = 8
"""So many pods must have come one behind the other: a batch in vain is that rare at most."""
FEWEST, MOST = 4, 16
"""Windows that are worth a batch, and that are computed together."""
USED = -1

Ints = NDArray[np.int32]


@dataclass(slots=True)
class _Batch:
    """Windows of `width` rows from `start` on, one for each pod."""

    start: int
    width: int
    spec_version: int
    position: int
    """In the log of dirty rows."""
    asked: list[int]
    """Numbers of the request vectors, by window; USED once its answer has been given out."""
    totals: Ints
    keys: Ints
    """Totals and the order among equals as one number."""
    best: list[int]
    """Places in their windows."""
    dirty: list[list[int]] = field(default_factory=list)
    """Rows that have changed since, by window."""


class Ahead:
    """Of one framework over one view."""

    def __init__(self, both: Both, view: View) -> None:
        self._both = both
        self._view = view
        self._order = HeapOrder()
        self._batch: _Batch | None = None
        self._pod = self._end = -1
        """Of the last search: its pod, and where the next will start."""
        self._steady = 0

    def find(self, query: Query, start: int, width: int) -> tuple[Ints, int] | None:
        """Totals of the `width` rows from `start` on, and the place of the best by the rule of
        v1.36; None where they are to be computed for this pod alone. They hold until the next
        pod asks.
        """
        view, pod, end = self._view, query.pod, start + width
        n = view.nodes.n
        steady = start == self._end and pod == self._pod + 1
        self._pod, self._end = pod, end if end < n else end - n
        if not steady:
            self._steady = 0
            return None
        self._steady += 1
        if self._steady < STEADY or end > n or not self._both.quick(query, view):
            return None
        batch = self._batch
        if batch is None or not self._holds(batch, query, start, width):
            batch = self._batch = self._next(batch, query, start, width)
            if batch is None:
                return None
        return self._taken(batch, query, (start - batch.start) // width)

    def _next(self, batch: _Batch | None, query: Query, start: int, width: int) -> _Batch | None:
        """A batch that begins here, unless the last one was guessed wrong."""
        if batch is not None and batch.asked[-1] != USED:
            self._steady = 0
            return None
        return self._made(query, start, width)

    def _holds(self, batch: _Batch, query: Query, start: int, width: int) -> bool:
        """Whether there is an answer; takes note of the rows that have changed."""
        nodes = self._view.nodes
        window = (start - batch.start) // width
        if batch.spec_version != nodes.spec_version or batch.position < nodes.dirty_base:
            return False
        if batch.width != width or not 0 <= window < len(batch.asked):
            return False
        if batch.asked[window] != query.requests.id or start != batch.start + window * width:
            return False
        first, log, windows = batch.start, batch.dirty, len(batch.asked)
        dirty = nodes.dirty
        for row in dirty[batch.position - nodes.dirty_base :]:
            if 0 <= (place := (row - first) // width) < windows:
                log[place].append(row)
        batch.position = nodes.dirty_base + len(dirty)
        return True

    def _made(self, query: Query, start: int, width: int) -> _Batch | None:
        """A batch that begins with this pod."""
        view = self._view
        nodes, pods = view.nodes, view.pods
        count = min((nodes.n - start) // width, MOST, len(pods) - query.pod)
        if count < FEWEST or width > ROOM:
            return None
        vectors = view.cluster.requests.items
        coming: list[Requests] = [query.requests]
        coming += [vectors[i] for i in pods.requests[query.pod + 1 : query.pod + count]]
        totals = self._both.windows(view, slice(start, start + count * width), coming)
        keys = self._order.keys(totals)
        return _Batch(
            start,
            width,
            nodes.spec_version,
            nodes.dirty_base + len(nodes.dirty),
            [one.id for one in coming],
            totals,
            keys,
            keys.argmax(1).tolist(),
            [[] for _ in coming],
        )

    def _taken(self, batch: _Batch, query: Query, window: int) -> tuple[Ints, int]:
        """The answer of one window, brought up to date."""
        batch.asked[window] = USED
        totals, best = batch.totals[window], batch.best[window]
        if dirty := batch.dirty[window]:
            keys, first = batch.keys[window], batch.start + window * batch.width
            greatest = keys.item(best)
            for row in dirty:
                place = row - first
                totals[place] = fresh = self._both.score_one(query, self._view, row)
                keys[place] = key = self._order.key(fresh, place)
                if key > greatest:
                    best, greatest = place, key
            if keys.item(best) != greatest:  # the best has become worse
                best = int(keys.argmax())
        return totals, best
