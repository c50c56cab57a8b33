"""Taints that controllers put on nodes and take off again, as one PATCH each.

Law: a PATCH is applied to the node as it is at its commit, so that concurrent ones do not undo
each other; one that changes nothing is refused.
"""

from __future__ import annotations

from dataclasses import replace

from simk8s.api.conditions import DISK_PRESSURE, MEMORY_PRESSURE, PID_PRESSURE
from simk8s.api.requests import request
from simk8s.api.store import Store
from simk8s.state.selectors import (
    NO_EXECUTE,
    NO_SCHEDULE,
    NOT_READY,
    UNREACHABLE,
    UNSCHEDULABLE,
    Taint,
)

Taints = tuple[Taint, ...]

UNREACHABLE_EXECUTE = Taint(UNREACHABLE, "", NO_EXECUTE)
NOT_READY_EXECUTE = Taint(NOT_READY, "", NO_EXECUTE)
UNREACHABLE_SCHEDULE = Taint(UNREACHABLE, "", NO_SCHEDULE)
NOT_READY_SCHEDULE = Taint(NOT_READY, "", NO_SCHEDULE)
UNSCHEDULABLE_SCHEDULE = Taint(UNSCHEDULABLE, "", NO_SCHEDULE)
PRESSURES = {
    condition: Taint(f"node.kubernetes.io/{name}-pressure", "", NO_SCHEDULE)
    for condition, name in (
        (MEMORY_PRESSURE, "memory"),
        (DISK_PRESSURE, "disk"),
        (PID_PRESSURE, "pid"),
    )
}
CONDITIONS = (
    UNREACHABLE_SCHEDULE,
    NOT_READY_SCHEDULE,
    UNSCHEDULABLE_SCHEDULE,
    *PRESSURES.values(),
)
"""NoSchedule taints that mirror a node's conditions."""


@request("PATCH", "nodes")
def patch(store: Store, node: int, add: Taints, remove: Taints) -> bool:
    """The operation of a PATCH of a node's taints."""
    nodes = store.cluster.nodes
    if not nodes.exists[node]:
        return False
    spec = nodes.specs[node]
    kept = tuple(taint for taint in spec.taints if taint not in remove)
    taints = kept + tuple(taint for taint in add if taint not in kept)
    if taints == spec.taints:
        return False
    return store.update_node(node, replace(spec, taints=taints))


def no_execute(taints: Taints) -> Taints:
    """Those that evict."""
    return tuple(taint for taint in taints if taint.effect == NO_EXECUTE)
