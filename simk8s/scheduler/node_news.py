"""What the scheduler's queue is told of nodes that come, change or go.

Law: every change is compared with the node as the scheduler last heard of it.

Mirrors: the node handlers of kube-scheduler v1.36 (nodeSchedulingPropertiesChange).
"""

from __future__ import annotations

from collections.abc import Iterator

from simk8s.placement.events import Event, node_events
from simk8s.state.nodes import NodeSpec, NodeTable


class NodeNews:
    """Nodes as the scheduler last heard of them, by row."""

    def __init__(self, nodes: NodeTable) -> None:
        self._nodes = nodes
        self._known: dict[int, NodeSpec] = {}

    def of(self, node: int) -> Iterator[Event]:
        """The events of one change."""
        nodes = self._nodes
        before, after = self._known.get(node), nodes.specs[node] if nodes.exists[node] else None
        if after is not None:
            self._known[node] = after
        elif before is not None:
            del self._known[node]
        return node_events(before, after)
