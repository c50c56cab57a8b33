"""What `kubectl get -A -o json` would print of a small live cluster, put together by hand."""

from __future__ import annotations

import copy
import json
from itertools import count
from typing import Any

READY = [{"type": "Ready", "status": "True"}]


class Dump:
    """Objects in the order in which they were added; everything has what a server adds."""

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []
        self._uids = count(1)

    def text(self) -> str:
        """As a List in JSON."""
        return json.dumps({"apiVersion": "v1", "kind": "List", "items": self.items}, indent=1)

    def add(self, api: str, kind: str, name: str, owner: Any = None, **parts: Any) -> dict:
        meta = {
            "name": name,
            "uid": f"u-{next(self._uids)}",
            "resourceVersion": "7",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "managedFields": [{"manager": "kubectl", "fieldsV1": {"f:spec": {}}}],
            **parts.pop("metadata", {}),
        }
        if kind != "Node":
            meta.setdefault("namespace", "shop")
        if owner is not None:
            reference = {"apiVersion": owner["apiVersion"], "kind": owner["kind"]}
            named = {"name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"]}
            meta["ownerReferences"] = [reference | named | {"controller": True}]
        made = {"apiVersion": api, "kind": kind, "metadata": meta, **parts}
        self.items.append(made)
        return made

    def node(self, name: str, cpu: str = "4", **spec: Any) -> dict:
        amounts = {"cpu": cpu, "memory": "16Gi", "pods": "110"}
        status = {
            "capacity": {**amounts, "cpu": "5"},
            "allocatable": amounts,
            "conditions": READY,
            "images": [{"names": ["app:1"], "sizeBytes": 100_000_000}],
        }
        labels = {"kubernetes.io/hostname": name, "pool": "main"}
        return self.add("v1", "Node", name, metadata={"labels": labels}, spec=spec, status=status)

    def pod(self, name: str, template: dict, owner: Any = None, **more: Any) -> dict:
        """A pod of a template: `node`, `phase`, `labels`, `notes`."""
        node, phase = more.get("node"), more.get("phase", "Running")
        made = copy.deepcopy(template)
        labels = {**(made.get("metadata") or {}).get("labels", {}), **more.get("labels", {})}
        spec = {**made["spec"], **({"nodeName": node} if node else {})}
        status = {"phase": phase, "conditions": READY if phase == "Running" else []}
        meta = {"labels": labels, "annotations": more.get("notes", {})}
        return self.add("v1", "Pod", name, owner, metadata=meta, spec=spec, status=status)

    def deployment(self, name: str, nodes: list[str], image: str = "app:1") -> dict:
        """One that is rolled out, with an old ReplicaSet that is empty."""
        n, template = len(nodes), template_of(name, image)
        selector = {"matchLabels": {"app": name}}
        conditions = [
            {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"},
            {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
        ]
        counts = {"replicas": n, "readyReplicas": n, "availableReplicas": n}
        made = self.add(
            "apps/v1",
            "Deployment",
            name,
            metadata={"annotations": {"deployment.kubernetes.io/revision": "2"}},
            spec={"replicas": n, "selector": selector, "template": template},
            status={**counts, "updatedReplicas": n, "conditions": conditions},
        )
        self._replicaset(made, "old", 1, template_of(name, "app:0"), 0)
        new = self._replicaset(made, "new", 2, template, n)
        for number, node in enumerate(nodes):
            pod = new["spec"]["template"]
            self.pod(f"{name}-new-{number}", pod, new, node=node)
        return made

    def _replicaset(self, owner: dict, letters: str, revision: int, template: dict, n: int) -> dict:
        labelled = copy.deepcopy(template)
        labelled["metadata"]["labels"]["pod-template-hash"] = letters
        notes = {
            "deployment.kubernetes.io/revision": str(revision),
            "deployment.kubernetes.io/desired-replicas": str(owner["spec"]["replicas"]),
        }
        selector = {"matchLabels": labelled["metadata"]["labels"]}
        counts = {"replicas": n, "fullyLabeledReplicas": n, "readyReplicas": n}
        return self.add(
            "apps/v1",
            "ReplicaSet",
            f"{owner['metadata']['name']}-{letters}",
            owner,
            metadata={"annotations": notes},
            spec={"replicas": n, "selector": selector, "template": labelled},
            status={**counts, "availableReplicas": n, "observedGeneration": 1},
        )

    def statefulset(self, name: str, nodes: list[str]) -> dict:
        n, template = len(nodes), template_of(name)
        made = self.add(
            "apps/v1",
            "StatefulSet",
            name,
            spec={
                "replicas": n,
                "serviceName": name,
                "selector": {"matchLabels": {"app": name}},
                "template": template,
            },
            status={
                **dict.fromkeys(("replicas", "readyReplicas", "availableReplicas"), n),
                **dict.fromkeys(("currentReplicas", "updatedReplicas"), n),
                "currentRevision": f"{name}-abc",
                "updateRevision": f"{name}-abc",
            },
        )
        for number, node in enumerate(nodes):
            labels = {"controller-revision-hash": f"{name}-abc"}
            self.pod(f"{name}-{number}", template, made, node=node, labels=labels)
        return made

    def daemonset(self, name: str, nodes: list[str]) -> dict:
        n, template = len(nodes), template_of(name)
        counts = {"currentNumberScheduled": n, "desiredNumberScheduled": n, "numberReady": n}
        made = self.add(
            "apps/v1",
            "DaemonSet",
            name,
            spec={"selector": {"matchLabels": {"app": name}}, "template": template},
            status={**counts, "numberAvailable": n, "updatedNumberScheduled": n},
        )
        for node in nodes:
            labels = {"controller-revision-hash": "xyz"}
            self.pod(f"{name}-{node}", template, made, node=node, labels=labels)
        return made

    def job(self, name: str, nodes: list[str], succeeded: int, completions: int) -> dict:
        template = template_of(name)
        template["spec"]["restartPolicy"] = "Never"
        template["metadata"]["annotations"] = {"simk8s.io/run-seconds": "60"}
        made = self.add(
            "batch/v1",
            "Job",
            name,
            spec={"completions": completions, "parallelism": len(nodes), "template": template},
            status={"active": len(nodes), "ready": len(nodes), "succeeded": succeeded},
        )
        for number in range(succeeded):
            self.pod(f"{name}-done{number}", template, made, node=nodes[0], phase="Succeeded")
        for number, node in enumerate(nodes):
            self.pod(f"{name}-run{number}", template, made, node=node)
        return made


def template_of(app: str, image: str = "app:1", cpu: str = "100m") -> dict[str, Any]:
    """A pod template as a server has it."""
    container = {"name": "c", "image": image, "resources": {"requests": {"cpu": cpu}}}
    return {
        "metadata": {"creationTimestamp": None, "labels": {"app": app}},
        "spec": {"containers": [container], "restartPolicy": "Always"},
    }
