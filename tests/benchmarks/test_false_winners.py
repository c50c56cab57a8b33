"""Two streams of random_fit are two strategies, equally good; the whole table is a benchmark."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import false_winners
from simk8s.results.compare import KEY

PAIRS = 12


@pytest.fixture(scope="module")
def pool():
    return false_winners.pool_of(range(1, PAIRS + 1))


def test_streams_of_a_seed_differ(pool):
    assert pool.differences.shape == (len(pool.names), PAIRS)
    assert pool.differences.any(axis=0).all(), "some pair of runs is equal in every number"
    used = pool.differences[pool.names.index("nodes_used_mean")]
    assert np.count_nonzero(used) >= 3 * PAIRS // 4
    assert len(set(pool.names) & set(KEY)) >= 3


def test_real_runs_have_few_false_winners(pool):
    found = false_winners.shares(pool, 400, 5, np.random.default_rng(1))
    # Three standard errors of 5 % in 400 trials are 3.3 points.
    assert found.key <= 0.05 + 0.033
    assert found.key <= found.all <= 1
    assert found.bare > found.key, "without correction there are more"


def test_what_is_really_better_is_found(pool):
    """The measure can fail: a pool with a shift has winners nearly always."""
    place = pool.names.index("nodes_used_mean")
    shifted = pool.differences.copy()
    shifted[place] = 5 + np.arange(PAIRS) / 100
    rng = np.random.default_rng(2)
    wins = 0
    for _ in range(50):
        pairs = rng.choice(PAIRS, 5, replace=False)
        p = false_winners.p_values(shifted[:, pairs])
        wins += bool(p[place] <= 0.05 / len(set(pool.names) & set(KEY)))
    assert wins == 50
