"""What will be free on every node in times to come, if jobs end when they are said to.

Law: `free[k]` holds from `times_us[k]` to the next time, the last for ever. A job holds its nodes
from its start to its estimated end and no longer. Counted resources alone are followed: parts of
one GPU count as their sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Want(NamedTuple):
    """What one pod takes: `amounts` by row of the profile, and where it may go."""

    amounts: Ints
    mask: Bools


class Held(NamedTuple):
    """What a running pod will give back."""

    end_us: int
    node: int
    amounts: Ints


class Profile:
    """Free amounts `[time, resource, node]`."""

    def __init__(self, now_us: int, free: Ints, running: Sequence[Held]) -> None:
        held = sorted(running, key=lambda one: one.end_us)
        self.times_us = np.array([now_us, *(one.end_us for one in held)], np.int64)
        steps = np.zeros((len(held) + 1, *free.shape), np.int64)
        steps[0] = free
        if held:
            nodes = [one.node for one in held]
            steps[np.arange(1, len(held) + 1), :, nodes] = [one.amounts for one in held]
        self.free: Ints = np.cumsum(steps, axis=0)
        self.low: Ints = np.minimum.accumulate(self.free, axis=0)
        """The least that is free from now to the end of each step."""

    def until(self, end_us: int) -> Ints:
        """The least that is free between now and then."""
        last = int(np.searchsorted(self.times_us, end_us, side="left")) - 1
        found: Ints = self.low[max(last, 0)]
        return found

    def take(self, nodes: Sequence[int], wants: Sequence[Want], start: int, end_us: int) -> None:
        """Hold amounts from step `start` to a time."""
        end = int(np.searchsorted(self.times_us, end_us, side="left"))
        if end == len(self.times_us) or self.times_us[end] != end_us:
            self.times_us = np.insert(self.times_us, end, end_us)
            self.free = np.insert(self.free, end, self.free[end - 1], axis=0)
            self.low = np.insert(self.low, end, self.low[end - 1], axis=0)
        for node, want in zip(nodes, wants, strict=True):
            self.free[start:end, :, node] -= want.amounts
        for node in sorted(set(nodes)):
            self.low[:, :, node] = np.minimum.accumulate(self.free[:, :, node], axis=0)

    def earliest(self, wants: Sequence[Want], estimate_us: int) -> tuple[int, list[int]] | None:
        """The first step from which the pods fit for so long, and their nodes; None for never."""
        steps, first = len(self.times_us), wants[0]
        short = (self.free < first.amounts[:, None]).any(axis=1) | ~first.mask
        gone = np.zeros((steps + 1, short.shape[1]), np.int32)
        np.cumsum(short, axis=0, out=gone[1:])
        ends = np.searchsorted(self.times_us, self.times_us + estimate_us, side="left")
        open_ = gone[ends] == gone[:-1]
        for step in np.flatnonzero(open_.any(axis=1)).tolist():
            least = self.free[step : max(int(ends[step]), step + 1)].min(axis=0)
            nodes = seats(least, wants)
            if nodes is not None:
                return step, nodes
        return None


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
