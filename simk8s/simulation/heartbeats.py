"""What nodes and leaders send all the time, as rates; and who watches because there are nodes.

Law: rates follow the number of nodes that renew their leases; only when that changes is there an
event, and in a control plane without latencies none at all.

Mirrors: kubelet leases every 10 s × (1 + 0..4 %) and node status every 5 min, leader election of
kube-scheduler and kube-controller-manager (GET and PUT every 2 s), kube-proxy and kubelet watching
Services and EndpointSlices on every node (v1.36). Departs: a node status that changes is not sent
earlier here; who reports a change writes it.
"""

from __future__ import annotations

from simk8s.api.requests import PATCH_NODE_STATUS, PUT_LEASE, kind
from simk8s.api.server import ApiServer
from simk8s.api.store import Store
from simk8s.api.watch import ADDED, DELETED
from simk8s.kernel.clock import Clock
from simk8s.kernel.phase import Phase

LEASE_S = 10.2
"""Mean of 10 s × (1 + 0..4 %)."""
NODE_STATUS_S = 300.0
ELECTION_S = 2.0
LEADERS = ("kube-scheduler", "kube-controller-manager")


class Heartbeats:
    """Keeps the background rates of a server."""

    def __init__(self, clock: Clock, store: Store, server: ApiServer) -> None:
        self._store = store
        self._server = server
        if server.times.instant:
            return
        for leader in LEADERS:
            for verb in ("GET", "PUT"):
                name = f"leader-election/{leader}/{verb}"
                server.background(name, kind(verb, "leases"), 1 / ELECTION_S, leader)
        bell = clock.bell("heartbeats", Phase.RECONCILE, self._hear)
        self._nodes = store.leases.log.subscribe(bell, 0, (ADDED, DELETED))
        self._set()

    def _hear(self, now_us: int) -> None:
        if self._nodes.drain(now_us):
            self._set()

    def _set(self) -> None:
        nodes, server = self._store.leases.renewers, self._server
        server.background("leases", PUT_LEASE, nodes / LEASE_S, "kubelet")
        server.background("node-status", PATCH_NODE_STATUS, nodes / NODE_STATUS_S, "kubelet")
        server.fanout.set("services", 2 * nodes)
        server.fanout.set("endpointslices", nodes)
        # Indexed by name or by node name: one kubelet hears of each change.
        server.fanout.set("nodes", 1)
