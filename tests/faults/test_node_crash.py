"""Times between crashes, repairs, and who is hit."""

from __future__ import annotations

import numpy as np
import pytest

from simk8s.errors import UserError
from simk8s.faults import _schedule
from simk8s.faults.node_crash import NodeCrash, Params
from simk8s.units import US_PER_DAY, US_PER_HOUR
from tests.faults.conformance import timeline


def crashes(section, **fields):
    return timeline(NodeCrash, Params.model_validate(section), **fields)


def lives_and_repairs(found):
    """Gaps from the end of one failure to the next, and durations, over all nodes."""
    ends, lives = {}, []
    for fault in found:
        (row,) = fault.rows
        lives.append(fault.at_us - ends.get(row, 0))
        ends[row] = fault.at_us + fault.duration_us
    return np.array(lives), np.array([fault.duration_us for fault in found])


@pytest.mark.parametrize(
    ("mtbf", "mean_h", "deviation_h"),
    [
        ({"exponential": {"mean": "10h"}}, 10, 10),
        ({"weibull": {"shape": 2.0, "scale": "10h"}}, 8.8623, 4.6325),
        ({"lognormal": {"mean": "10h", "sigma": 0.5}}, 10, 5.329),
    ],
)
def test_times_between_failures_follow_their_law(mtbf, mean_h, deviation_h):
    found = crashes(
        {"mtbf": mtbf, "mttr": {"exponential": {"mean": "1h"}}},
        count=200,
        horizon_us=200 * US_PER_DAY,
    )
    lives, repairs = lives_and_repairs(found)
    assert len(lives) > 50_000
    assert lives.mean() / US_PER_HOUR == pytest.approx(mean_h, rel=0.02)
    assert lives.std() / US_PER_HOUR == pytest.approx(deviation_h, rel=0.04)
    assert repairs.mean() / US_PER_HOUR == pytest.approx(1, rel=0.02)


def test_a_node_does_not_crash_while_it_is_down():
    lives, _ = lives_and_repairs(crashes({"mtbf": "2h", "mttr": "3h"}, horizon_us=US_PER_DAY))
    assert (lives == 2 * US_PER_HOUR).all()


def test_only_selected_nodes_crash():
    found = crashes({"mtbf": "1d", "mttr": "1h", "selector": {"pool": "spot"}})
    assert {fault.rows[0] % 2 for fault in found} == {1}
    assert crashes({"mtbf": "1d", "mttr": "1h", "selector": {"pool": "none"}}) == []


def test_the_target_is_the_node():
    (fault, *_) = crashes({"mtbf": "1d", "mttr": "1h"})
    assert (fault.kind, fault.target, fault.rows) == ("nodeCrash", "node-0", (0,))


def test_a_typo_in_mtbf_is_an_answer(monkeypatch):
    monkeypatch.setattr(_schedule, "MAX_FAULTS", 1_000)
    with pytest.raises(UserError, match="1,000 faults nodeCrash"):
        crashes({"mtbf": "1s", "mttr": "1s"})


def test_a_large_fleet_is_quick():
    found = crashes(
        {"mtbf": {"weibull": {"shape": 0.7, "scale": "30d"}}, "mttr": "10m"},
        count=5_000,
        horizon_us=7 * US_PER_DAY,
    )
    assert 1_000 < len(found) < 4_000
