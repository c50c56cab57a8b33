"""Dominant Resource Fairness: the paper's example and its properties."""

from __future__ import annotations

from fractions import Fraction

import hypothesis.strategies as st
from hypothesis import given, settings

from simk8s.strategies._queues.drf import Shares, fill

Demands = dict[str, dict[str, int]]


def tasks(
    capacity: dict[str, int],
    demands: Demands,
    weights: dict[str, float] | None = None,
    most: int = 10_000,
    passing: bool = True,
) -> dict[str, int]:
    """How many tasks each user runs in the end."""
    shares, counts = Shares(capacity, weights), dict.fromkeys(demands, 0)
    free = dict(capacity)

    def start(user: str) -> bool | None:
        if counts[user] == most:
            return None
        if any(free[r] < a for r, a in demands[user].items()):
            return False
        for r, a in demands[user].items():
            free[r] -= a
        shares.hold(user, demands[user])
        counts[user] += 1
        return True

    fill(list(demands), shares, start, passing=passing)
    return counts


PAPER: Demands = {"A": {"cpu": 1, "memory": 4}, "B": {"cpu": 3, "memory": 1}}


def test_the_example_of_the_paper() -> None:
    for passing in (True, False):
        counts = tasks({"cpu": 9, "memory": 18}, PAPER, passing=passing)
        assert counts == {"A": 3, "B": 2}
    assert Fraction(3 * 4, 18) == Fraction(2 * 3, 9) == Fraction(2, 3), "their dominant shares"


def test_weights() -> None:
    alike: Demands = {"A": {"cpu": 1}, "B": {"cpu": 1}}
    assert tasks({"cpu": 90}, alike, {"B": 2.0}) == {"A": 30, "B": 60}


def test_a_user_with_few_tasks_leaves_the_rest_to_others() -> None:
    shares = tasks({"cpu": 10}, {"A": {"cpu": 1}, "B": {"cpu": 1}}, most=7)
    assert sum(shares.values()) == 10


demand = st.fixed_dictionaries({"cpu": st.integers(0, 4), "memory": st.integers(0, 4)}).filter(
    lambda d: any(d.values())
)
worlds = st.tuples(
    st.fixed_dictionaries({"cpu": st.integers(40, 120), "memory": st.integers(40, 120)}),
    st.lists(demand, min_size=2, max_size=4),
)


def own(capacity: dict[str, int], one: dict[str, int]) -> Fraction:
    """The dominant share of one task."""
    return max(Fraction(a, capacity[r]) for r, a in one.items())


@settings(max_examples=80, deadline=None)
@given(worlds)
def test_the_properties_but_for_what_a_task_makes(
    world: tuple[dict[str, int], list[dict[str, int]]],
) -> None:
    capacity, asked = world
    demands = {f"u{i}": d for i, d in enumerate(asked)}
    counts = tasks(capacity, demands)
    used = {r: sum(counts[u] * d.get(r, 0) for u, d in demands.items()) for r in capacity}
    assert all(used[r] <= capacity[r] for r in capacity)
    step = max(own(capacity, d) for d in asked)
    for user, mine in demands.items():
        share, one = counts[user] * own(capacity, mine), own(capacity, mine)
        # Pareto efficiency: nobody could run one more
        assert any(used[r] + a > capacity[r] for r, a in mine.items())
        # sharing incentive: no worse than with 1/n of everything
        alone = min(capacity[r] // (len(demands) * a) for r, a in mine.items() if a)
        assert share >= alone * one - 2 * step
        # envy-freeness: nobody would rather have what another has
        for other, its in demands.items():
            theirs = min(counts[other] * its[r] // a for r, a in mine.items() if a)
            assert theirs * one <= share + 2 * step


@settings(max_examples=60, deadline=None)
@given(worlds, st.integers(2, 4))
def test_asking_for_more_than_one_needs_does_not_help(
    world: tuple[dict[str, int], list[dict[str, int]]], times: int
) -> None:
    """Strategy-proofness for demands that are overstated in proportion."""
    capacity, asked = world
    demands = {f"u{i}": d for i, d in enumerate(asked)}
    lying = {**demands, "u0": {r: a * times for r, a in demands["u0"].items()}}
    one = own(capacity, demands["u0"])
    honest = tasks(capacity, demands)["u0"] * one
    useful = tasks(capacity, lying)["u0"] * times * one
    step = max(own(capacity, d) for d in lying.values())
    assert useful <= honest + 2 * step
