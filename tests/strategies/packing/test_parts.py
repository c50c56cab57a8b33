"""Audit, slots and incumbent: the pieces that turn numbers into placements."""

from __future__ import annotations

import pytest

from simk8s.strategies._packing.audit import violations
from simk8s.strategies._packing.devices import best_fit
from simk8s.strategies._packing.greedy import greedy
from simk8s.strategies._packing.incumbent import Incumbent
from simk8s.strategies._packing.instance import Placement
from simk8s.strategies._packing.pods import GpuDemand
from simk8s.strategies._packing.slots import devices_of, look_at, parts_of
from tests.strategies.packing import made
from tests.strategies.packing.made import group, instance

WHOLE, PARTS = (2, 1000), (1, 400)


def audited(counts, devices=None):
    pods = [
        group(2, 3, allowed=[1, 0]),
        group(3, 1, per_node=1),
        group(1, 1, gpu=WHOLE),
        group(3, 1, gpu=PARTS),
    ]
    packed = instance(pods, [[8], [8]], devices=[[1000, 1000], [700, 1000]])
    return violations(packed, Placement(counts, devices or {}))


def test_a_good_placement_passes():
    devices = {(2, 0): ((0, 1),), (3, 1): ((0,), (1,))}
    assert audited({(0, 0): 1, (1, 0): 1, (2, 0): 1, (3, 1): 2}, devices) == []


@pytest.mark.parametrize(
    ("counts", "devices", "words"),
    [
        ({(0, 1): 1}, {}, "not allowed"),
        ({(0, 0): 3}, {}, "3 pods placed of 2"),
        ({(1, 0): 2}, {}, "at most 1 may share it"),
        ({(1, 0): 0}, {}, "count 0"),
        ({(1, 1): 1, (1, 0): 1}, {}, "not ascending"),
        ({(0, 0): 3}, {}, "resource 0 overcommitted"),
        ({(2, 0): 1}, {}, "devices of 0 of 1"),
        ({(2, 0): 1}, {(2, 0): ((0, 0),)}, "wants 2"),
        ({(2, 1): 1}, {(2, 1): ((0, 1),)}, "device 0 overcommitted"),
        ({(3, 1): 2}, {(3, 1): ((0,), (0,))}, "device 0 overcommitted"),
        ({}, {(3, 1): ((0,),)}, "devices without pods"),
    ],
)
def test_each_violation_is_named(counts, devices, words):
    assert any(words in problem for problem in audited(counts, devices))


def test_devices_that_take_one_part_are_counted_together():
    wanted = {0: (GpuDemand(1, 400), 5), 1: (GpuDemand(1, 1000), 5)}
    node = look_at([700, 700, 1000, 300, 1000, 0], wanted)
    assert [(s.left, s.devices, s.ones) for s in node.slots] == [
        (700, (0, 1), True),
        (1000, (2,), False),
        (1000, (4,), False),
    ]
    assert (node.whole, node.shared, node.free) == ([1], [0], 2)


def test_not_more_equal_devices_than_parts_to_put_there():
    node = look_at([1000] * 8, {0: (GpuDemand(1, 400), 2)})
    assert len(node.slots) == 2


def test_parts_become_devices_and_whole_pods_take_the_rest():
    wanted = {0: (GpuDemand(2, 400), 3), 1: (GpuDemand(1, 1000), 1)}
    node = look_at([1000, 1000, 1000, 1000], wanted)
    chosen = devices_of(node, {0: 3, 1: 1}, {(0, 0): 2, (0, 1): 2, (0, 2): 2})
    assert chosen[1] == ((3,),)
    assert all(len(set(pair)) == 2 for pair in chosen[0])
    assert sorted(d for pair in chosen[0] for d in pair) == [0, 0, 1, 1, 2, 2]


def test_a_hint_on_high_devices_is_renamed_to_the_first_slots():
    node = look_at([1000] * 8, {0: (GpuDemand(1, 400), 2)})
    assert parts_of(node, {0: ((6,), (7,))}) == {(0, 0): 1, (0, 1): 1}


def test_best_fit_of_parts():
    assert best_fit([1000, 500, 300, 500], GpuDemand(1, 400)) == (1,)
    assert best_fit([1000, 500, 300, 500], GpuDemand(2, 400)) == (1, 3)
    assert best_fit([1000, 500, 300, 500], GpuDemand(2, 1000)) is None


@pytest.mark.parametrize("gpu_share", [0.0, 0.6])
def test_taking_a_part_out_and_back_changes_nothing(gpu_share):
    packed = made.cluster(2, nodes=40, used=30, gpu_share=gpu_share)
    hint = greedy(packed)
    incumbent = Incumbent(packed, hint)
    assert incumbent.placement() == hint
    assert sum(incumbent.missing) == packed.pod_count - hint.placed
    part = incumbent.part(made.np.array(incumbent.occupied()[:5]))
    assert violations(part.instance, part.start) == []
    incumbent.replace(part, part.start)
    assert incumbent.placement() == hint
    incumbent.replace(part, Placement())
    assert incumbent.placement().placed == hint.placed - part.start.placed


def test_the_package_is_pure():
    """No OR-Tools before a solve, nothing of the simulator but errors, schema and arithmetic."""
    import subprocess
    import sys

    known = ("simk8s.strategies", "simk8s.errors", "simk8s.packing", "simk8s.schema")
    code = (
        "import sys; import simk8s.strategies._packing.solve;"
        "print([m for m in sys.modules if m.startswith(('ortools', 'simk8s.'))"
        f" and not m.startswith({known})])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
