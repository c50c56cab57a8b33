"""Writes a simulated run as a recording, with as much of each object as the reader looks at.

Law: what is written and read again gives the timeline of the run; the header and the actions are
those of the recording that was replayed.
"""

from __future__ import annotations

from typing import Any

from simk8s.api.watch import ADDED, BOUND, DELETED, DELETING, ENDED, STATUS, Verb
from simk8s.simulation.build import World
from simk8s.simulation.recording.reading import STATUS_FIELDS, Recording
from simk8s.state.deployments import HASH_LABEL
from simk8s.state.pods import NEVER, SUCCEEDED
from simk8s.state.selectors import NO_EXECUTE, UNREACHABLE
from simk8s.state.workloads import REPLICASETS

_TYPES = {ADDED: "ADDED", DELETED: "DELETED"}
_KINDS = {
    "deployments": "Deployment",
    "replicasets": "ReplicaSet",
    "jobs": "Job",
    "statefulsets": "StatefulSet",
    "daemonsets": "DaemonSet",
}


class Writer:
    """Takes what an observer sees."""

    def __init__(self, world: World, recording: Recording) -> None:
        self._cluster, self._store = world.cluster, world.store
        self._recording = recording
        self._seen: list[tuple[float, dict[str, Any]]] = []

    def lines(self) -> list[dict[str, Any]]:
        """Header, nodes, actions and changes, in order of time."""
        recording = self._recording
        first = [{"t": 0.0, "k": "nodes", "type": "INITIAL", "o": raw} for raw in recording.nodes]
        marks = [(t, _line(t, "mark", "MARK", mark)) for t, mark in recording.marks]
        changes = sorted([*self._seen, *marks], key=lambda pair: pair[0])
        return [dict(recording.header), *first, *(line for _, line in changes)]

    def pod(self, at_us: int, verb: Verb, pod: int) -> None:
        """A pod has changed."""
        pods, template = self._cluster.pods, self._cluster.template_of(pod)
        meta: dict[str, Any] = {
            "name": self._cluster.name_of(pod),
            "namespace": template.namespace,
            "uid": f"pod-{pod}",
            "labels": {k: v for k, v in template.labels.items() if k == HASH_LABEL},
        }
        if pods.owner[pod] != NEVER:
            kind, _, name = self._cluster.owners[pods.owner[pod]].partition("/")
            meta["ownerReferences"] = [{"kind": kind, "name": name, "controller": True}]
        if verb in (DELETING, DELETED) or pods.deletion_us[pod] != NEVER:
            meta["deletionTimestamp"] = "set"
        status: dict[str, Any] = {}
        if verb is ENDED:
            status["phase"] = "Succeeded" if pods.phase[pod] == SUCCEEDED else "Failed"
        elif verb is STATUS and pods.ready[pod]:
            status["conditions"] = [{"type": "Ready", "status": "True"}]
        spec = {}
        if pods.node[pod] != NEVER and verb is not ADDED:
            spec["nodeName"] = self._cluster.nodes.specs[pods.node[pod]].name
        if verb in (ADDED, BOUND, STATUS, ENDED, DELETING, DELETED):
            item = {"metadata": meta, "spec": spec, "status": status}
            self._add(at_us, "pods", _TYPES.get(verb, "MODIFIED"), item)

    def node(self, at_us: int, row: int, lost: bool) -> None:
        """A node has changed."""
        taints = [{"key": UNREACHABLE, "effect": NO_EXECUTE}] if lost else []
        ready = "True" if self._store.ready[row] else "Unknown"
        found = {
            "metadata": {"name": self._cluster.nodes.specs[row].name},
            "spec": {"taints": taints},
            "status": {"conditions": [{"type": "Ready", "status": ready}]},
        }
        self._add(at_us, "nodes", "MODIFIED", found)

    def item(self, at_us: int, kind: str, key: str, value: Any) -> None:
        """An object has changed."""
        namespace, _, name = key.partition("/")
        meta: dict[str, Any] = {"name": name, "namespace": namespace}
        if kind == REPLICASETS and value.deployment:
            above = value.deployment.partition("/")[2]
            meta["ownerReferences"] = [{"kind": "Deployment", "name": above, "controller": True}]
        fields = STATUS_FIELDS[kind].items()
        status = {written: int(getattr(value.status, ours)) for written, ours in fields}
        spec = {} if kind in ("jobs", "daemonsets") else {"replicas": value.replicas}
        found = {"kind": _KINDS[kind], "metadata": meta, "spec": spec, "status": status}
        self._add(at_us, kind, "MODIFIED", found)

    def _add(self, at_us: int, kind: str, verb: str, item: dict[str, Any]) -> None:
        t = self._recording.origin_ms + at_us / 1000
        self._seen.append((t, _line(t, kind, verb, item)))


def _line(t: float, kind: str, verb: str, item: Any) -> dict[str, Any]:
    return {"t": t, "k": kind, "type": verb, "o": item}
