"""Whether a change of a node may help a pod that topology spreading rejected."""

from __future__ import annotations

from collections.abc import Sequence

from simk8s.placement.events import Event
from simk8s.state.affinity import SpreadConstraint


def spread_node_hint(event: Event, hard: Sequence[SpreadConstraint]) -> bool:
    """A node with all keys came or went, or changed its domains or taints."""
    node, before = event.node, event.before
    keys = [c.topology_key for c in hard]
    if node is None or before is None:
        spec = node or before
        return spec is None or all(key in spec.labels for key in keys)
    has, had = (all(key in spec.labels for key in keys) for spec in (node, before))
    if has != had:
        return True
    moved = any(node.labels.get(key) != before.labels.get(key) for key in keys)
    return has and (moved or node.taints != before.taints)
