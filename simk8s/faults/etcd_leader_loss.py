"""etcd loses its leader and elects another.

Law: nothing is committed until there is a leader again, for as long as the scenario's
`controlPlane.etcd.election` says (1 to 3 s unless set otherwise); what waits is committed then,
in order. Reads go on.

Mirrors: etcd v3.6, heartbeat 100 ms, election timeout 1,000 ms (writes blocked for about 1 to 3 s:
derived in the behaviour notes). Departs: proposals that were under way are not repeated, only
late; with one member it stands for a restart of that member.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import model_validator

from simk8s.faults._of_cluster import ClusterFaults
from simk8s.faults._when import When
from simk8s.faults.base import Context, LeaderLoss
from simk8s.scenario.distributions import wrong


class Params(When):
    """`etcdLeaderLoss: {at: 6h}`"""

    @model_validator(mode="after")
    def _by_itself(self) -> Params:
        if self.duration is not None or self.mttr is not None:
            raise wrong("how long an election takes is controlPlane.etcd.election")
        if self.mtbf is not None:
            raise wrong("an election is an instant: write at or every")
        return self


class EtcdLeaderLoss(ClusterFaults):
    """Elections."""

    kind: ClassVar[str] = "etcdLeaderLoss"
    target = "etcd"

    def effect(self, context: Context, number: int) -> LeaderLoss:
        """The same each time."""
        return LeaderLoss()
