"""Fewer groups of pods that stand for many, for a solver that could not look at them all.

Groups that ask for the same devices, may go to the same nodes and are worth the same are merged
where their requests are close, coarser and coarser. The merged group asks for the mean.

Law: says nothing of the pods themselves; whoever uses it must prove his answer on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simk8s.packing.fleet import Fleet, Pods
from simk8s.packing.problem import IntArray
from simk8s.packing.rows import FloatArray

_STEPS = (48, 24, 12, 6, 3, 1)
"""Requests are told apart in so many steps of the largest."""


def coarser(
    fleet: Fleet, weights: Sequence[IntArray], most_pairs: int
) -> tuple[Fleet, list[FloatArray]]:
    """The fleet with fewer groups, and of each weight that of the merged groups (the mean)."""
    pods = fleet.pods
    exact = [pods.mask, pods.devices, pods.milli, *weights]
    if pods.per_node is not None:
        exact.append(pods.per_node)
    table = np.column_stack([*exact, pods.requests])
    if np.count_nonzero(fleet.room) <= most_pairs:
        return fleet, [each.astype(float) for each in weights]
    whole = np.maximum(pods.requests.max(axis=0), 1)
    for steps in _STEPS:
        table = np.column_stack([*exact, pods.requests * steps // whole])
        _, of = np.unique(table, axis=0, return_inverse=True)
        groups = int(of.max()) + 1
        if groups * len(fleet.nodes) <= most_pairs:
            break
    means = [np.bincount(of, each * pods.counts, groups) for each in weights]
    counts = np.bincount(of, pods.counts, groups)
    merged = replace(fleet, pods=_merged(pods, of.reshape(-1), groups, counts))
    return merged, [each / np.maximum(counts, 1) for each in means]


def _merged(pods: Pods, of: IntArray, groups: int, counts: NDArray[Any]) -> Pods:
    sums = [
        np.bincount(of, pods.requests[:, r] * pods.counts, groups)
        for r in range(pods.requests.shape[1])
    ]
    first = np.full(groups, -1, np.int64)
    first[of[::-1]] = np.arange(len(of))[::-1]
    mean = np.array(sums).reshape(len(sums), groups).T / np.maximum(counts, 1)[:, None]
    return Pods(
        requests=mean.astype(np.int64),
        counts=counts.astype(np.int64),
        devices=pods.devices[first],
        milli=pods.milli[first],
        mask=pods.mask[first],
        per_node=None if pods.per_node is None else pods.per_node[first],
    )
