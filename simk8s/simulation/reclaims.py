"""Machines that the provider takes back: notice, drain, end, the node object deleted, another one.

Law: at the deadline the machine is gone, whatever still runs on it; the object goes when the node
is NotReady and the cloud has said that there is no such instance. Where calls of the cloud have
limits (`cloud_nodes`), it is asked for the new machine when the old one has gone.

Mirrors: aws-node-termination-handler (cordon, taint `aws-node-termination-handler/spot-itn`, evict
everything but DaemonSets' and static pods, refused evictions again after 5 s), cloud-node-lifecycle
controller v1.36 (every 5 s). Departs: both act at once and have no client limit; the new machine
has the old one's labels and a name of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from simk8s.api.client import Client
from simk8s.api.requests import request
from simk8s.api.server import ApiServer
from simk8s.api.store import Store
from simk8s.faults.base import Reclaim
from simk8s.kernel.clock import Clock
from simk8s.kernel.phase import Phase as Order
from simk8s.kernel.streams import Streams
from simk8s.nodes.machines import Machines
from simk8s.schema.labels import HOSTNAME_LABEL
from simk8s.simulation.cloud_nodes import CloudNodes, Machine
from simk8s.simulation.evicting import Evicting, Wish, bound, of_daemons
from simk8s.state.cluster import TERMINAL
from simk8s.state.nodes import NodeSpec
from simk8s.state.pods import NEVER
from simk8s.state.selectors import NO_SCHEDULE, Taint

PERIOD_US = 5_000_000
"""Of the cloud node lifecycle controller."""
TAINT = Taint("aws-node-termination-handler/spot-itn", "", NO_SCHEDULE)
Join = Callable[[NodeSpec], object]


class Reclaims:
    """What happens to reclaimed machines; made whole by the first of them."""

    def __init__(
        self,
        clock: Clock,
        store: Store,
        server: ApiServer,
        streams: Streams,
        machines: Machines,
        join: Join,
        cloud: CloudNodes | None = None,
    ) -> None:
        self._cloud = cloud
        self._clock, self._store, self._server = clock, store, server
        self._streams, self._machines, self._join = streams, machines, join
        self._handler: Client | None = None
        self._taken: dict[int, None] = {}

    def begin(self, effect: Reclaim, rows: Sequence[int]) -> None:
        """The provider gives notice."""
        if self._handler is None:
            self._open()
        assert self._handler is not None
        for row in rows:
            if row in self._taken:
                continue
            self._taken[row] = None
            self._ends.after(effect.notice_us, row)
            if effect.replaced_us is not None:
                self._replace(row, effect.notice_us, effect.replaced_us)
            if self._machines.up(row):
                self._handler.write(self._cordon, row)
                if effect.drain:
                    self._drain(row)

    def _replace(self, row: int, notice_us: int, replaced_us: int) -> None:
        """Another machine, so long after this one has gone."""
        fresh = _another(self._store.cluster.nodes.specs[row], row)
        if self._cloud is None:
            self._joins.after(notice_us + replaced_us, fresh)
        else:
            self._orders.after(
                notice_us, Machine(fresh.name, replaced_us, partial(self._join, fresh))
            )

    def _open(self) -> None:
        clock, draws = self._clock, self._streams.get("faults/reclaim/evictions")
        self._handler = Client(clock, self._server, "node-termination-handler")
        self._controller = Client(clock, self._server, "cloud-controller-manager")
        self._evicting = Evicting(clock, self._store, self._server, draws, "faults/reclaim/drain")
        self._ends = clock.lane("faults/reclaim/end", Order.FAULT, self._end)
        self._looks = clock.lane("faults/reclaim/cloud", Order.ARRIVE, self._look)
        self._joins = clock.lane("faults/reclaim/join", Order.ARRIVE, self._arrive)
        if self._cloud is not None:
            launch = self._cloud.launch
            self._orders = clock.lane(
                "faults/reclaim/orders", Order.ARRIVE, lambda _, due: launch(due)
            )

    @request("PATCH", "nodes")
    def _cordon(self, row: int) -> bool:
        """Taint and unschedulable, of the node as it is at the commit."""
        nodes = self._store.cluster.nodes
        if not nodes.exists[row]:
            return False
        spec = nodes.specs[row]
        taints = (*(one for one in spec.taints if one != TAINT), TAINT)
        return self._store.update_node(row, replace(spec, unschedulable=True, taints=taints))

    # --- the drain

    def _drain(self, row: int) -> None:
        cluster = self._store.cluster
        for pod in bound(cluster, row):
            if pod not in cluster.pods.static and not of_daemons(cluster, pod):
                self._evicting.ask(Wish(pod, partial(self._runs, pod), _unheard))

    def _runs(self, pod: int) -> bool:
        pods = self._store.cluster.pods
        there = pods.node[pod] != NEVER and self._machines.up(pods.node[pod])
        return there and pods.phase[pod] not in TERMINAL

    # --- the end

    def _end(self, now_us: int, rows: list[int]) -> None:
        for row in rows:
            self._machines.crash((row,))
            if self._cloud is not None:
                self._cloud.monitor.lost(row, partial(self._cloud_says_no, row))
                continue
            self._looks.at((now_us // PERIOD_US + 1) * PERIOD_US, row)

    def _look(self, now_us: int, rows: list[int]) -> None:
        """A node that is not ready and has no instance goes."""
        for row in rows:
            if not self._store.cluster.nodes.exists[row]:
                continue
            if self._store.ready[row]:
                self._looks.after(PERIOD_US, row)
            else:
                self._controller.write(self._store.delete_node, row)

    def _cloud_says_no(self, row: int) -> None:
        self._controller.write(self._store.delete_node, row)

    def _arrive(self, now_us: int, specs: list[NodeSpec]) -> None:
        for spec in specs:
            self._join(spec)


def _unheard(now_us: int, code: int) -> None:
    """Whoever evicts looks no further than a 429."""


def _another(spec: NodeSpec, row: int) -> NodeSpec:
    """The machine that takes its place, as a fresh one."""
    name = f"{spec.name}-r{row}"
    labels = dict(spec.labels)
    if HOSTNAME_LABEL in labels:
        labels[HOSTNAME_LABEL] = name
    own = tuple(taint for taint in spec.taints if not taint.key.startswith("node.kubernetes.io/"))
    return replace(spec, name=name, labels=labels, taints=own, unschedulable=False)
