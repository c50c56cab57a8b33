"""Node leases as functions of time.

A kubelet renews its lease every 10 s × (1 + 0..4 %). Renewals change nothing that anybody waits
for, so none is an event: the last renewal before t is computed. Only that a node's renewals stop
or resume is a change, and is logged.

Mirrors: kubelet nodelease (renew interval 10 s, jitter factor 0.04), v1.36. Departs: a node's
period is jittered once, not at every renewal, so that the last renewal is one division.
"""

from __future__ import annotations

from simk8s.api.watch import ChangeLog, Verb
from simk8s.kernel.clock import Clock
from simk8s.kernel.streams import counter_hash

RENEW_US = 10_000_000
JITTER = 0.04
_PHASE, _PERIOD = 1, 2


class Leases:
    """Who renews since when; rows are node rows."""

    def __init__(self, clock: Clock, seed: int) -> None:
        self.log = ChangeLog(clock, "leases")
        self.renewers = 0
        """Nodes that renew at present."""
        self._clock = clock
        self._seed = seed
        self._since: dict[int, int] = {}
        self._stopped: dict[int, int] = {}
        self._known: dict[int, int] = {}

    def start(self, node: int) -> None:
        """The kubelet of a node renews from now on."""
        self.renewers += not self.renewing(node)
        self._since[node] = self._clock.now_us
        self._stopped.pop(node, None)
        self._known.pop(node, None)
        self.log.append(Verb.ADDED, node)

    def stop(self, node: int) -> None:
        """The kubelet of a node falls silent."""
        if node in self._since and node not in self._stopped:
            self._stopped[node] = self._clock.now_us
            self.renewers -= 1
            self.log.append(Verb.DELETED, node)

    def renewed(self, node: int, last_us: int) -> None:
        """The last renewal before the node stops is known, in place of its own phase."""
        self._known[node] = last_us

    def renewing(self, node: int) -> bool:
        """Whether renewals arrive at present."""
        return node in self._since and node not in self._stopped

    def period_us(self, node: int) -> int:
        """Time between two renewals of a node."""
        since = self._since[node]
        return int(RENEW_US * (1 + JITTER * counter_hash(self._seed, _PERIOD, node, since)))

    def first_us(self, node: int) -> int:
        """Time of the first periodic renewal since the kubelet started."""
        since = self._since[node]
        return since + int(self.period_us(node) * counter_hash(self._seed, _PHASE, node, since))

    def last_renewal_us(self, node: int, t_us: int) -> int:
        """Time of the last renewal at or before `t_us` (a kubelet renews when it starts)."""
        end = min(t_us, self._stopped.get(node, t_us))
        if self._known and node in self._known and node in self._stopped:
            return min(end, max(self._known[node], self._since[node]))
        first = self.first_us(node)
        if end < first:
            return self._since[node]
        period = self.period_us(node)
        return first + (end - first) // period * period
