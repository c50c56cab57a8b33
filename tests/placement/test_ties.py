"""Ties: the ranks against a slow twin of Go's container/heap, and the other rules."""

from __future__ import annotations

import random

import numpy as np

from simk8s.placement.ties import HeapOrder, heap_ranks


def heap_root(scores: list[int]) -> int:
    """Position of the root after heap.Init of a max-heap: sift down from the last parent, a
    child goes up only if it is strictly better, the right one only if strictly better than the
    left one.
    """
    heap = [(score, position) for position, score in enumerate(scores)]
    count = len(heap)
    for start in range(count // 2 - 1, -1, -1):
        parent = start
        while (child := 2 * parent + 1) < count:
            if child + 1 < count and heap[child + 1][0] > heap[child][0]:
                child += 1
            if not heap[child][0] > heap[parent][0]:
                break
            heap[parent], heap[child] = heap[child], heap[parent]
            parent = child
    return heap[0][1]


def ranked_root(order: HeapOrder, scores: list[int]) -> int:
    total = np.array(scores)
    return order.root(np.flatnonzero(total == total.max()))


def test_ranks_give_the_root_of_the_heap():
    draws, order = random.Random(1), HeapOrder()
    for _ in range(3_000):
        values = draws.choice([1, 2, 3, 10])
        scores = [draws.randrange(values) for _ in range(draws.randrange(1, 80))]
        assert ranked_root(order, scores) == heap_root(scores), scores


def test_long_lists_too():
    draws, order = random.Random(2), HeapOrder()
    for _ in range(20):
        scores = [draws.randrange(50) for _ in range(draws.randrange(1_000, 3_000))]
        assert ranked_root(order, scores) == heap_root(scores)


def test_total_and_rank_in_one_number_say_the_same():
    draws, order = random.Random(3), HeapOrder()
    for _ in range(500):
        values = draws.choice([1, 2, 200])
        scores = [draws.randrange(-1, values) for _ in range(draws.randrange(1, 600))]
        for dtype in (np.int32, np.int64, np.float64):
            assert order.best(np.array(scores, dtype)) == heap_root(scores), scores


def test_it_is_not_always_the_first():
    # Positions 2 and 3 tie; 3 is below 1, which stands left of 2.
    assert heap_root([0, 0, 5, 5]) == 3
    assert ranked_root(HeapOrder(), [0, 0, 5, 5]) == 3


def test_ranks_are_the_preorder_of_the_tree():
    count = 1_000
    walked: list[int] = []
    left = [0]
    while left:
        position = left.pop()
        if position < count:
            walked.append(position)
            left += [2 * position + 2, 2 * position + 1]
    assert np.argsort(heap_ranks(count)).tolist() == walked


def test_ranks_do_not_depend_on_the_length():
    assert heap_ranks(5_000)[:777].tolist() == heap_ranks(777).tolist()
