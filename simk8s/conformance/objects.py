"""Kubernetes JSON objects, as the API server stores them, put into a cluster.

Law: what is read here is what scheduling reads; everything else in an object is left alone. Pods
that have ended are invisible.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from simk8s.placement.base import Query
from simk8s.state.cluster import Cluster
from simk8s.state.effective import parse_requests
from simk8s.state.nodeobjects import node_spec
from simk8s.state.objects import CONTROLLERS, Budget
from simk8s.state.pods import NEVER, Loss, Phase
from simk8s.state.selectors import LabelSelector
from simk8s.state.storage import capacity_of, claim_of, class_of, volume_of

Raw = Mapping[str, Any]
ENDED = ("Succeeded", "Failed")
EPOCH = datetime.fromisoformat("2020-01-01T00:00:00+00:00")


def instant_us(text: str) -> int:
    """A timestamp as simulated time."""
    since = datetime.fromisoformat(text.replace("Z", "+00:00")) - EPOCH
    return round(since.total_seconds() * 1_000_000)


class Loader:
    """Fills one cluster from objects; remembers pods by `namespace/name`."""

    def __init__(self) -> None:
        self.cluster = Cluster(gpu_names=())
        self.pods: dict[str, int] = {}
        self._owners: dict[str, int] = {}

    def load(self, objects: Mapping[str, Iterable[Raw]]) -> None:
        """All objects of a case."""
        cluster = self.cluster
        for raw in objects.get("namespaces") or ():
            cluster.objects.put_namespace(raw["metadata"]["name"], _labels(raw))
        for raw in objects.get("services") or ():
            self.service(raw)
        for kind, key in zip(CONTROLLERS, _CONTROLLER_KEYS, strict=True):
            for raw in objects.get(key) or ():
                self._controller(kind, raw)
        for raw in objects.get("podDisruptionBudgets") or ():
            cluster.objects.put_budget(_budget(raw))
        _storage(cluster, objects)
        for raw in objects.get("nodes") or ():
            self.node(raw)
        for raw in objects.get("pods") or ():
            self.pod(raw)

    def service(self, raw: Raw) -> None:
        """Create a service."""
        spec: Raw = raw.get("spec") or {}
        meta = raw["metadata"]
        self.cluster.objects.put_service(meta["namespace"], meta["name"], spec.get("selector"))

    def _controller(self, kind: str, raw: Raw) -> None:
        selector: Any = raw["spec"].get("selector")
        if kind == "ReplicationController":
            parsed = LabelSelector.of(selector or {})
        else:
            parsed = LabelSelector.parse(selector)
        meta = raw["metadata"]
        self.cluster.objects.put_controller(kind, meta["namespace"], meta["name"], parsed)

    # --- nodes

    def node(self, raw: Raw) -> int:
        """Create a node, or replace it by name; its row."""
        nodes = self.cluster.nodes
        spec = node_spec(raw, self.cluster.resources)
        row = nodes.row(spec.name)
        if row is None:
            return nodes.add(spec)
        nodes.set_spec(row, spec)
        return row

    def remove_node(self, name: str) -> None:
        """Remove a node and the pods on it."""
        row = self.cluster.nodes.row(name)
        if row is not None:
            for pod in list(self.cluster.nodes.pods_on[row]):
                self.delete(pod)
            self.cluster.nodes.remove(row)

    # --- pods

    def pod(self, raw: Raw) -> int | None:
        """Create a pod, bound or pending; None if it has ended."""
        status: Raw = raw.get("status") or {}
        if status.get("phase") in ENDED:
            return None
        cluster, spec = self.cluster, raw["spec"]
        pod = self.row(raw)
        node = cluster.nodes.row(str(spec.get("nodeName") or ""))
        if node is not None:
            cluster.pods.phase[pod] = Phase.RUNNING
            self.bind(pod, node)
        elif not spec.get("nodeName") and status.get("nominatedNodeName"):
            wanted = cluster.nodes.row(str(status["nominatedNodeName"]))
            if wanted is not None:
                cluster.nominate(pod, wanted)
        return pod

    def row(self, raw: Raw) -> int:
        """A row for a pod that is not on a node yet."""
        cluster = self.cluster
        meta, status = raw["metadata"], raw.get("status") or {}
        manifest = {
            "metadata": {k: meta[k] for k in ("labels", "annotations") if k in meta},
            "spec": {k: v for k, v in raw["spec"].items() if k != "nodeName"},
        }
        namespace = str(meta.get("namespace") or "default")
        template = cluster.templates.parse(manifest, namespace, admit=False)
        requests = parse_requests(manifest, cluster.resources, cluster.requests, status)
        pod = cluster.pods.extend(
            1,
            template=template.id,
            requests=requests.id,
            priority=template.priority,
            owner=self._owner(meta),
            phase=Phase.PENDING,
        )[0]
        cluster.pods.names[pod] = str(meta["name"])
        self.pods[f"{namespace}/{meta['name']}"] = pod
        if status.get("startTime"):
            cluster.pods.running_us[pod] = instant_us(status["startTime"])
        if meta.get("deletionTimestamp"):
            cluster.terminate(pod, instant_us(meta["deletionTimestamp"]))
            if _preempted(status):
                cluster.pods.loss[pod] = Loss.PREEMPTION
        return pod

    def _owner(self, meta: Raw) -> int:
        for owner in meta.get("ownerReferences") or ():
            if owner.get("controller"):
                name = f"{owner['kind']}/{owner['name']}"
                if name not in self._owners:
                    self._owners[name] = self.cluster.owner(name)
                return self._owners[name]
        return NEVER

    def query(self, pod: int) -> Query:
        """The pod as the scheduler asks about it."""
        cluster = self.cluster
        return Query(
            pod,
            cluster.template_of(pod),
            cluster.requests_of(pod),
            cluster.pods.priority[pod],
            cluster.pods.nominated[pod],
        )

    def bind(self, pod: int, node: int) -> None:
        """The pod is on the node from now on."""
        cluster = self.cluster
        if cluster.pods.nominated[pod] != NEVER:
            cluster.nominate(pod, NEVER)
        cluster.charge(pod, node, 0)
        cluster.pods.node[pod] = node

    def delete(self, pod: int) -> None:
        """The pod is gone."""
        cluster = self.cluster
        cluster.release(pod)
        if cluster.pods.nominated[pod] != NEVER:
            cluster.nominate(pod, NEVER)
        cluster.pods.node[pod] = NEVER
        cluster.pods.phase[pod] = Phase.GONE


_CONTROLLER_KEYS = ("replicationControllers", "replicaSets", "statefulSets")


def _labels(raw: Raw) -> dict[str, str]:
    return {str(k): str(v) for k, v in (raw["metadata"].get("labels") or {}).items()}


def _preempted(status: Raw) -> bool:
    return any(
        c.get("type") == "DisruptionTarget"
        and c.get("status") == "True"
        and c.get("reason") == "PreemptionByScheduler"
        for c in status.get("conditions") or ()
    )


def _budget(raw: Raw) -> Budget:
    status: Raw = raw.get("status") or {}
    return Budget(
        str(raw["metadata"]["namespace"]),
        str(raw["metadata"]["name"]),
        LabelSelector.parse(raw["spec"].get("selector")),
        int(status.get("disruptionsAllowed") or 0),
        frozenset(status.get("disruptedPods") or ()),
    )


def _storage(cluster: Cluster, objects: Mapping[str, Iterable[Raw]]) -> None:
    volumes = cluster.volumes
    for raw in objects.get("persistentVolumes") or ():
        volumes.put(volume_of(raw))
    for raw in objects.get("persistentVolumeClaims") or ():
        volumes.put(claim_of(raw))
    for raw in objects.get("storageClasses") or ():
        volumes.put(class_of(raw))
    for raw in objects.get("csiStorageCapacities") or ():
        volumes.put(capacity_of(raw))
    for raw in objects.get("csiDrivers") or ():
        publishes = bool((raw.get("spec") or {}).get("storageCapacity"))
        volumes.put_driver(str(raw["metadata"]["name"]), publishes)
    for raw in objects.get("csiNodes") or ():
        limits = {
            str(d["name"]): int(d["allocatable"]["count"])
            for d in (raw.get("spec") or {}).get("drivers") or ()
            if (d.get("allocatable") or {}).get("count") is not None
        }
        volumes.put_limits(str(raw["metadata"]["name"]), limits)
