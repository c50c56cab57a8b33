"""The most pods that a node had at once, against a count instant by instant."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from simk8s.simulation.tables import _peaks

NODES = 3
STAYS = st.lists(st.tuples(st.integers(0, NODES - 1), st.integers(0, 12), st.integers(0, 5)))


@given(STAYS)
def test_peaks_are_the_fullest_instants(stays):
    rows = [(node, start, start + lasted) for node, start, lasted in stays]
    node, start, end = np.array(rows, np.int64).reshape(-1, 3).T
    fullest = [
        max(sum(n == one and s <= t < e for n, s, e in rows) for t in range(18))
        for one in range(NODES)
    ]
    assert _peaks(node, start, end, NODES).tolist() == fullest
