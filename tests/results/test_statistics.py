"""The statistics are right: coverage, false winners, corrections, on synthetic data."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from benchmarks.false_winners import noise, p_values
from simk8s.results.statistics import (
    benjamini_hochberg,
    holm,
    paired,
    seeds_to_settle,
)

TRIALS = 2_000
KPIS = 4


@pytest.mark.parametrize("seeds", [5, 10, 30])
@pytest.mark.parametrize("name", ["normal", "skewed", "heavy-tailed", "counts"])
def test_false_winners_are_rare_after_correction_for_several_kpis(name, seeds):
    rng = np.random.default_rng([seeds, len(name)])
    shape = (TRIALS, KPIS, seeds)
    differences = noise(name, rng, shape) - noise(name, rng, shape)
    found = p_values(differences)
    alone = np.mean(found <= 0.05)
    among = np.mean([min(holm(trial)) <= 0.05 for trial in found.tolist()])
    assert alone <= 0.06
    assert among <= 0.06


@pytest.mark.parametrize("seeds", [5, 10, 30])
def test_skewed_differences_find_fewer_false_winners_than_a_t_test(seeds):
    """Equal means, but one strategy is far from it more often: the t-test alone is too sure."""
    rng = np.random.default_rng(seeds)
    differences = rng.exponential(1, (TRIALS, seeds)) - 1
    ours = np.mean(p_values(differences) <= 0.05)
    alone = np.mean(stats.ttest_1samp(differences, 0, axis=1).pvalue <= 0.05)
    assert ours <= (0.08 if seeds == 5 else 0.06)
    assert ours < alone


@pytest.mark.parametrize(("seeds", "mean"), [(5, 3.0), (10, -2.0), (30, 0.4)])
def test_intervals_cover(seeds, mean):
    rng = np.random.default_rng(seeds)
    student = boot = 0
    trials = 800
    for values in rng.normal(mean, 2, (trials, seeds)):
        found = paired(values.tolist())
        student += found.low <= mean <= found.high
        low = -math.inf if found.boot_low is None else found.boot_low
        high = math.inf if found.boot_high is None else found.boot_high
        boot += low <= mean <= high
    # Three standard errors of a share of 95 % in 800 trials are 2.3 points.
    assert student / trials == pytest.approx(0.95, abs=0.023)
    assert boot / trials == pytest.approx(0.95, abs=0.03)


def test_students_interval_is_scipys():
    values = [1.0, 2.0, 4.0, 7.0]
    low, high = stats.t.interval(0.95, 3, loc=3.5, scale=stats.sem(values))
    found = paired(values)
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))
    assert found.p == pytest.approx(stats.ttest_1samp(values, 0).pvalue)
    assert found.boot_low is None


def test_clear_differences_are_found_at_five_seeds():
    found = paired([-3.1, -2.9, -3.4, -2.6, -3.0])
    assert found.p < 0.05
    assert found.high < 0


def test_nothing_is_divided_by_zero():
    same = paired([0.0] * 10)
    assert (same.mean, same.deviation, same.low, same.high, same.p) == (0, 0, 0, 0, 1)
    always = paired([2.5] * 3)
    assert (always.low, always.high, always.p) == (2.5, 2.5, 0)
    assert paired([2.5] * 2).p == 1
    assert paired([0.1 + 0.2, 0.3, 0.3]).p == 0  # apart from rounding the same
    assert (paired([4.0]).p, paired([4.0]).low) == (None, None)
    assert paired([0.0]).p == 1
    with pytest.raises(ValueError, match="no differences"):
        paired([])


def test_the_same_each_time():
    values = np.random.default_rng(1).normal(size=12).tolist()
    assert paired(values) == paired(values)


def test_corrections_are_those_of_the_books():
    p = [0.01, 0.04, 0.03, 0.005]
    assert holm(p) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert benjamini_hochberg(p) == pytest.approx(stats.false_discovery_control(p).tolist())
    assert holm([]) == benjamini_hochberg([]) == []
    assert holm([0.9, 0.8]) == [1, 1]


def test_seeds_to_settle_settle_it():
    rng = np.random.default_rng(3)
    pilot = paired([0.1, 1.4, -0.9, 0.3, 1.1, -0.6, 1.7, 0.4])
    more = seeds_to_settle(pilot)
    total = 8 + more
    effect = abs(pilot.mean) / pilot.deviation
    shown = stats.ttest_1samp(rng.normal(effect, 1, (2_000, total)), 0, axis=1).pvalue <= 0.05
    assert np.mean(shown) == pytest.approx(0.8, abs=0.06)
    assert seeds_to_settle(paired([1.0, -1.0, 1.0, 2.0, -2.99])) is None
    assert seeds_to_settle(paired([0.0, 0.0])) is None
