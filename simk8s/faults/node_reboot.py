"""Nodes reboot: everything on them starts anew after a minute or two.

Law: what a crash does, for as long as a boot takes; a reboot of less than the grace period is not
noticed by the control plane, but containers are started anew all the same.

Mirrors: unattended upgrades and kernel panics with automatic restart. Departs: no graceful node
shutdown (the kubelet's shutdownGracePeriod is 0 by default); the boot is the fault's duration, 30
s to 2 min unless set otherwise, an UNVERIFIED prior.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from simk8s.faults._of_nodes import NodeFaults
from simk8s.faults._when import NodesWhen
from simk8s.scenario.distributions import DurationDistribution


class Params(NodesWhen):
    """`nodeReboot: {select: {labels: {pool: web}}, every: 7d}`"""

    boot: DurationDistribution = Field(
        default={"lognormal": {"p50": "30s", "p99": "2m"}}, validate_default=True
    )


class NodeReboot(NodeFaults):
    """Reboots of nodes."""

    kind: ClassVar[str] = "nodeReboot"

    def __init__(self, params: Params) -> None:
        update = {"mttr": params.mttr or params.boot} if params.mtbf else {}
        if not params.mtbf and params.trace is None:
            update = {"duration": params.duration or params.boot}
        super().__init__(params.model_copy(update=update))
