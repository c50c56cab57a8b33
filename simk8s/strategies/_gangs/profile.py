"""What will be free on every node in times to come, if jobs end when they are said to.

Law: `free[k]` holds from `times_us[k]` to the next time, the last for ever. A job holds its nodes
from its start to its estimated end and no longer. Counted resources alone are followed: parts of
one GPU count as their sum.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simk8s.strategies._gangs.fitting import Want, fit_on, nodes_needed, nodes_through
from simk8s.strategies._gangs.running import Held

SPARE = 64
"""Steps that are added at once."""
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Profile:
    """Free amounts `[time, resource, node]`."""

    def __init__(self, now_us: int, free: Ints, running: Held) -> None:
        self._steps = steps = len(running.ends_us) + 1
        self._times = np.empty(steps + SPARE, np.int64)
        self._free = np.empty((steps + SPARE, *free.shape), np.int64)
        self._low = np.empty_like(self._free)
        self._stale: dict[int, None] = {}
        """Nodes whose `low` is to be made anew."""
        self._times[0], self._times[1:steps] = now_us, running.ends_us
        own = self.free
        own[0], own[1:] = free, 0
        own[np.arange(1, steps), :, running.nodes] = running.amounts
        np.cumsum(own, axis=0, out=own)
        np.minimum.accumulate(own, axis=0, out=self._low[:steps])

    @property
    def times_us(self) -> Ints:
        """When each step begins."""
        return self._times[: self._steps]

    @property
    def free(self) -> Ints:
        """What is free in each step."""
        return self._free[: self._steps]

    @property
    def low(self) -> Ints:
        """The least that is free from now to the end of each step."""
        if self._stale:
            nodes = list(self._stale)
            self._stale.clear()
            least = np.minimum.accumulate(self.free[:, :, nodes], axis=0)
            self._low[: self._steps, :, nodes] = least
        return self._low[: self._steps]

    def until(self, end_us: int) -> Ints:
        """The least that is free between now and then."""
        last = int(self.times_us.searchsorted(end_us, side="left")) - 1
        found: Ints = self.low[max(last, 0)]
        return found

    def take(self, nodes: Sequence[int], wants: Sequence[Want], start: int, end_us: int) -> None:
        """Hold amounts from step `start` to a time."""
        end = int(self.times_us.searchsorted(end_us, side="left"))
        if end == self._steps or self._times[end] != end_us:
            self._split(end, end_us)
        for node, want in zip(nodes, wants, strict=True):
            self._free[start:end, :, node] -= want.amounts
            self._stale[node] = None

    def hold(self, nodes: Sequence[int], wants: Sequence[Want], start_us: int, end_us: int) -> bool:
        """Hold amounts from one time to another; whether there are as many."""
        start = self._step(start_us)
        self.take(nodes, wants, start, end_us)
        end = int(self.times_us.searchsorted(end_us, side="left"))
        return all(bool((self._free[start:end, :, node] >= 0).all()) for node in nodes)

    def give(self, nodes: Sequence[int], wants: Sequence[Want], start_us: int, end_us: int) -> None:
        """Hold them no longer."""
        back = [Want(-want.amounts, want.mask) for want in wants]
        self.take(nodes, back, self._step(start_us), end_us)

    def _step(self, at_us: int) -> int:
        """The last step that begins at a time, made if need be."""
        step = int(self.times_us.searchsorted(at_us, side="right"))
        if self._times[step - 1] == at_us:
            return step - 1
        self._split(step, at_us)
        return step

    def _split(self, step: int, at_us: int) -> None:
        """A step that begins at a time, and has what the one before has."""
        steps = self._steps
        if steps == len(self._times):
            self._times, self._free, self._low = map(_longer, (self._times, self._free, self._low))
        for column in (self._times, self._free, self._low):
            column[step + 1 : steps + 1] = column[step:steps]
        self._times[step] = at_us
        self._free[step], self._low[step] = self._free[step - 1], self._low[step - 1]
        self._steps += 1

    def earliest(
        self, wants: Sequence[Want], estimate_us: int, before_us: int | None = None
    ) -> tuple[int, list[int]] | None:
        """The first step (before some time) from which the pods fit for so long, and their nodes;
        None for never.
        """
        times = self.times_us
        starts = times if before_us is None else times[: times.searchsorted(before_us)]
        if not len(starts):
            return None
        ends = times.searchsorted(starts + estimate_us, side="left")
        enough = nodes_through(self.free, wants[0], ends) >= nodes_needed(self.free, wants)
        for step in np.flatnonzero(enough).tolist():
            nodes = seats(self.free[step : ends[step]].min(axis=0), wants)
            if nodes is not None:
                return step, nodes
        return None

    def since(self, wants: Sequence[Want], nodes: Sequence[int], step: int) -> int:
        """The first step from which these very nodes have room for the pods, up to one from which
        they have: `seats` may miss nodes at one step that it finds at a later one.
        """
        while step and fit_on(self.free[step - 1], wants, nodes):
            step -= 1
        return step


def _longer(column: Ints) -> Ints:
    """With room for more steps."""
    return np.concatenate((column, np.empty_like(column[:SPARE])))


def seats(free: Ints, wants: Sequence[Want]) -> list[int] | None:
    """A node for each pod, the tightest of those with enough `[resource, node]`; None if some pod
    has none.
    """
    if len(wants) > 1:
        free = free.copy()
    nodes: list[int] = []
    for want in wants:
        rows = np.flatnonzero((free >= want.amounts[:, None]).all(axis=0) & want.mask)
        if not len(rows):
            return None
        main = int((want.amounts > 0).argmax())
        node = int(rows[free[main, rows].argmin()])
        nodes.append(node)
        if len(wants) > 1:
            free[:, node] -= want.amounts
    return nodes
