"""Many seeds: quantiles with exact intervals, the worst seed, what never changes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from simk8s.results.compare import Run, compare
from simk8s.results.sweep import quantile, spreads
from tests.results.test_compare import Fake, fake_kpis  # noqa: F401  # a fixture of that module


def swept(**kpis):
    seeds = len(next(iter(kpis.values())))
    runs = [Run("a", s, Fake({k: v[s] for k, v in kpis.items()})) for s in range(seeds)]
    return {spread.measure.name: spread for spread in spreads(compare(runs))}


def test_the_interval_of_a_median_is_the_books():
    # Conover: n = 15, 95 %: the 4th and the 12th of the ordered values.
    found = quantile(list(range(1, 16)), 0.5)
    assert (found.value, found.low, found.high) == (8, 4, 12)
    few = quantile([1.0, 2.0, 3.0], 0.95)
    assert (few.value, few.high) == (3, None)


@pytest.mark.parametrize(("share", "n"), [(0.5, 40), (0.95, 200), (0.05, 200)])
def test_intervals_of_quantiles_cover(share, n):
    rng = np.random.default_rng(n)
    true, inside = stats.norm.ppf(share), 0
    for values in rng.normal(size=(600, n)):
        found = quantile(sorted(values.tolist()), share)
        inside += found.low <= true <= found.high
    assert 0.93 <= inside / 600 <= 1


def test_the_bad_side_and_the_worst_seed():
    found = swept(pods_lost=[3, 9, 0, 9, 1], started_within_5s=[0.9, 0.8, 1.0, 0.95, 0.7])
    lost, within = found["pods_lost"], found["started_within_5s"]
    assert (lost.bad.value, lost.worst, lost.worst_seed) == (9, 9, 1)
    assert (within.bad.value, within.worst, within.worst_seed) == (0.7, 0.7, 4)
    assert lost.mean.mean == 4.4
    assert not lost.constant


def test_what_never_changes_is_constant():
    assert swept(pods_lost=[2, 2, 2])["pods_lost"].constant
