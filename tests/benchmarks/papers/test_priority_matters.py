"""The instances of "Priority Matters", and what one seed comes to."""

from __future__ import annotations

import time

import pytest

from benchmarks.papers._priority_instances import Cell, instance, qualifying
from benchmarks.papers._priority_page import (
    BOTH,
    DEFAULT_OPTIMAL,
    PUBLISHED,
    Run,
    interval,
    verdict,
)
from benchmarks.papers.priority_matters import one
from simk8s.packing.problem import Plan


def test_a_published_seed_is_drawn_as_published():
    """Seed 484806185843093489 of nodes16_pods64_prio4_util095 in the authors' results.csv."""
    made = instance(Cell(16, 4, 95, 10), 484806185843093489)
    names = [3, 2, 2, 3, 3, 2, 2, 3, 2, 3, 4, 3, 3, 3, 1, 4, 4, 3, 1, 4, 1, 1, 4]
    assert [each.priority for each in made.sets] == names
    sizes = [(s.replicas, s.cpu_m, s.memory_b) for s in made.sets]
    assert sizes[:3] == [(4, 427, 343966759), (2, 391, 390597870), (2, 828, 613089629)]
    assert sizes[-1] == (2, 821, 622047283)
    # 27,878 mCPU and 32,856,727,805 bytes ran: 82.0 and 88.1 % of what 16 nodes have.
    assert round(27_878 / (16 * made.cpu_m), 3) == 0.820
    assert round(32_856_727_805 / (16 * made.memory_b), 3) == 0.881


@pytest.mark.parametrize("cell", [Cell(4, 4, 95, 10), Cell(8, 4, 95, 10)])
def test_small_cells_are_solved_and_proved(cell):
    for seed, problem in qualifying(cell, 2):
        assert Plan.now(problem).is_valid(problem)
        assert problem.counts.sum() == cell.pods
        begun = time.perf_counter()
        run = one(cell, seed, problem, 1)
        assert run.outcome in (BOTH, DEFAULT_OPTIMAL)
        assert time.perf_counter() - begun < 10


def test_the_verdict_knows_the_interval():
    cell = Cell(16, 8, 95, 10)
    assert PUBLISHED[cell][1] == 90
    runs = [Run(i, BOTH if i else "better", 1.0, 1, 0.0, 0.0, 8, 8) for i in range(4)]
    assert verdict(cell, runs) == "open: fewer, within the interval"
    low, high = interval(3, 4)
    assert low < 75 < high
    assert verdict(cell, [Run(i, "better", 1.0, 1, 0.0, 0.0, 7, 8) for i in range(30)]) == "missed"
