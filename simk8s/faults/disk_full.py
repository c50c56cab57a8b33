"""The disk of nodes is full: they say so, and take no more pods.

Law: the kubelet reports DiskPressure, kube-controller-manager taints the node with
`node.kubernetes.io/disk-pressure:NoSchedule`, and the kubelet refuses pods that are bound to it all
the same (Evicted), but for static and node-critical ones. When it is over, so is the condition.

Mirrors: kubelet v1.36 node conditions and admission (eviction manager). Departs: the condition
comes with the fault, without the kubelet's sync of 10 s; the taint goes with the condition, where
the original keeps both for the pressure transition period of 5 min; who is evicted from the node is
decided elsewhere (node-pressure eviction).
"""

from __future__ import annotations

from typing import ClassVar

from simk8s.faults._of_nodes import NodeFaults
from simk8s.faults._when import NodesLasting
from simk8s.faults.base import Pressure


class Params(NodesLasting):
    """`diskFull: {select: {labels: {pool: web}}, at: 6h, for: 20m}`"""


class DiskFull(NodeFaults):
    """Full disks."""

    kind: ClassVar[str] = "diskFull"

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        self.effect = Pressure("DiskPressure")
