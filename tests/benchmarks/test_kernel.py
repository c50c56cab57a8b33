"""The benchmark measures what it says, on a small scale."""

from __future__ import annotations

import pytest

from benchmarks import kernel

CASES = [pytest.param(work, id=title) for title, _, work in kernel.cases()]


@pytest.mark.parametrize("work", CASES)
def test_every_case_runs_and_costs_something(work: kernel.Work) -> None:
    assert 0.0 < kernel.best_us(work, 40, repeats=1) < 10_000
