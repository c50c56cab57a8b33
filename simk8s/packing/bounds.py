"""What no plan can beat, from totals alone: no node is looked at as a node.

These bounds cost nothing and often meet a plan, which then is the best without any search.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from simk8s.packing.problem import IntArray, Problem


def most_placed(problem: Problem, tier: int, above: Mapping[int, int]) -> int:
    """Pods of that priority and above that fit into the sum of all nodes, per resource.

    `above`: how many pods of higher tiers and above are placed, by tier; of these, the smallest.
    """
    bound = int(problem.counts[problem.priority >= tier].sum())
    for r in range(problem.capacity.shape[0]):
        free, before = int(np.maximum(problem.capacity[r], 0).sum()), 0
        for higher in sorted(above, reverse=True):
            free -= _smallest(problem, r, higher, above[higher] - before)
            before = above[higher]
        bound = min(bound, before + _fitting(problem, r, tier, free))
    return bound


def _sizes(problem: Problem, r: int, tier: int) -> list[tuple[int, int]]:
    mine = np.flatnonzero(problem.priority == tier)
    pairs = zip(problem.requests[mine, r].tolist(), problem.counts[mine].tolist(), strict=True)
    return sorted(pairs)


def _smallest(problem: Problem, r: int, tier: int, pods: int) -> int:
    total = 0
    for size, count in _sizes(problem, r, tier):
        taken = min(count, max(pods, 0))
        total += taken * size
        pods -= taken
    return total


def _fitting(problem: Problem, r: int, tier: int, free: int) -> int:
    pods = 0
    for size, count in _sizes(problem, r, tier):
        fits = min(count, max(free, 0) // size) if size else count
        pods += fits
        free -= fits * size
    return pods


def least_nodes(requests: IntArray, capacity: IntArray, free: IntArray) -> int:
    """Of nodes with that capacity `[R, N]` so many are needed for the sum of the requests `[R]`,
    beside what is `free` `[R]` elsewhere: the roomiest first, each resource by itself.
    """
    least = 0
    for r in range(capacity.shape[0]):
        rest = int(requests[r]) - int(free[r])
        room = np.cumsum(np.sort(np.maximum(capacity[r], 0))[::-1])
        if rest > 0:
            least = max(least, 1 + int(np.searchsorted(room, rest)))
    return min(least, int(capacity.shape[1]))


def least_used(problem: Problem) -> int:
    """Nodes that any plan uses which places as many pods as run."""
    placed = problem.counts if problem.keep and not problem.pending.any() else None
    if placed is None:
        return 0
    idle = problem.idle
    elsewhere = np.delete(np.maximum(problem.capacity, 0), idle, axis=1).sum(axis=1)
    return least_nodes(problem.requests.T @ placed, problem.capacity[:, idle], elsewhere)
