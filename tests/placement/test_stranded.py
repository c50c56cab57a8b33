"""What is stranded, by hand and against a count pod by pod."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simk8s.placement.stranded import Room, stranded


def ints(*values):
    return np.array(values, np.int64)


def test_cpu_without_memory_is_of_no_use():
    # Node 0 holds the pod, node 1 has no memory left, node 2 no CPU, node 3 no room for a pod.
    room = Room(ints(4, 3, 1, 8), ints(9, 1, 7, 9), ints(5, 5, 5, 0))
    assert stranded(room, ints(2), ints(2), ints(1)) == (3 + 1 + 8, 1 + 7 + 9)
    # Half of the pods ask for so little that it fits on nodes 1 and 2 too.
    half = stranded(room, ints(1, 2), ints(1, 2), ints(50, 50))
    assert half == (8 + (3 + 1) / 2, 9 + (1 + 7) / 2)


def test_nobody_asked_for_anything():
    room = Room(ints(4), ints(4), ints(4))
    assert stranded(room, ints(), ints(), ints()) == (0, 0)


AMOUNTS = st.lists(st.tuples(*[st.integers(0, 9)] * 3), min_size=1, max_size=6)


@given(AMOUNTS, AMOUNTS)
def test_it_is_the_mean_over_pods(nodes, pods):
    room = Room(*(ints(*column) for column in zip(*nodes, strict=True)))
    cpu, memory, weight = (ints(*column) for column in zip(*pods, strict=True))
    misses = [
        (count * free_cpu, count * free_memory)
        for free_cpu, free_memory, slots in nodes
        for asked_cpu, asked_memory, count in pods
        if free_cpu < asked_cpu or free_memory < asked_memory or slots < 1
    ]
    total = sum(count for _, _, count in pods) or 1
    expected = [sum(column) / total for column in zip(*misses, strict=True)] or [0, 0]
    assert list(stranded(room, cpu, memory, weight)) == pytest.approx(expected)
