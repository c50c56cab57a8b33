"""The solve against brute force, against its hint, and against itself."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings

from simk8s.strategies._packing.audit import violations
from simk8s.strategies._packing.greedy import greedy
from simk8s.strategies._packing.instance import Placement
from simk8s.strategies._packing.objective import evaluate, goals, order_of
from simk8s.strategies._packing.outcome import Status
from simk8s.strategies._packing.solve import Options, solve
from tests.strategies.packing import brute, made
from tests.strategies.packing.made import group, instance


def order(packed, placement):
    wanted = goals(packed)
    return order_of(wanted, evaluate(packed, placement, wanted))


def check(packed, answer, hint):
    """What holds for every answer."""
    assert violations(packed, answer.placement) == []
    assert order(packed, answer.placement) <= order(packed, hint)
    assert tuple(s.value for s in answer.stages) == evaluate(
        packed, answer.placement, goals(packed)
    )
    for stage, goal in zip(answer.stages, goals(packed), strict=True):
        # A bound is none if some placement, here the answer itself, beats it.
        assert goal.key(stage.bound) <= goal.key(stage.value)


@pytest.mark.parametrize("gpus", [False, True])
def test_optimal_as_brute_force_is(gpus):
    proved = []

    @settings(max_examples=120, deadline=None, derandomize=True, database=None)
    @given(made.tiny(gpus=gpus))
    def compare(packed):
        answer = solve(packed, Options(budget=1.0))
        check(packed, answer, greedy(packed))
        optimum = brute.best(packed)
        proved.append(answer.status == Status.OPTIMAL)
        if answer.status == Status.OPTIMAL:
            assert order(packed, answer.placement) == optimum
        for i, stage in enumerate(answer.stages):
            # The bound of a goal holds where those before it have the value of the answer.
            if order(packed, answer.placement)[:i] == optimum[:i]:
                assert goals(packed)[i].key(stage.bound) <= optimum[i]

    compare()
    assert sum(proved) >= 0.95 * len(proved)


@pytest.mark.parametrize("gpus", [False, True])
def test_neighbourhoods_alone_never_lose(gpus, monkeypatch):
    """Without solving the whole, as on a large cluster."""
    monkeypatch.setattr("simk8s.strategies._packing.solve.WHOLE", 0)

    @settings(max_examples=30, deadline=None, derandomize=True, database=None)
    @given(made.tiny(gpus=gpus))
    def compare(packed):
        answer = solve(packed, Options(budget=0.02))
        check(packed, answer, greedy(packed))
        assert order(packed, answer.placement) >= brute.best(packed)

    compare()


def test_greedy_provably_loses_where_the_solver_does_not():
    """Two nodes of 10: best fit decreasing puts 5 with 4, and 3, 3, 3 leave no room for 2;
    5, 3, 2 and 4, 3, 3 fill both."""
    pods = [group(1, 5), group(1, 4), group(3, 3), group(1, 2)]
    packed = instance(pods, [[10], [10]])
    hint, answer = greedy(packed), solve(packed)
    assert answer.status == Status.OPTIMAL
    assert (hint.placed, answer.placement.placed) == (5, 6)
    assert -brute.best(packed)[0] == 6
    assert (answer.objective, answer.hint_objective, answer.gap) == (6, 5, 0.0)


def test_a_higher_priority_pod_displaces_any_number_of_lower_ones():
    packed = instance([group(3, 2, priority=1), group(1, 6, priority=9)], [[7]])
    answer = solve(packed)
    assert answer.placement.counts == {(1, 0): 1}
    assert [s.name for s in answer.stages] == [
        "placed_priority_9",
        "placed_priority_1",
        "nodes_in_use",
    ]


def test_a_bad_hint_is_improved_and_a_good_one_kept():
    packed = instance([group(2, 5)], [[10], [10]])
    spread = Placement({(0, 0): 1, (0, 1): 1})
    answer = solve(packed, hint=spread)
    assert (answer.objective, answer.hint_objective, answer.decided_by) == (1, 2, "nodes_in_use")
    assert solve(packed, hint=answer.placement).placement == answer.placement


def test_shared_pods_fill_begun_devices():
    """Three halves, two nodes with two devices each, one of those half full already."""
    packed = instance([group(3, 1, gpu=(1, 500))], [[8], [8]], devices=[[500, 1000], [1000, 1000]])
    answer = solve(packed, hint=Placement())
    assert answer.status == Status.OPTIMAL
    assert [stage.value for stage in answer.stages] == [3, 0]
    assert answer.placement.counts[0, 0] in (1, 3)
    assert (0,) in answer.placement.devices[0, 0]


def test_whole_devices_are_not_taken_from_shared_pods():
    pods = [group(1, 1, gpu=(2, 1000)), group(3, 1, gpu=(1, 300))]
    packed = instance(pods, [[8]], devices=[[1000, 1000, 1000]])
    answer = solve(packed, hint=Placement())
    assert answer.placement.placed == 4
    assert violations(packed, answer.placement) == []


def test_pods_with_several_parts_get_different_devices():
    """Three pods with 400 milli of two devices each: six parts on three devices, two on each."""
    packed = instance([group(3, 1, gpu=(2, 400))], [[8]], devices=[[1000, 1000, 1000]])
    answer = solve(packed, hint=Placement())
    assert answer.placement.placed == 3
    assert violations(packed, answer.placement) == []


def test_cpu_pods_keep_away_from_the_cpu_that_gpus_need():
    packed = instance([group(1, 4)], [[8], [9]], devices=[[1000, 1000], [0, 0]], companions=[[4]])
    answer = solve(packed, hint=Placement({(0, 0): 1}))
    assert answer.placement.counts == {(0, 1): 1}
    assert (answer.objective, answer.hint_objective) == (0, 1000)


def test_nothing_to_place():
    empty = instance([], [[8]])
    for packed in (empty, instance([group(0, 1)], [[8]]), instance([group(2, 9)], [[8]])):
        answer = solve(packed)
        assert answer.status == Status.OPTIMAL
        assert (answer.placement.placed, answer.gap, answer.deterministic_time) == (0, 0.0, 0.0)


def test_without_budget_the_hint_is_the_answer():
    packed = made.cluster(3, nodes=40, used=20, gpu_share=0.5)
    answer = solve(packed, Options(budget=0.0))
    assert answer.placement == greedy(packed)
    assert answer.status == Status.FEASIBLE
    assert answer.gap > 0


def test_the_cost_counts_all_nodes_though_few_are_candidates():
    packed = made.cluster(4, nodes=400, used=200, gpu_share=0.5)
    answer = solve(packed, Options(budget=0.05, candidates=20))
    check(packed, answer, greedy(packed))
    assert not answer.exact
    assert answer.candidates < 200


@pytest.mark.parametrize(("gpu_share", "nodes"), [(0.0, 8), (0.6, 60)])
def test_the_same_twice(gpu_share, nodes):
    def once():
        packed = made.cluster(5, nodes, nodes - 4, gpu_share, priorities=3)
        return solve(packed, Options(budget=0.1))

    one, other = once(), once()
    assert one == other
    assert one.deterministic_time > 0


def test_another_seed_searches_elsewhere():
    packed = made.cluster(6, nodes=60, used=50, gpu_share=0.6)
    answers = [solve(packed, Options(budget=0.05, random_seed=seed)) for seed in range(3)]
    assert len({tuple(sorted(a.placement.counts.items())) for a in answers}) > 1


@pytest.mark.parametrize(("gpu_share", "used"), [(0.0, 300), (0.7, 900)])
def test_a_large_cluster_within_a_modest_budget(gpu_share, used):
    """200 pods on 1,500 nodes; the work is bounded in deterministic time, about
    half a second of CPU; the check allows for a slow machine."""
    packed = made.cluster(7, nodes=1500, used=used, gpu_share=gpu_share)
    started = time.process_time()
    answer = solve(packed, Options(budget=0.2))
    assert time.process_time() - started < 5
    check(packed, answer, greedy(packed))
    assert 190 <= packed.pod_count <= 240
    assert answer.deterministic_time < 0.3
    assert answer.placement.placed == packed.pod_count
    if gpu_share:
        assert answer.objective < answer.hint_objective


def test_instances_are_checked():
    with pytest.raises(ValueError, match="more than the solver can count"):
        instance([group(1000, 1 << 58)], [[8]])
    with pytest.raises(ValueError, match="negative request"):
        instance([group(1, -1)], [[8]])
    with pytest.raises(ValueError, match="GPU demand"):
        group(1, 1, gpu=(1, 1001))
    with pytest.raises(ValueError, match="allowed has shape"):
        instance([group(1, 1, allowed=[1, 1])], [[8]])


def test_nothing_handed_in_is_written_to():
    packed = made.cluster(8, nodes=30, used=25, gpu_share=0.6)
    before = [packed.free.copy(), packed.devices.copy(), packed.in_use.copy()]
    solve(packed, Options(budget=0.02))
    after = [packed.free, packed.devices, packed.in_use]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
