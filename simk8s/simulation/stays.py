"""Pods on nodes as stays: from when until when each held which node's resources.

Law: a stay begins when the binding was stored and ends when the pod ended, or its node left.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simk8s.state.cluster import Cluster
from simk8s.state.pods import NEVER

Ints = NDArray[np.int64]


class Stays(NamedTuple):
    """One entry per pod that was ever bound."""

    pod: NDArray[np.intp]
    node: Ints
    start: Ints
    end: Ints
    requests: NDArray[np.int32]
    """Numbers in `cluster.requests`."""

    @property
    def lasted(self) -> Ints:
        return self.end - self.start


def stays_of(cluster: Cluster, left_us: Ints, now_us: int) -> Stays:
    """`left_us`: by node, when it left the cluster, or now."""
    pods = cluster.pods
    rows = np.flatnonzero(pods.column("node") != NEVER)
    node = pods.column("node")[rows].astype(np.int64)
    start = pods.column("bound_us")[rows]
    finish = pods.column("finished_us")[rows]
    end = np.minimum(np.where(finish == NEVER, now_us, finish), np.maximum(left_us[node], start))
    return Stays(rows, node, start, end, pods.column("requests")[rows])


def asked(cluster: Cluster, stays: Stays, resource: int) -> Ints:
    """How much of a resource each of them held."""
    found: Ints = cluster.requests.matrix()[stays.requests, resource]
    return found


def covered(where: Ints, start: Ints, end: Ints, n: int) -> Ints:
    """By place, for how long anything was there: the union of the stays, `[n]`."""
    order = np.lexsort((start, where))
    place, begins, ends = where[order], start[order], end[order]
    # Places one after the other on one axis, so that the latest end so far is one running maximum.
    axis = place * (int(end.max(initial=0)) + 1)
    reach = np.maximum.accumulate(ends + axis)
    before = np.concatenate([[-1], reach[:-1]])
    fresh = np.maximum(ends + axis - np.maximum(begins + axis, before), 0)
    found: Ints = np.zeros(n, np.int64)
    np.add.at(found, place, fresh)
    return found


def stepped(where: Ints, start: Ints, end: Ints, amount: Ints, size: Ints) -> Ints:
    """By place, time × how many pieces of `size[place]` its level took, `[n]`."""
    at, place = np.concatenate([start, end]), np.concatenate([where, where])
    change = np.concatenate([amount, -amount])
    order = np.lexsort((at, place))
    at, place, level = at[order], place[order], np.cumsum(change[order])
    # The level after a place's last change is 0, so the step to the next place counts nothing.
    until = np.diff(at, append=at[-1:])
    found: Ints = np.zeros(len(size), np.int64)
    np.add.at(found, place, -(-level // size[place]) * until)
    return found
