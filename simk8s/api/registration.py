"""How a node comes to a running cluster: tainted until somebody has seen that it is Ready.

Law: the nodes that a run begins with are there and Ready from the beginning; a node that registers
later carries node.kubernetes.io/not-ready:NoSchedule from its POST on, whatever its condition says.

Mirrors: admission plugin TaintNodesByCondition v1.36 (every Node at its creation); the taint is
lifted by the node lifecycle controller. Departs: a cluster without that controller has no such
admission either, so that its new nodes are of use.
"""

from __future__ import annotations

from dataclasses import replace

from simk8s.state.nodes import NodeSpec
from simk8s.state.selectors import NO_SCHEDULE, NOT_READY, Taint

NEW = Taint(NOT_READY, "", NO_SCHEDULE)


def admitted(spec: NodeSpec) -> NodeSpec:
    """A node as its POST is stored."""
    return spec if NEW in spec.taints else replace(spec, taints=(*spec.taints, NEW))
