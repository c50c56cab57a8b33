"""Packing anew against brute force, against what runs, and against itself."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simk8s.packing.bounds import least_nodes, most_placed
from simk8s.packing.problem import Aim, Plan, Problem, Stage, compare, stages_by_priority
from simk8s.packing.solve import Limits, solve
from simk8s.packing.start import begin

LIMITS = Limits(2.0)


def problem(requests, priority, pending, running, capacity, **more):
    def array(x):
        return np.array(x, np.int64)

    return Problem(
        array(requests), array(priority), array(pending), array(running), array(capacity), **more
    )


def every_plan(packed):
    """All valid plans, pod counts by group and node."""
    cells = [(g, n) for g in range(packed.groups) for n in range(packed.nodes)]
    ranges = [range(int(packed.counts[g]) + 1) for g, _ in cells]
    for counts in itertools.product(*ranges):
        total = np.array(counts, np.int64).reshape(packed.groups, packed.nodes)
        stay = np.minimum(total, packed.running)
        plan = Plan(stay, total - stay)
        if plan.is_valid(packed):
            yield plan


def optimum(packed, stages):
    best = None
    for plan in every_plan(packed):
        values = [stage.value(packed, plan) for stage in stages]
        if best is None or compare(stages, values, best) > 0:
            best = values
    return best


@st.composite
def tiny(draw):
    groups, nodes = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    size = st.integers(1, 6)
    requests = [[draw(size), draw(size)] for _ in range(groups)]
    capacity = [[draw(st.integers(4, 12)) for _ in range(nodes)] for _ in range(2)]
    running = np.zeros((groups, nodes), np.int64)
    free = np.array(capacity, np.int64)
    for _ in range(draw(st.integers(0, 4))):
        g, n = draw(st.integers(0, groups - 1)), draw(st.integers(0, nodes - 1))
        if (free[:, n] >= requests[g]).all() and running[g].sum() < 2:
            running[g, n] += 1
            free[:, n] -= requests[g]
    pending = [draw(st.integers(0, 2)) for _ in range(groups)]
    priority = [draw(st.integers(1, 3)) for _ in range(groups)]
    return problem(requests, priority, pending, running, capacity)


def test_optimal_as_brute_force_is():
    @settings(max_examples=60, deadline=None, derandomize=True, database=None)
    @given(tiny())
    def compared(packed):
        stages = stages_by_priority(packed)
        answer = solve(packed, LIMITS)
        assert answer.plan.is_valid(packed)
        assert answer.proved
        assert list(answer.values) == (optimum(packed, stages) or [])
        start = begin(packed)
        assert start.is_valid(packed)
        now = [stage.value(packed, Plan.now(packed)) for stage in stages if stage.maximise]
        placed = [stage.value(packed, start) for stage in stages if stage.maximise]
        assert compare([s for s in stages if s.maximise], placed, now) >= 0

    compared()


def test_bounds_hold_for_every_plan():
    @settings(max_examples=40, deadline=None, derandomize=True, database=None)
    @given(tiny())
    def compared(packed):
        for plan in every_plan(packed):
            above = {}
            for stage in (s for s in stages_by_priority(packed) if s.maximise):
                value = stage.value(packed, plan)
                assert value <= most_placed(packed, stage.priority, above)
                above[stage.priority] = value

    compared()


def test_greedy_loses_where_the_solver_does_not():
    """Two nodes of 9 with a 3 each: no room for a 7 unless one 3 moves to the other."""
    packed = problem([[3], [7]], [1, 1], [0, 1], [[1, 1], [0, 0]], [[9, 9]])
    first = stages_by_priority(packed)[0]
    assert first.value(packed, begin(packed)) == 2, "no room for 7 beside a 3"
    answer = solve(packed, LIMITS)
    assert answer.values == (3, 2)
    assert answer.proved


def test_more_important_pods_are_placed_and_not_disturbed():
    packed = problem([[6], [6]], [2, 1], [1, 0], [[0], [1]], [[10]])
    answer = solve(packed, LIMITS)
    assert answer.values == (1, 0, 1, 1), "the less important one is evicted"


@pytest.mark.parametrize(("most", "found"), [(0, False), (1, True)])
def test_no_more_moves_than_allowed(most, found):
    packed = problem(
        [[7], [3]],
        [1, 1],
        [1, 0],
        [[0, 0], [1, 1]],
        [[9, 9]],
        keep=True,
        most_moved=most,
        must={0: 1},
    )
    answer = solve(packed, LIMITS, [Stage(Aim.DISTURBED, 0)])
    assert answer.feasible == found
    assert answer.hopeless != found
    if found:
        assert int(answer.plan.left(packed).sum()) == 1


def test_the_fewest_nodes_within_a_budget():
    running = [[1, 1, 1, 1]]
    packed = problem([[3]], [0], [0], running, [[9, 9, 9, 9]], keep=True, most_moved=1)
    stages = [Stage(Aim.NODES), Stage(Aim.DISTURBED, 0)]
    answer = solve(packed, LIMITS, stages, Plan.now(packed))
    assert answer.values == (3, 2)
    free = problem([[3]], [0], [0], running, [[9, 9, 9, 9]], keep=True, most_moved=4)
    assert solve(free, LIMITS, stages, Plan.now(free)).values == (2, 4)


def test_least_nodes():
    capacity = np.array([[8, 4, 4], [8, 8, 8]], np.int64)
    assert least_nodes(np.array([9, 1]), capacity, np.array([0, 0])) == 2
    assert least_nodes(np.array([9, 1]), capacity, np.array([1, 1])) == 1
    assert least_nodes(np.array([0, 0]), capacity, np.array([0, 0])) == 0


def test_the_same_problem_has_the_same_plan():
    draws = np.random.default_rng(5)
    requests = draws.integers(10, 100, (30, 2))
    packed = problem(requests, draws.integers(1, 4, 30), np.full(30, 2), np.zeros((30, 8)),
                     np.full((2, 8), 380))  # fmt: skip
    one, other = (solve(packed, Limits(0.3)) for _ in range(2))
    assert (one.plan.come == other.plan.come).all()
    assert one.values == other.values
    assert one.deterministic_time == other.deterministic_time
    times = [point.deterministic_time for point in one.curve]
    assert times == sorted(times)
