"""Candidates: what may be left out, and that the hint always stays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from simk8s.strategies._packing.greedy import greedy
from simk8s.strategies._packing.instance import Placement
from simk8s.strategies._packing.outcome import Status
from simk8s.strategies._packing.reduce import reduce
from simk8s.strategies._packing.solve import Options, solve
from tests.strategies.packing import brute, made
from tests.strategies.packing.made import group, instance
from tests.strategies.packing.test_solve import order


def test_alike_nodes_stay_only_as_many_as_could_be_used():
    """Seven pods of two kinds: 4 at two a node and 3 at one a node need five nodes at most."""
    pods = [group(4, 4), group(3, 7)]
    packed = instance(pods, [[9]] * 1500)
    found = reduce(packed, greedy(packed), limit=100)
    assert found.exact
    assert len(found.nodes) == 5


def test_with_gpus_each_pod_may_want_a_node_of_its_own():
    pods = [group(4, 1, gpu=(1, 500)), group(3, 1)]
    packed = instance(pods, [[9]] * 1500, devices=[[1000, 1000]] * 1500)
    assert len(reduce(packed, greedy(packed), limit=100).nodes) == 7


def test_nodes_that_nobody_can_use_go():
    pods = [group(2, 3, allowed=[1, 1, 0, 1])]
    packed = instance(pods, [[9], [2], [9], [4]])
    assert reduce(packed, Placement(), limit=10).nodes.tolist() == [0, 3]


def test_use_masks_and_devices_tell_nodes_apart():
    packed = instance(
        [group(1, 1), group(1, 1, allowed=[1, 0, 1, 1])],
        [[9]] * 4,
        in_use=[False, False, True, False],
        devices=[[1000, 0], [1000, 0], [1000, 0], [0, 500]],
    )
    assert reduce(packed, Placement(), limit=10).nodes.tolist() == [0, 1, 2, 3]


def test_devices_in_another_order_are_alike():
    packed = instance([group(1, 1)], [[9]] * 2, devices=[[1000, 500], [500, 1000]])
    assert reduce(packed, Placement(), limit=10).nodes.tolist() == [0]


@pytest.mark.parametrize("gpu_share", [0.0, 0.7])
@pytest.mark.parametrize("limit", [0, 40, 128])
def test_bounded_on_a_large_cluster_with_the_hint_kept(gpu_share, limit):
    packed = made.cluster(11, nodes=1500, used=1400, gpu_share=gpu_share)
    hint = greedy(packed)
    used = {n for _, n in hint.counts}
    found = reduce(packed, hint, limit)
    assert not found.exact
    assert len(found.nodes) == max(limit, len(used))
    assert used <= set(found.nodes.tolist())
    assert (np.diff(found.nodes) > 0).all()


def test_every_group_has_a_say_when_the_limit_cuts():
    """The large pods fit on two nodes only, which the small ones would never name."""
    nodes = [[9]] * 30 + [[90], [91]] + [[8]] * 30
    nodes = [[cpu + i] for i, (cpu,) in enumerate(nodes)]
    packed = instance([group(20, 1), group(1, 120)], nodes)
    found = reduce(packed, Placement(), limit=6)
    assert {30, 31} & set(found.nodes.tolist())


@pytest.mark.parametrize("gpus", [False, True])
def test_exact_means_that_no_optimum_is_lost(gpus):
    @settings(max_examples=60, deadline=None, derandomize=True, database=None)
    @given(made.tiny(gpus=gpus))
    def compare(packed):
        found = reduce(packed, Placement(), limit=99)
        assert found.exact
        kept = packed.part(found.nodes, {g: x.count for g, x in enumerate(packed.groups)})
        assert brute.best(kept)[:-1] == brute.best(packed)[:-1]

    compare()


def test_a_proof_on_some_candidates_is_called_so():
    """Ten nodes of different size, one candidate: optimal there, not everywhere."""
    pods = [group(1, 5), group(1, 4), group(3, 3), group(1, 2)]
    packed = instance(pods, [[10], [10]] + [[11 + i] for i in range(8)], [True] * 10)
    packed.in_use[2:] = False
    hint = Placement({(0, 0): 1, (1, 0): 1, (2, 1): 3})
    answer = solve(packed, Options(candidates=2), hint=hint)
    assert not answer.exact
    assert answer.placement.placed == 6
    assert answer.status in (Status.OPTIMAL, Status.OPTIMAL_REDUCED)
    assert order(packed, answer.placement) <= order(packed, hint)
