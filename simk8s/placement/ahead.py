"""Searches to come: the best node of each window that the next pods will look at, found in one
pass over all of them, and kept for as long as the same pods come.

On a large cluster that has room everywhere, a pod looks at one window of the nodes, the next pod
at the window behind it, and where the search starts over it often comes to the same windows
again. numpy takes longer to be asked than to compute a window, so once pods have come one behind
the other for a while, the windows up to the end of the table are computed together, each for the
pod that is likely to look at it: the one whose row comes next. What is computed ahead is a guess
about *who* asks, never about the answer.

Law: an answer is given out for the very window and the very requests that it was computed for,
and equals what would be computed now: the rows that have changed since are computed again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import zip_longest
from operator import attrgetter, ge

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import FilterPlugin, Query
from simk8s.placement.plugins._both import Both
from simk8s.placement.plugins.gpu_share import GpuShare
from simk8s.placement.plugins.node_resources_fit import NodeResourcesFit
from simk8s.placement.ties import ROOM, HeapOrder
from simk8s.placement.view import Overlay, View
from simk8s.state.requests import Requests
from simk8s.state.resources import CPU, MEMORY, PODS

STEADY = 8
"""So many pods must have come one behind the other: a batch in vain is that rare at most."""
FEWEST, MOST = 4, 32
"""Windows that are worth a batch, and that are computed together."""
NOBODY = -1
"""Number of the requests of a pod that is not `Requests.plain`: it is scored by itself."""

_PLAIN = attrgetter("plain")
Ints = NDArray[np.int32]
Scorer = Callable[[int, int, int], int]
Answer = tuple[int, Ints]
"""Of one window: the key of the best by the rule of v1.36, and those of all (total × ROOM, and the
step of the place, see ties), which hold until the next pod asks.
"""


@dataclass(slots=True)
class Batch:
    """Windows of `width` rows from `start` on, one for each pod; lists are by window."""

    start: int
    width: int
    version: int
    """Of the nodes' specs and images."""
    position: int
    """In the log of dirty rows."""
    lows: int
    """`NodeTable.lows` when every node was last known to have room for each of the pods."""
    most: list[int]
    """By resource: what the greediest of them asks for."""
    windows: dict[int, int]
    """Which window begins at a row."""
    asked: list[int]
    """Numbers of the request vectors."""
    best: list[int]
    """The greatest keys (see `Answer`)."""
    dirty: list[list[int]]
    """Rows that have changed since their window was brought up to date; behind the windows, and so
    at negative places too, there is room for rows that are in none.
    """
    right: int = 0
    """How often it was guessed who would ask."""


class Ahead:
    """Of one framework over one view. `passed` says of a pod whether it is known that every node
    has room for it, `kept` whether the totals of all nodes are kept for its requests.
    """

    def __init__(
        self,
        both: Both,
        view: View,
        passed: Callable[[Query], bool],
        kept: Callable[[Query], bool],
    ) -> None:
        self._both = both
        self._view = view
        self._nodes = view.nodes
        self._passed = passed
        self._kept = kept
        self._order = HeapOrder()
        self._steps: list[int] = []
        self._room: Ints = np.empty((0, 0), np.int32)
        self._rows: list[Ints] = []
        """Lines of the room: the keys of the batch, by window."""
        self._score: Scorer | None = None
        self._used: object = None
        """The array that it reads."""
        self.places: list[int] = []
        """By steps."""
        self.batch: Batch | None = None
        self._pod = self._end = -1
        """Of the last search: its pod, and where the next will start."""
        self._steady = 0

    @classmethod
    def of(
        cls,
        both: Both | None,
        filters: Iterable[FilterPlugin],
        view: View,
        passed: Callable[[Query], bool],
        kept: Callable[[Query], bool],
    ) -> Ahead | None:
        """Over the real view, if the plugins that read a node's own amounts are the shipped ones:
        what those read is known here.
        """
        shipped = all(type(plugin) in (NodeResourcesFit, GpuShare) for plugin in filters)
        if both is None or not shipped or isinstance(view, Overlay):
            return None
        return cls(both, view, passed, kept)

    def look(self, query: Query, start: int) -> Answer | None:
        """The answer for the window that begins at that row, if there is one for this pod. No
        plugin but those that read a node's own amounts may have anything to say of it.
        """
        batch, nodes = self.batch, self._nodes
        if batch is None:
            return None
        window = batch.windows.get(start)
        if (
            window is None
            or batch.asked[window] != query.requests.id
            or nodes.spec_version + nodes.images.version != batch.version
            or (nodes.lows != batch.lows and not self._roomy(batch, query))
            or nodes.defaulted_pods
        ):
            return None
        dirty, position, width = nodes.dirty, batch.position - nodes.dirty_base, batch.width
        if position != len(dirty):
            if position < 0:
                return None
            log, first = batch.dirty, batch.start
            for row in dirty[position:]:
                log[(row - first) // width].append(row)
            batch.position = nodes.dirty_base + len(dirty)
        if rows := batch.dirty[window]:
            self._repair(batch, query.requests, window, rows)
        batch.right += 1
        self._pod, self._end = query.pod, start + width
        return batch.best[window], self._rows[window]

    def _roomy(self, batch: Batch, query: Query) -> bool:
        """Whether every node still has room for the pod; some node has less free than ever, or
        the table has grown.
        """
        nodes = self._nodes
        if self._used is not nodes.used_f:
            return False
        if _has_room(nodes.lowest, batch.most):
            batch.lows = nodes.lows
            return True
        return self._passed(query)

    def _repair(self, batch: Batch, requests: Requests, window: int, rows: list[int]) -> None:
        """Bring the answer of one window up to date."""
        keys, best, steps, score = self._rows[window], batch.best[window], self._steps, self._score
        assert score is not None, "a batch was computed"
        cpu, memory = requests.values[: MEMORY + 1]
        first, worse = batch.start + window * batch.width, False
        for row in rows:
            place = row - first
            step = steps[place]
            keys[place] = key = score(row, cpu, memory) * ROOM + step
            if key > best:
                best, worse = key, False
            elif step == best % ROOM:
                worse = key != best
        rows.clear()
        batch.best[window] = int(keys.max()) if worse else best

    def begin(self, query: Query, start: int, width: int) -> Answer | None:
        """As `look`, for a pod that it knows nothing of: from a batch that begins here, if pods
        have come one behind the other for long enough, and the last one was not guessed wrong.
        """
        pod, n = query.pod, self._nodes.n
        if pod == self._pod:
            return None
        steady = pod == self._pod + 1 and start in (self._end, self._end - n)
        self._pod, self._end = pod, start + width
        batch = self.batch
        if not steady or (batch is not None and batch.right < len(batch.asked)):
            self.batch, self._steady = None, 0
            return None
        self._steady += 1
        if self._steady < STEADY or start + width > n:
            return None
        if not self._both.quick(query, self._view) or not self._passed(query):
            return None
        batch = self.batch = self._made(query, start, width)
        if batch is None:
            return None
        batch.right = 1
        return batch.best[0], self._rows[0]

    def _made(self, query: Query, start: int, width: int) -> Batch | None:
        """A batch that begins with this pod."""
        view = self._view
        nodes, pods = view.nodes, view.pods
        count = min((nodes.n - start) // width, MOST, len(pods) - query.pod)
        if count < FEWEST or width > ROOM:
            return None
        vectors = view.cluster.requests.items
        asked = [query.requests.id, *pods.requests[query.pod + 1 : query.pod + count]]
        if len(set(asked)) > 1 and self._kept(query):
            return None  # a few vectors take turns: what is kept of each is cheaper
        coming = [vectors[number] for number in asked]
        if all(map(_PLAIN, coming)):
            first = [one.values[: PODS + 1] for one in coming]
            columns: Iterable[tuple[int, ...]] = zip(*first, strict=True)
        else:
            columns = zip_longest(*[one.values for one in coming], fillvalue=0)
            asked = [one.id if one.plain else NOBODY for one in coming]
        amounts = list(columns)
        most = list(map(max, amounts))
        roomy = _has_room(nodes.lowest, most)
        end = start + count * width
        rows = slice(start, end)
        totals = self._both.windows(view, rows, amounts[CPU], amounts[MEMORY], roomy=roomy)
        if self._room.shape != totals.shape:
            self._open(totals.shape)
        if self._score is None or self._used is not nodes.used_f:
            self._score, self._used = self._both.scorer(nodes), nodes.used_f
        keys = self._order.keys(totals, self._room)
        outside = -(-start // width) - (end - nodes.n) // width
        return Batch(
            start,
            width,
            nodes.spec_version + nodes.images.version,
            nodes.dirty_base + len(nodes.dirty),
            nodes.lows if roomy else -1,
            most,
            dict(zip(range(start, end, width), range(count), strict=True)),
            asked,
            keys.max(1).tolist(),
            [[] for _ in range(count + outside)],
        )

    def _open(self, shape: tuple[int, ...]) -> None:
        """Room for a batch of this shape."""
        width = shape[1]
        self._room = np.empty(shape, np.int32)
        self._rows = list(self._room)
        self._steps = self._order.steps(width)
        self.places = [0] * ROOM
        for place, step in enumerate(self._steps):
            self.places[step] = place


def _has_room(lowest: list[int], most: list[int]) -> bool:
    """Whether no node ever had less free."""
    return len(most) <= len(lowest) and all(map(ge, lowest, most))
