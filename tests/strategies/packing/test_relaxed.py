"""Linear bounds: never below brute force, and between them greedy and the solver."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from simk8s.packing import fleet as fleets
from simk8s.packing import relaxation
from simk8s.strategies._packing import relaxed
from simk8s.strategies._packing.greedy import greedy
from simk8s.strategies._packing.objective import evaluate, goals
from simk8s.strategies._packing.solve import Options, solve
from tests.strategies.packing import brute, made


def _held_below(instance) -> tuple[int, int]:
    """(stages, of these bounds that are met) after checking each of them."""
    best = brute.best(instance)
    values, wanted = tuple(-value for value in best[:-1]), goals(instance)
    fleet, met = relaxed.fleet(instance), 0
    for i, value in enumerate(values):
        bound = relaxed.most_placed(fleet, instance, wanted[: i + 1], values)
        assert value <= bound
        met += value == bound
    if sum(values) == instance.pod_count and not instance.has_gpus:
        assert relaxed.least_used(fleet) <= best[-1]
    return len(values), met


def test_never_below_brute_force():
    seen = []

    @settings(max_examples=80, deadline=None, derandomize=True, database=None)
    @given(made.tiny(True) | made.tiny(False))
    def compared(instance):
        seen.append(_held_below(instance))

    compared()
    stages, met = (sum(column) for column in zip(*seen, strict=True))
    assert met > 0.9 * stages > 0, "on so little, nearly every bound is met"


def test_never_below_brute_force_however_coarse(monkeypatch):
    """Nodes merged into one class, pods into one group."""
    monkeypatch.setattr(fleets, "MOST_CLASSES", 1)
    monkeypatch.setattr(relaxation, "MOST_PAIRS", 0)

    @settings(max_examples=60, deadline=None, derandomize=True, database=None)
    @given(made.tiny(True) | made.tiny(False))
    def compared(instance):
        _held_below(instance)

    compared()


def test_never_below_brute_force_without_a_solver(monkeypatch):
    monkeypatch.setattr(relaxation, "_solve", lambda *_: None)

    @settings(max_examples=30, deadline=None, derandomize=True, database=None)
    @given(made.tiny(True) | made.tiny(False))
    def compared(instance):
        _held_below(instance)

    compared()


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("gpu_share", [0.0, 0.7])
def test_greedy_then_the_solver_then_the_bound(seed, gpu_share):
    instance = made.cluster(seed, 6, 6, gpu_share, groups=40, largest=4)
    wanted = goals(instance)
    placed = evaluate(instance, greedy(instance), wanted)[0]
    solved = solve(instance, Options(budget=0.05)).stages[0]
    bound = relaxed.most_placed(relaxed.fleet(instance), instance, wanted[:1], (solved.value,))
    assert placed <= solved.value <= min(bound, solved.bound)
    assert bound <= instance.pod_count
