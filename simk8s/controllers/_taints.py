"""Taints and labels that controllers put on nodes and take off again: a GET, then a PATCH.

Law: a PATCH is applied to the node as it is at its commit, so that concurrent ones do not undo
each other; one that changes nothing is refused, and so is one that names another version than the
node has by then.

Mirrors: AddOrUpdateTaintOnNode, RemoveTaintOffNode and AddOrUpdateLabelsOnNode,
pkg/controller/controller_utils.go v1.36: a GET of the node, a PATCH with its resourceVersion, up to
five tries 100 to 200 ms apart; additions and removals are requests of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from simk8s.api.requests import request
from simk8s.api.store import Store
from simk8s.state.selectors import (
    DISK_PRESSURE,
    MEMORY_PRESSURE,
    NO_EXECUTE,
    NO_SCHEDULE,
    NOT_READY,
    PID_PRESSURE,
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
    key: Taint(key, "", NO_SCHEDULE) for key in (MEMORY_PRESSURE, DISK_PRESSURE, PID_PRESSURE)
}
CONDITIONS = (
    UNREACHABLE_SCHEDULE,
    NOT_READY_SCHEDULE,
    UNSCHEDULABLE_SCHEDULE,
    *PRESSURES.values(),
)
"""NoSchedule taints that mirror a node's conditions."""


@request("GET", "nodes")
def version(store: Store, node: int) -> int:
    """The operation of a GET before a PATCH; 0 or more."""
    return store.node_versions[node]


@request("PATCH", "nodes")
def patch_version(store: Store, node: int, seen: int, add: Taints, remove: Taints) -> bool:
    """The same for a node as a GET has shown it; False = it has moved on (409 Conflict)."""
    if not store.cluster.nodes.exists[node]:
        return True
    if store.node_versions[node] != seen:
        return False
    patch(store, node, add, remove)
    return True


@request("PATCH", "nodes")
def label(store: Store, node: int, seen: int, labels: Mapping[str, str]) -> bool:
    """The operation of a PATCH of a node's labels, likewise."""
    nodes = store.cluster.nodes
    if not nodes.exists[node]:
        return True
    if store.node_versions[node] != seen:
        return False
    spec = nodes.specs[node]
    return store.update_node(node, replace(spec, labels={**spec.labels, **labels}))


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
