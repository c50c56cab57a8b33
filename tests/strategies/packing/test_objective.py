"""Values, fragmentation, typical companions and bounds, against definitions written out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from simk8s.strategies._packing.bounds import Bounds
from simk8s.strategies._packing.greedy import greedy
from simk8s.strategies._packing.instance import Placement, gpu_room, room
from simk8s.strategies._packing.objective import (
    evaluate,
    fragmentation,
    goals,
    leftovers,
    order_of,
    stranded_devices,
)
from simk8s.strategies._packing.pods import GpuDemand
from simk8s.strategies._packing.typical import Seen, companions_from
from tests.strategies.packing import brute, made
from tests.strategies.packing.made import group, instance


@pytest.mark.parametrize("gpus", [False, True])
def test_values_are_what_brute_force_counts(gpus):
    @settings(max_examples=150, deadline=None, derandomize=True, database=None)
    @given(made.tiny(gpus=gpus))
    def compare(packed):
        hint, wanted = greedy(packed), goals(packed)
        free, devices = leftovers(packed, hint)
        chosen = [key for key, count in hint.counts.items() for _ in range(count)]
        counted = brute.value(packed, free.T.tolist(), devices.T.tolist(), chosen)
        assert order_of(wanted, evaluate(packed, hint, wanted)) == counted

    compare()


def test_goals_are_priorities_from_the_top_then_the_cost():
    pods = [group(1, 1, priority=p) for p in (5, -3, 2_000_000_000)] + [group(0, 1, priority=9)]
    names = [goal.name for goal in goals(instance(pods, [[9]]))]
    assert names == [
        "placed_priority_2000000000",
        "placed_priority_5",
        "placed_priority_-3",
        "nodes_in_use",
    ]
    assert goals(instance(pods, [[9]], devices=[[1000]]))[-1].name == "gpu_fragmentation"


def test_fragmentation_is_parts_and_stranded_devices():
    """Three nodes with two free devices; a device wants 4 CPU: 2, 1 and 0 of them are of use."""
    free = np.array([[8, 7, -2]])
    devices = np.array([[1000, 1000, 1000], [1000, 1000, 1000], [300, 0, 0]])
    companion = np.array([[4]])
    assert stranded_devices(free, np.array([2, 2, 2]), companion).tolist() == [[0, 1, 2]]
    assert fragmentation(free, devices, companion).tolist() == [300, 1000, 2000]


def test_several_companions_count_in_equal_parts():
    free = np.array([[8], [2]])
    devices = np.array([[1000], [1000]])
    companions = np.array([[4, 1], [8, 1], [4, 2], [0, 0]])
    assert stranded_devices(free, np.array([2]), companions)[:, 0].tolist() == [0, 1, 1, 0]
    assert fragmentation(free, devices, companions).tolist() == [500]


def test_companions_are_quantiles_by_gpu_milli():
    pods = [
        group(8, 1000, gpu=(1, 500)),
        group(2, 12_000, gpu=(2, 1000)),
        group(5, 99_000),
    ]
    companions = companions_from(pods, resources=1, quantiles=4)
    assert companions[:, 0].tolist() == [2000, 2000, 6000, 6000]
    assert companions_from(pods[2:], resources=1).shape == (0, 1)


def test_companions_are_kept_in_whole_units():
    packed = instance([group(1, 4), group(1, 6)], [[9]], devices=[[1000]], companions=[[5], [1]])
    assert packed.units.tolist() == [2]
    assert packed.typical.tolist() == [[4], [0]]


def test_parts_of_an_instance_count_as_it_does():
    packed = instance(
        [group(1, 4), group(1, 6, gpu=(1, 1000))], [[9], [7]], devices=[[1000], [1000]]
    )
    part = packed.part(np.array([1]), {0: 1})
    assert part.units.tolist() == packed.units.tolist()
    assert part.typical.tolist() == packed.typical.tolist()
    assert (part.node_count, part.groups[0].count) == (1, 1)


@pytest.mark.parametrize("gpus", [False, True])
def test_no_placement_beats_a_bound(gpus):
    @settings(max_examples=150, deadline=None, derandomize=True, database=None)
    @given(made.tiny(gpus=gpus))
    def compare(packed):
        wanted, optimum, values = goals(packed), brute.best(packed), []
        for i, goal in enumerate(wanted):
            bound = Bounds(packed).of(wanted, tuple(values), i)
            assert goal.key(bound) <= optimum[i]
            values.append(abs(optimum[i]))

    compare()


def test_the_bound_on_nodes_counts_what_nodes_in_use_cannot_take():
    packed = instance([group(10, 3)], [[10]] * 6, in_use=[True] + [False] * 5)
    assert Bounds(packed).of(goals(packed), (10,), 1) == 3


def test_the_bound_on_pods_counts_the_smallest_first():
    pods = [group(2, 5, priority=1), group(3, 2), group(3, 4)]
    packed = instance(pods, [[8], [9]])
    assert Bounds(packed).of(goals(packed), (2,), 1) == 3


def test_room_for_pods_with_several_devices():
    """Three pods with two parts of 400 on three devices: six parts, two on each."""
    devices = np.array([[1000, 1000, 300], [1000, 0, 1000], [1000, 1000, 0]])
    assert gpu_room(devices, GpuDemand(2, 400), count=9).tolist() == [3, 2, 0]
    packed = instance([group(9, 1, gpu=(1, 500))], [[3]], devices=[[1000, 1000, 500]])
    assert room(packed, packed.groups[0]).tolist() == [3]


def test_an_empty_placement_costs_what_is_there():
    packed = instance([], [[1], [1]], in_use=[True, False])
    assert evaluate(packed, Placement(), goals(packed)) == (1,)


def test_companions_of_all_pods_seen_are_those_of_one_large_batch():
    first = [group(3, 1000, gpu=(1, 500)), group(5, 7000)]
    second = [group(2, 1000, gpu=(1, 500)), group(1, 9000, gpu=(1, 1000))]
    seen = Seen()
    assert seen.companions(1) is None
    seen.add(first, [3, 5])
    seen.add(second, [2, 1])
    assert seen.companions(1).tolist() == companions_from([*first, *second], 1).tolist()
    assert seen.companions(2)[:, 1].tolist() == [0] * 10
