"""etcd loses its leader and elects another.

Law: nothing is committed until there is a leader again, for as long as the scenario's
`controlPlane.etcd.election` says (1 to 3 s unless set otherwise); what waits is committed then,
in order. Reads go on.

Mirrors: etcd v3.6, heartbeat 100 ms, election timeout 1,000 ms (writes blocked for about 1 to 3 s:
derived in the behaviour notes). Departs: proposals that were under way are not repeated, only
late; with one member it stands for a restart of that member.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from simk8s.faults.base import Context, Fault, FaultModel, LeaderLoss
from simk8s.scenario.types import Duration, Model


class Params(Model):
    """`etcdLeaderLoss: {at: 6h}`"""

    at: Duration


class EtcdLeaderLoss(FaultModel):
    """One election."""

    kind: ClassVar[str] = "etcdLeaderLoss"

    def __init__(self, params: Params) -> None:
        self._params = params

    def timeline(self, context: Context) -> Iterator[Fault]:
        """Faults up to and including the horizon, in order of time."""
        if self._params.at <= context.horizon_us:
            yield Fault(self._params.at, self.kind, "etcd", (), effect=LeaderLoss())
