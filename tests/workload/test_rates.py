"""Arrivals whose rate changes on the way: the same before, more or fewer after, exactly Poisson."""

from __future__ import annotations

import numpy as np
import pytest

from simk8s.catalog import Catalog
from simk8s.kernel.streams import Streams
from simk8s.workload.rates import changed_times

HOUR = 3_600_000_000
HORIZON = 10 * HOUR


def process(kind="poisson", **params):
    catalog = Catalog()
    return catalog.resolve("arrivals", kind)(
        catalog.params_of("arrivals", kind).model_validate(params)
    )


def times(changes, made=None, seed=3):
    made = made or process(rate="30/min")
    return changed_times(made, changes, Streams(seed), "workload/web/arrivals", HORIZON)


PLAIN = process(rate="30/min").times(Streams(3).get("workload/web/arrivals"), HORIZON)


@pytest.mark.parametrize("factor", [0, 0.3, 1, 1.5, 2, 3.7])
def test_before_the_change_nothing_differs_and_after_it_the_rate_does(factor):
    found = times([(4 * HOUR, factor)])
    before, after = found[found < 4 * HOUR], found[found >= 4 * HOUR]
    assert (before == PLAIN[PLAIN < 4 * HOUR]).all()
    wanted = 6 * 1800 * factor
    assert abs(len(after) - wanted) <= 4.5 * max(wanted, 1) ** 0.5
    assert (np.diff(found) >= 0).all()


def test_a_higher_factor_keeps_everybody():
    last = set()
    for factor in (0.2, 0.7, 1, 1.3, 2, 2.6):
        found = set(times([(HOUR, factor)]).tolist())
        assert last <= found
        last = found


def test_changes_are_of_the_first_rate_and_may_go_back():
    found = times([(2 * HOUR, 3.0), (4 * HOUR, 1.0)])
    late = found[found >= 4 * HOUR]
    assert (late == PLAIN[PLAIN >= 4 * HOUR]).all()


def test_gaps_after_the_change_are_exponential():
    found = times([(0, 2.5)])
    gaps = np.diff(found) / (60_000_000 / 75)
    assert abs(gaps.mean() - 1) < 4 / len(gaps) ** 0.5
    assert abs(gaps.std() - 1) < 6 / len(gaps) ** 0.5
    # Dispersion of counts by minute: 1 for a Poisson process.
    counts = np.bincount(found // 60_000_000)[:600]
    assert abs(counts.var() / counts.mean() - 1) < 4 * (2 / 600) ** 0.5


def test_a_schedule_is_repeated_at_its_own_instants():
    found = times([(HOUR, 2)], process("schedule", every="1h", start="30m", count=2))
    assert found.tolist()[:6] == [HOUR // 2] * 2 + [HOUR * 3 // 2] * 4
