"""Static pods: what a kubelet runs from its own folder, shown to the API as mirror pods.

Law: a node's static pods are there with the node, take room before anything is scheduled, and
cannot be deleted through the API.

Mirrors: kubelet v1.36 static and mirror pods; critical (system-node-critical) unless they have a
priority of their own. Departs: the mirror is there at once (the folder is scanned every 20 s), and
a DELETE is refused where kubelet would create the mirror anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simk8s.api.store import Store
from simk8s.state.cluster import Cluster
from simk8s.state.nodes import NodeSpec
from simk8s.state.pods import Phase
from simk8s.state.shapes import SYSTEM_PRIORITIES, PodTemplate

NAMESPACE = "kube-system"
WORKLOAD = "static"


def mirror(store: Store, row: int, spec: NodeSpec) -> None:
    """Create the mirror pods of a node that has just joined; those that do not fit stay out of
    the scheduler's accounts and are refused by the kubelet.
    """
    cluster = store.cluster
    for number, manifest in enumerate(spec.static_pods):
        meta: Mapping[str, Any] = manifest.get("metadata") or {}
        namespace = str(meta.get("namespace") or NAMESPACE)
        template = cluster.templates.parse(manifest, namespace)
        pod = _row(cluster, template)
        stem = str(meta.get("name") or f"{WORKLOAD}-{number}")
        cluster.pods.names[pod] = f"{stem}-{spec.name}"
        nodes = cluster.nodes
        devices = nodes.choose_devices(row, template.requests)
        wanted = template.requests.wanted
        if devices is not None and all(nodes.free_at[r][row] >= a for r, a in wanted):
            cluster.charge(pod, row, devices)
        store.create_mirror(pod, row)


def _row(cluster: Cluster, template: PodTemplate) -> int:
    known = WORKLOAD in cluster.workloads
    workload = cluster.workloads.index(WORKLOAD) if known else cluster.workload(WORKLOAD)
    own = template.spec.get("priority") is not None or template.spec.get("priorityClassName")
    critical = SYSTEM_PRIORITIES["system-node-critical"]
    rows = cluster.pods.extend(
        1,
        template=template.id,
        requests=template.requests.id,
        workload=workload,
        priority=template.priority if own else critical,
        phase=Phase.UNBORN,
    )
    return rows.start
