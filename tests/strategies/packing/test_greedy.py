"""The hint: feasible, by priority, best fit, sparing what the last goal counts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from simk8s.strategies._packing.audit import violations
from simk8s.strategies._packing.greedy import greedy, order, rank_nodes
from simk8s.strategies._packing.incumbent import Incumbent
from simk8s.strategies._packing.instance import PackingInstance, room
from simk8s.strategies._packing.objective import cost, leftovers
from tests.strategies.packing import made
from tests.strategies.packing.made import group, instance


def what_is_left(packed, hint):
    free, devices = leftovers(packed, hint)
    gpu_free = None if packed.gpu_free is None else devices
    return PackingInstance(packed.groups, free, packed.in_use, gpu_free)


@pytest.mark.parametrize("gpus", [False, True])
def test_it_fits_and_nothing_more_would(gpus):
    @settings(max_examples=150, deadline=None, derandomize=True, database=None)
    @given(made.tiny(gpus=gpus))
    def fill(packed):
        hint = greedy(packed)
        assert violations(packed, hint) == []
        left = Incumbent(packed, hint)
        for g, missing in enumerate(left.missing):
            # Of a group with a bound per node, the nodes it is on may be full for it alone.
            if missing and packed.groups[g].per_node is None:
                assert not room(what_is_left(packed, hint), packed.groups[g]).any()

    fill()


def test_the_highest_priority_comes_first_then_the_largest():
    pods = [group(1, 1), group(1, 5), group(1, 2, priority=8), group(1, 3, gpu=(1, 500))]
    packed = instance(pods, [[9]], devices=[[1000]])
    assert order(packed) == [2, 3, 1, 0]


def test_the_fullest_node_in_use_comes_first():
    packed = instance([group(1, 2)], [[8], [5], [3]], in_use=[True, True, False])
    assert rank_nodes(packed, 0).tolist() == [1, 0, 2]
    assert greedy(packed).counts == {(0, 1): 1}


def test_ties_go_to_the_lowest_index():
    packed = instance([group(2, 3)], [[3], [3], [3]])
    assert greedy(packed).counts == {(0, 0): 1, (0, 1): 1}


def test_masks_and_host_ports_are_kept():
    pods = [group(3, 1, allowed=[0, 1, 1], per_node=1)]
    assert greedy(instance(pods, [[9], [9], [9]])).counts == {(0, 1): 1, (0, 2): 1}


def test_a_node_over_its_limit_refuses_only_what_it_is_asked_for():
    packed = instance([group(1, 2, 0), group(1, 0, 1)], [[5, -3]])
    assert greedy(packed).counts == {(0, 0): 1}


def test_shared_pods_take_the_device_with_the_least_left_that_fits():
    packed = instance([group(2, 1, gpu=(1, 300))], [[9]], devices=[[1000, 700, 400]])
    assert greedy(packed).devices == {(0, 0): ((2,), (1,))}


def test_whole_devices_must_be_free():
    packed = instance([group(2, 1, gpu=(2, 1000))], [[9]], devices=[[1000, 900, 1000, 1000]])
    assert greedy(packed).devices == {(0, 0): ((0, 2),)}


def test_a_begun_device_on_another_node_beats_a_free_one_here():
    packed = instance([group(1, 1, gpu=(1, 300))], [[5], [9]], devices=[[1000], [300]])
    hint = greedy(packed)
    assert hint.counts == {(0, 1): 1}
    assert cost(packed, hint) == 0
