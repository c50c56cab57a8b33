"""Writes the objects of a scenario (Pods, Deployments, ReplicaSets, Jobs) at their instants.

Law: an object is made from what the scenario says alone; its pods come later, from its controller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simk8s.api.client import Client
from simk8s.api.store import Store
from simk8s.errors import InvariantError
from simk8s.kernel.clock import Clock
from simk8s.kernel.phase import Phase as Order
from simk8s.kernel.streams import Streams
from simk8s.state.deployments import DEPLOYMENTS, Deployment, StampMaker
from simk8s.state.requests import drawn_requests
from simk8s.state.workloads import JOBS, REPLICASETS, Job, PodStamp, ReplicaSet

if TYPE_CHECKING:
    from simk8s.workload.entry import Created

_KINDS: dict[str, tuple[str, Callable[[Any, PodStamp], Any]]] = {
    "ReplicaSet": (REPLICASETS, ReplicaSet.of),
    "Job": (JOBS, Job.of),
}


class ObjectWriter:
    """POSTs each object when its time has come."""

    def __init__(self, clock: Clock, store: Store, client: Client, streams: Streams) -> None:
        self._store = store
        self._client = client
        self._streams = streams
        self._lane = clock.lane("objects", Order.ARRIVE, self._write)

    def add(self, made: Created) -> None:
        """Arm one object."""
        self._lane.at(made.at_us, made)

    def _write(self, now_us: int, due: list[Created]) -> None:
        for made in due:
            if made.kind == "Pod":
                pods = self._stamp(made, owner=-1)
                self._client.write(self._store.create_pods, pods(1))
                continue
            if made.kind == "Deployment":
                deployment = Deployment.of(made.spec, self._maker(made))
                table = self._store.objects(DEPLOYMENTS)
                self._client.write(table.create, f"{made.namespace}/{made.name}", deployment)
                continue
            if made.kind not in _KINDS:
                raise InvariantError(f"no controller for {made.kind} {made.name}")
            kind, parse = _KINDS[made.kind]
            owner = self._store.cluster.owner(f"{made.kind}/{made.name}")
            value = parse(made.spec, self._stamp(made, owner))
            key = f"{made.namespace}/{made.name}"
            self._client.write(self._store.objects(kind).create, key, value)

    def _maker(self, made: Created) -> StampMaker:
        """What makes the pods of a Deployment's ReplicaSets; their draws go on from one to the
        next.
        """
        cluster = self._store.cluster
        workload = cluster.workload(made.workload)

        def make(owner: str, template: Mapping[str, Any]) -> PodStamp:
            return self._stamp(replace(made, template=template), cluster.owner(owner), workload)

        return make

    def _stamp(self, made: Created, owner: int, workload: int | None = None) -> PodStamp:
        cluster, streams, draws = self._store.cluster, self._streams, made.draws
        template = cluster.templates.parse(made.template, made.namespace)

        def lifetimes(count: int) -> NDArray[Any]:
            return draws.lifetime_us(streams, count)

        def requests(count: int) -> NDArray[Any]:
            drawn = draws.requests(streams, count)
            if not drawn:
                return np.full(count, template.requests.id, np.int32)
            columns = {cluster.resources[name]: col.tolist() for name, col in drawn.items()}
            ids = [
                drawn_requests(
                    cluster.requests, template.requests, {r: c[i] for r, c in columns.items()}
                ).id
                for i in range(count)
            ]
            return np.array(ids, np.int32)

        if workload is None:
            workload = cluster.workload(made.workload)
        return PodStamp(cluster, owner, workload, template, lifetimes, requests)
