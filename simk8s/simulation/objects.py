"""Writes the objects of a scenario at their instants: Pods, what owns pods, quotas and the like.

Law: an object is made from what the scenario says alone; its pods come later, from its controller.
Kinds without pods that are due at 0 are part of the cluster that the run begins with: they are
there before anything is written, with their status counted. A namespace that is written later is
missing until then. What the API does not take is told in the run's manifest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simk8s.api.client import Client
from simk8s.api.policies import Service
from simk8s.api.refused import Refused, was_refused
from simk8s.api.store import Store
from simk8s.errors import InvariantError
from simk8s.kernel.clock import Clock
from simk8s.kernel.phase import Phase as Order
from simk8s.kernel.streams import Streams
from simk8s.state.budgets import DisruptionBudget
from simk8s.state.configs import Keys
from simk8s.state.cronjobs import CRONJOBS, CronJob
from simk8s.state.daemonsets import DAEMONSETS, DaemonSet
from simk8s.state.deployments import DEPLOYMENTS, Deployment, StampMaker
from simk8s.state.makers import PodMaker
from simk8s.state.podgroups import PODGROUPS, PodGroup
from simk8s.state.policies import (
    LimitRange,
    Namespace,
    PriorityClass,
    RuntimeClass,
    ServiceAccount,
)
from simk8s.state.quota import Quota
from simk8s.state.requests import drawn_requests
from simk8s.state.statefulsets import STATEFULSETS, Claim, StatefulSet
from simk8s.state.storage import class_of, volume_of
from simk8s.state.workloads import (
    JOBS,
    REPLICASETS,
    REPLICATIONCONTROLLERS,
    Job,
    PodStamp,
    ReplicaSet,
)
from simk8s.units import format_duration

if TYPE_CHECKING:
    from simk8s.workload.entry import Created

_KINDS: dict[str, tuple[str, Callable[[Any, PodStamp], Any]]] = {
    "ReplicaSet": (REPLICASETS, ReplicaSet.of),
    "Job": (JOBS, Job.of),
    "ReplicationController": (REPLICATIONCONTROLLERS, ReplicaSet.of),
}
"""What owns pods of one template: its table, and its record from a spec and a stamp."""

_REVISED: dict[str, tuple[str, Callable[[Any, PodMaker], Any]]] = {
    "StatefulSet": (STATEFULSETS, StatefulSet.of),
    "DaemonSet": (DAEMONSETS, DaemonSet.of),
}
"""What owns pods of a template that may change: its table, and its record."""


class _Plain(NamedTuple):
    table: str
    parse: Callable[[Any, str, str], Any]
    namespaced: bool = True


PLAIN: dict[str, _Plain] = {
    "Namespace": _Plain("namespaces", Namespace.parse, False),
    "ResourceQuota": _Plain("resourcequotas", Quota.parse),
    "LimitRange": _Plain("limitranges", LimitRange.parse),
    "PriorityClass": _Plain("priorityclasses", PriorityClass.parse, False),
    "RuntimeClass": _Plain("runtimeclasses", RuntimeClass.parse, False),
    "ServiceAccount": _Plain("serviceaccounts", ServiceAccount.parse),
    "PodDisruptionBudget": _Plain("poddisruptionbudgets", DisruptionBudget.parse),
    "Service": _Plain("services", Service.parse),
    "ConfigMap": _Plain("configmaps", Keys.parse),
    "Secret": _Plain("secrets", Keys.parse),
    "PersistentVolumeClaim": _Plain("persistentvolumeclaims", Claim.parse),
    "PersistentVolume": _Plain("persistentvolumes", lambda raw, *_: volume_of(raw), False),
    "StorageClass": _Plain("storageclasses", lambda raw, *_: class_of(raw), False),
}
"""What has no pods: its table, and its record from the whole object, its namespace and name."""


def kinds() -> dict[str, str]:
    """Every kind that is written here and has a table, by the name of the table."""
    tables = {DEPLOYMENTS: "Deployment", PODGROUPS: "PodGroup", CRONJOBS: "CronJob"}
    tables |= {table: kind for kind, (table, _) in (*_KINDS.items(), *_REVISED.items())}
    return tables | {plain.table: kind for kind, plain in PLAIN.items()}


class ObjectWriter:
    """POSTs each object when its time has come."""

    def __init__(self, clock: Clock, store: Store, client: Client, streams: Streams) -> None:
        self._store = store
        self._client = client
        self._streams = streams
        self.refusals: list[str] = []
        """Objects that the API did not take, in words."""
        self._lane = clock.lane("objects", Order.ARRIVE, self._write)

    def add(self, made: Created) -> None:
        """Arm one object, or store it at once if the run begins with it."""
        if made.kind == "Namespace" and made.at_us:
            self._store.cluster.policies.expect_namespace(made.name)
        if made.kind not in PLAIN or made.at_us:
            self._lane.at(made.at_us, made)
            return
        table, key, value = _plain(made)
        self._stored(made, 0, self._store.objects(table).create(key, value))
        if made.kind == "ResourceQuota":
            self._store.cluster.policies.quotas.settle(key)

    def _write(self, now_us: int, due: list[Created]) -> None:
        for made in due:
            if made.kind == "Pod":
                rows = self.stamp(made)(1)
                self._store.cluster.pods.names[rows[0]] = made.name
                self._client.write(self._store.create_pods, rows)
                continue
            table, key, value = self.record_of(made)
            create, done = self._store.objects(table).create, partial(self._stored, made)
            self._client.write(create, key, value, done=done)

    def record_of(self, made: Created) -> tuple[str, str, Any]:
        """(table, key, record) of anything but a pod."""
        key = f"{made.namespace}/{made.name}"
        if made.kind == "PodGroup":
            return PODGROUPS, key, PodGroup.of(made.spec)
        if made.kind == "Deployment":
            return DEPLOYMENTS, key, Deployment.of(made.spec, self._maker(made))
        if made.kind == "CronJob":
            return CRONJOBS, key, CronJob.of(made.spec, self._maker(made))
        if made.kind in _REVISED:
            table, of = _REVISED[made.kind]
            return table, key, of(made.spec, self._pod_maker(made))
        if made.kind in PLAIN:
            return _plain(made)
        if made.kind not in _KINDS:
            raise InvariantError(f"no controller for {made.kind} {made.name}")
        kind, parse = _KINDS[made.kind]
        owner = self._store.cluster.owner(f"{made.kind}/{made.name}")
        return kind, key, parse(made.spec, self.stamp(made, owner))

    def _stored(self, made: Created, now_us: int, result: Any) -> None:
        if was_refused(result):
            words = (
                str(result) if isinstance(result, Refused) else "AlreadyExists: the name is taken"
            )
            what = f"{made.kind} {made.namespace}/{made.name}"
            self.refusals.append(f"{what} was refused at {format_duration(now_us)}: {words}")

    def _maker(self, made: Created) -> StampMaker:
        """What makes the pods of a Deployment's ReplicaSets; their draws go on from one to the
        next.
        """
        cluster = self._store.cluster
        workload = self._workload(made)

        def make(owner: str, template: Mapping[str, Any]) -> PodStamp:
            return self.stamp(replace(made, template=template), cluster.owner(owner), workload)

        return make

    def _pod_maker(self, made: Created) -> PodMaker:
        """What makes the pods of one owner from templates that change."""
        cluster = self._store.cluster
        owner = cluster.owner(f"{made.kind}/{made.name}")
        workload = self._workload(made)

        def make(template: Mapping[str, Any]) -> PodStamp:
            return self.stamp(replace(made, template=template), owner, workload)

        return PodMaker(owner, make)

    def _workload(self, made: Created) -> int:
        cluster = self._store.cluster
        number = cluster.workload(made.workload)
        cluster.origins[number] = (made.kind, made.name)
        return number

    def stamp(self, made: Created, owner: int = -1, workload: int | None = None) -> PodStamp:
        """What makes the pods of an object, or a pod of nobody."""
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
            workload = self._workload(made)
        return PodStamp(cluster, owner, workload, template, lifetimes, requests)


def _plain(made: Created) -> tuple[str, str, Any]:
    """(table, key, record) of an object without pods."""
    table, parse, namespaced = PLAIN[made.kind]
    key = f"{made.namespace}/{made.name}" if namespaced else made.name
    return table, key, parse(made.spec, made.namespace, made.name)
