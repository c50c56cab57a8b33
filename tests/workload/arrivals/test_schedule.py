"""Schedules are exact."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from simk8s.workload.arrivals.schedule import Params, Schedule

S = 1_000_000


def times(horizon_us: int, **section: Any) -> list[int]:
    found = Schedule(Params(**section)).times(np.random.default_rng(1), horizon_us)
    listed: list[int] = found.tolist()
    return listed


def test_at_is_sorted_and_counted() -> None:
    assert times(100 * S, at=["50s", "1s", "5m"], count=2) == [S, S, 50 * S, 50 * S]


def test_every_includes_the_start_and_the_end() -> None:
    assert times(30 * S, every="10s") == [0, 10 * S, 20 * S, 30 * S]
    assert times(30 * S, every="10s", start="5s") == [5 * S, 15 * S, 25 * S]


def test_times_is_a_bound() -> None:
    assert times(3600 * S, every="10s", times=2, count=1) == [0, 10 * S]


def test_nothing_is_drawn() -> None:
    generator = np.random.default_rng(1)
    before = generator.bit_generator.state
    Schedule(Params(every="1s")).times(generator, 10 * S)
    assert generator.bit_generator.state == before


@pytest.mark.parametrize(
    "section",
    [{}, {"at": []}, {"at": ["1s"], "every": "1s"}, {"every": "0s"}, {"at": ["1s"], "times": 3}],
)
def test_one_way_of_saying_it(section: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Params(**section)
