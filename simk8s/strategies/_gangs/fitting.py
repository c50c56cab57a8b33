"""On how many nodes a pod fits through a whole window of a profile's steps, and whether pods fit on
nodes that are named.

Nodes are bits, a window is the AND of its steps: of two stretches whose lengths are powers of two,
which all starts share.
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


def nodes_through(free: Ints, want: Want, ends: NDArray[np.intp]) -> NDArray[np.intp]:
    """For each of the first steps of `[time, resource, node]`, on how many nodes the pod fits from
    there to before its end.
    """
    free = free[: ends[-1]]
    enough: Bools = want.mask & (free[:, 0] >= want.amounts[0])
    for row, amount in enumerate(want.amounts[1:].tolist(), 1):
        enough &= free[:, row] >= amount
    starts = np.arange(len(ends))
    level = np.frexp(ends - starts)[1] - 1
    stretches = _stretches(_bits(enough), int(level.max()) + 1)
    both = stretches[level, starts] & stretches[level, ends - (1 << level)]
    found: NDArray[np.intp] = np.bitwise_count(both).sum(axis=1, dtype=np.intp)
    return found


def _bits(truths: Bools) -> NDArray[np.uint64]:
    """`[time, word]`"""
    steps, nodes = truths.shape
    packed = np.zeros((steps, -(-nodes // 64) * 8), np.uint8)
    bits = np.packbits(truths, axis=1)
    packed[:, : bits.shape[1]] = bits
    return packed.view(np.uint64)


def _stretches(bits: NDArray[np.uint64], levels: int) -> NDArray[np.uint64]:
    """`[level, time, word]`: the AND of 2^level steps from a time on, where there are so many."""
    found = np.empty((levels, *bits.shape), np.uint64)
    found[0] = bits
    for level in range(1, levels):
        half = 1 << (level - 1)
        found[level, :-half] = found[level - 1, :-half] & found[level - 1, half:]
    return found


def nodes_needed(free: Ints, wants: Sequence[Want]) -> int:
    """A lower bound of the nodes that the pods like the first are spread over."""
    first = wants[0].amounts
    alike = sum(np.array_equal(want.amounts, first) for want in wants)
    if alike == 1:
        return 1
    main = int((first > 0).argmax())
    most = int(free[:, main].max()) // max(int(first[main]), 1)
    return -(-alike // max(most, 1))


def fit_on(free: Ints, wants: Sequence[Want], nodes: Sequence[int]) -> bool:
    """Whether `[resource, node]` has room for all of these pods, each on the node named for it."""
    sums: dict[int, Ints] = {}
    for want, node in zip(wants, nodes, strict=True):
        if not want.mask[node]:
            return False
        sums[node] = sums[node] + want.amounts if node in sums else want.amounts
    return all(bool((free[:, node] >= amounts).all()) for node, amounts in sums.items())
