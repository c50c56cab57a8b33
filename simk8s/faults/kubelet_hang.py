"""Kubelets hang: leases stop, statuses stop, containers run on.

Law: as a partition, but nothing is done on the node either: what would be started, restarted,
probed or stopped waits until the kubelet lives again.

Mirrors: a kubelet that is deadlocked or starved (PLEG is not healthy, a full disk of its own, a
hanging runtime socket), v1.36. Departs: a container that has ended is seen when the hang is over.
"""

from __future__ import annotations

from typing import ClassVar

from simk8s.faults._of_nodes import NodeFaults
from simk8s.faults._when import NodesLasting
from simk8s.faults.base import KubeletHang as Hang


class Params(NodesLasting):
    """`kubeletHang: {mtbf: {exponential: {mean: 90d}}, mttr: 10m, correlatedBy: profile}`"""


class KubeletHang(NodeFaults):
    """Hanging kubelets."""

    kind: ClassVar[str] = "kubeletHang"

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        self.effect = Hang()
