"""Pieces of which golden cases are made: Kubernetes objects as the API server stores them."""

from __future__ import annotations

from typing import Any

Record = dict[str, Any]
ZONE, HOST = "topology.kubernetes.io/zone", "kubernetes.io/hostname"
MIB = 1 << 20


def node(
    name: str,
    cpu: str = "4",
    memory: str = "8Gi",
    zone: str = "",
    labels: Record | None = None,
    images: dict[str, int] | None = None,
    pods: str = "10",
    extended: Record | None = None,
    **spec: Any,
) -> Record:
    """A node; `images` are names and MiB."""
    own = {HOST: name, **({ZONE: zone} if zone else {}), **(labels or {})}
    held = [{"names": [n], "sizeBytes": size * MIB} for n, size in (images or {}).items()]
    amounts = {"cpu": cpu, "memory": memory, "pods": pods, **(extended or {})}
    made: Record = {
        "metadata": {"name": name, "labels": own},
        "status": {"allocatable": amounts, "capacity": amounts},
    }
    if held:
        made["status"]["images"] = held
    if spec:
        made["spec"] = spec
    return made


def container(cpu: str | None = "1", memory: str | None = "1Gi", **more: Any) -> Record:
    """A container with requests; `extended` adds to them."""
    requests = {k: v for k, v in (("cpu", cpu), ("memory", memory)) if v is not None}
    requests.update(more.pop("extended", {}))
    return {"name": "c", "image": "app:1", "resources": {"requests": requests}, **more}


def pod(
    name: str,
    cpu: str | None = "1",
    memory: str | None = "1Gi",
    *,
    on: str = "",
    labels: Record | None = None,
    priority: int = 0,
    started: int = 1,
    namespace: str = "default",
    status: Record | None = None,
    meta: Record | None = None,
    **spec: Any,
) -> Record:
    """A pod; bound where `on` names a node, started at that second."""
    own: Record = {"containers": [container(cpu, memory)], "priority": priority, **spec}
    said: Record = {}
    if on:
        own["nodeName"] = on
        said["startTime"] = f"2026-01-01T00:{started // 60:02}:{started % 60:02}Z"
    metadata = {"name": name, "namespace": namespace, "labels": labels or {}, **(meta or {})}
    return {"metadata": metadata, "spec": own, "status": {**said, **(status or {})}}


def lines(*requirements: tuple[str, str, list[str]]) -> Record:
    """A node selector term."""
    return {
        "matchExpressions": [{"key": k, "operator": o, "values": v} for k, o, v in requirements]
    }


def required(*terms: Record) -> Record:
    """Node affinity: one of the terms."""
    inner = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": list(terms)}}
    return {"nodeAffinity": inner}


def preferred(*terms: tuple[int, Record]) -> Record:
    """Node affinity: the more weight the better."""
    wanted = [{"weight": weight, "preference": term} for weight, term in terms]
    return {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": wanted}}


def term(app: str, key: str = HOST, **more: Any) -> Record:
    """A pod affinity term."""
    return {"labelSelector": {"matchLabels": {"app": app}}, "topologyKey": key, **more}


def near(kind: str, *terms: Record, weight: int = 0) -> Record:
    """podAffinity or podAntiAffinity, required without a weight."""
    if not weight:
        return {kind: {"requiredDuringSchedulingIgnoredDuringExecution": list(terms)}}
    wanted = [{"weight": weight, "podAffinityTerm": t} for t in terms]
    return {kind: {"preferredDuringSchedulingIgnoredDuringExecution": wanted}}


def spread(app: str, key: str = ZONE, skew: int = 1, hard: bool = True, **more: Any) -> Record:
    """A topology spread constraint."""
    return {
        "maxSkew": skew,
        "topologyKey": key,
        "whenUnsatisfiable": "DoNotSchedule" if hard else "ScheduleAnyway",
        "labelSelector": {"matchLabels": {"app": app}},
        **more,
    }


def config(**profile: Any) -> Record:
    """A configuration with one profile."""
    return {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "profiles": [{"schedulerName": "default-scheduler", **profile}],
    }


def args(name: str, **given: Any) -> Record:
    """A configuration with the arguments of one plugin."""
    return config(pluginConfig=[{"name": name, "args": given}])


def single(nodes: list[Record], new: Record, *pods: Record, **more: Any) -> Record:
    """A single case without id; `config` and further kinds of objects by keyword."""
    made: Record = {"kind": "single", "objects": {"nodes": nodes, "pods": list(pods)}, "pod": new}
    if "config" in more:
        made["config"] = more.pop("config")
    made["objects"].update(more)
    return made


def schedule(new: Record) -> Record:
    """An operation of a sequence."""
    return {"op": "schedule", "pod": new}


def sequence(nodes: list[Record], *ops: Record, **more: Any) -> Record:
    """A sequence case without id."""
    return {"kind": "sequence", "objects": {"nodes": nodes}, "ops": list(ops), **more}


def trace(nodes: list[Record], until: float, *events: Record, every: float = 0.1) -> Record:
    """A trace case without id."""
    return {
        "kind": "trace",
        "objects": {"nodes": nodes},
        "events": list(events),
        "until": until,
        "attemptSeconds": every,
    }


def at(t: float, op: str, what: Record | str) -> Record:
    """An event of a trace."""
    key = "ref" if isinstance(what, str) else "node" if op.endswith("Node") else "pod"
    return {"t": t, "op": op, key: what}
