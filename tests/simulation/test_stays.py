"""Integrals over stays equal what counting instant by instant gives."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from simk8s.simulation.stays import covered, stepped

N, HORIZON = 3, 12
STAY = st.tuples(
    st.integers(0, N - 1), st.integers(0, HORIZON), st.integers(0, HORIZON), st.integers(0, 9)
)


def columns(found):
    rows = [(where, min(a, b), max(a, b), amount) for where, a, b, amount in found]
    return tuple(np.array(column, np.int64) for column in zip(*rows, strict=True))


@given(st.lists(STAY, min_size=1, max_size=12))
def test_time_covered_is_the_union(found):
    where, start, end, _ = columns(found)
    expected = [
        sum(bool(((where == n) & (start <= t) & (t < end)).any()) for t in range(HORIZON))
        for n in range(N)
    ]
    assert covered(where, start, end, N).tolist() == expected


@given(st.lists(STAY, min_size=1, max_size=12), st.integers(1, 7))
def test_steps_are_counted_at_every_instant(found, size):
    where, start, end, amount = columns(found)
    level = [
        [int(amount[(where == n) & (start <= t) & (t < end)].sum()) for t in range(HORIZON)]
        for n in range(N)
    ]
    expected = [sum(-(-one // size) for one in line) for line in level]
    assert stepped(where, start, end, amount, np.full(N, size)).tolist() == expected


def test_nobody_was_ever_there():
    none = np.zeros(0, np.int64)
    assert covered(none, none, none, 2).tolist() == [0, 0]
    assert stepped(none, none, none, none, np.ones(2, np.int64)).tolist() == [0, 0]
