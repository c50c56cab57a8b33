"""Nodes that join, change and leave, whoever asks for it.

Law: a node that joins has its kubelet at once and is Ready; one that leaves is gone from the API
and its machine is off for good, so that what ran on it is left to the controllers. A change is made
at its commit, from what is stored then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from simk8s.state.nodes import NodeSpec
from simk8s.state.selectors import Taint

if TYPE_CHECKING:
    from simk8s.simulation.build import World

Change = Callable[[NodeSpec], NodeSpec]


def join(world: World, spec: NodeSpec) -> int:
    """Register a node and its kubelet; its row."""
    row = world.store.add_node(spec)
    world.kubelets.add(row)
    world.joined_us.append(world.clock.now_us)
    if world.cloud is not None:
        world.cloud.joined(spec.name)
    return row


def leave(world: World, row: int) -> bool:
    """Delete the node object, and turn its machine off; False where it is gone already."""
    if not world.store.delete_node(row):
        return False
    world.removed_us[row] = world.clock.now_us
    world.machines.switch_off(row)
    return True


def change(world: World, row: int, made: Change) -> bool | None:
    """PATCH a node; False where it is gone, None where nothing changes."""
    nodes = world.cluster.nodes
    if not nodes.exists[row]:
        return False
    fresh = made(nodes.specs[row])
    return None if fresh == nodes.specs[row] else world.store.update_node(row, fresh)


def cordoned(spec: NodeSpec, unschedulable: bool = True) -> NodeSpec:
    """What `kubectl cordon` and `uncordon` do."""
    return replace(spec, unschedulable=unschedulable)


def labelled(spec: NodeSpec, labels: Mapping[str, str], remove: Iterable[str] = ()) -> NodeSpec:
    """With labels set and others removed."""
    gone = tuple(remove)
    left = {key: value for key, value in spec.labels.items() if key not in gone}
    return replace(spec, labels={**left, **labels})


def tainted(spec: NodeSpec, add: Iterable[Taint], remove: Iterable[str] = ()) -> NodeSpec:
    """With taints added (in place of one of the same key and effect), and others removed, by
    `key` or `key:effect`.
    """
    gone, fresh = tuple(remove), tuple(add)
    taken = [(taint.key, taint.effect) for taint in fresh]
    left = tuple(
        taint
        for taint in spec.taints
        if taint.key not in gone
        and f"{taint.key}:{taint.effect}" not in gone
        and (taint.key, taint.effect) not in taken
    )
    kept = (taint for taint in fresh if taint not in spec.taints)
    same = tuple(taint for taint in spec.taints if taint in left or taint in fresh)
    return replace(spec, taints=(*same, *kept))
