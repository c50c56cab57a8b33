"""Nodes lose their connection to the control plane, and nothing else.

Law: while it lasts leases are not renewed, nothing that is written for these nodes reaches them and
nothing they report arrives; containers run, end and are restarted there all the same. When it is
over the kubelets report at once: pods that were deleted meanwhile are terminated with their full
grace period, pods whose objects are gone are killed, readiness that was taken from pods comes back.

Mirrors: a firewall rule, a broken uplink or a failed load balancer between nodes and
kube-apiserver; kubelet v1.36 status manager, which sends the latest status when it is connected
again, and HandlePodCleanups. Departs: requests under way at the start are answered; pods do not
lose their connection to each other; every status that was held back is sent, where the original
sends the latest.
"""

from __future__ import annotations

from typing import ClassVar

from simk8s.faults._of_nodes import NodeFaults
from simk8s.faults._when import NodesLasting
from simk8s.faults.base import Partition


class Params(NodesLasting):
    """`networkPartition: {select: {zone: b}, at: 6h, for: 4m}`"""


class NetworkPartition(NodeFaults):
    """Partitions between nodes and the control plane."""

    kind: ClassVar[str] = "networkPartition"

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        self.effect = Partition()
