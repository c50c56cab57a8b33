"""What no placement on any node can beat, by linear programming (`packing.relaxation`).

Sharper than totals (`bounds`), dearer by some tens of milliseconds: asked where the solver could
not look at the whole, whose answer would be sharper still.
"""

from __future__ import annotations

import numpy as np

from simk8s.packing.fleet import Fleet, Nodes, Pods, fleet_of
from simk8s.packing.relaxation import Held, fewest, most
from simk8s.strategies._packing.instance import PackingInstance
from simk8s.strategies._packing.objective import Goal
from simk8s.strategies._packing.pods import IntArray

UNBOUNDED = 1 << 40


def fleet(instance: PackingInstance) -> Fleet:
    """The instance, counted by what is alike."""
    groups, everywhere = instance.groups, np.ones(instance.node_count, np.uint8)
    masks: dict[bytes, int] = {}
    rows = [everywhere if g.allowed is None else (g.allowed != 0).astype(np.uint8) for g in groups]
    mask = [masks.setdefault(row.tobytes(), len(masks)) for row in rows]
    allowed = [np.frombuffer(row, np.uint8) != 0 for row in masks]
    limits = [UNBOUNDED if g.per_node is None else g.per_node for g in groups]
    pods = Pods(
        requests=np.array([g.requests for g in groups]).reshape(len(groups), -1),
        counts=np.array([g.count for g in groups], np.int64),
        devices=np.array([g.gpu.devices if g.gpu else 0 for g in groups], np.int64),
        milli=np.array([g.gpu.milli if g.gpu else 0 for g in groups], np.int64),
        mask=np.array(mask, np.int64),
        per_node=np.array(limits, np.int64) if min(limits, default=UNBOUNDED) < UNBOUNDED else None,
    )
    shape = (len(allowed), instance.node_count)
    where = np.array(allowed, np.bool_).reshape(shape)
    return fleet_of(pods, Nodes(instance.free, instance.devices, where, instance.in_use))


def most_placed(
    fleet: Fleet, instance: PackingInstance, wanted: tuple[Goal, ...], values: tuple[int, ...]
) -> int:
    """Pods of the last goal's priority, those before it being held at their values."""
    *before, goal = (_of(instance, each) for each in wanted)
    held = [Held(each, value) for each, value in zip(before, values, strict=False)]
    return most(fleet, goal, held)


def least_used(fleet: Fleet) -> int:
    """Nodes in use, if everything is placed."""
    return fewest(fleet)


def _of(instance: PackingInstance, goal: Goal) -> IntArray:
    return np.array([group.priority == goal.priority for group in instance.groups], np.int64)
