"""A small case of the recording format, made by hand."""

from __future__ import annotations

import copy
from typing import Any

from simk8s.conformance.replay import decide

Record = dict[str, Any]


def node(name: str, cpu: str = "4", **labels: str) -> Record:
    """A node object."""
    amounts = {"cpu": cpu, "memory": "8Gi", "pods": "10"}
    return {
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, **labels}},
        "status": {"allocatable": amounts},
    }


def pod(name: str, cpu: str = "1", priority: int = 0, on: str = "", **spec: Any) -> Record:
    """A pod object, bound if `on` names a node."""
    requests = {"cpu": cpu, "memory": "1Gi"}
    own = {"containers": [{"name": "c", "image": "i", "resources": {"requests": requests}}]}
    if on:
        own["nodeName"] = on
    return {
        "metadata": {"name": name, "namespace": "default", "labels": {"app": name}},
        "spec": {**own, "priority": priority, **spec},
        "status": {"startTime": "2026-01-01T00:00:01Z"} if on else {},
    }


def case(kind: str, objects: Record, **rest: Any) -> Record:
    """A case whose `expected` is what we decide now."""
    made = {"id": f"{kind}-0", "family": kind, "kind": kind, "objects": objects, **rest}
    made["expected"] = copy.deepcopy(decide(made))
    return made


def scored() -> Record:
    """Two nodes fit, one does not; every plugin says something."""
    nodes = [node("a", zone="x"), node("b", zone="y"), node("c", "500m")]
    spread = {
        "maxSkew": 1,
        "topologyKey": "zone",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {"app": "new"}},
    }
    new = pod("new", topologySpreadConstraints=[spread])
    return case("single", {"nodes": nodes, "pods": [pod("old", on="a")]}, pod=new)


def displaced() -> Record:
    """Nothing fits; one of two nodes can be emptied."""
    pods = [pod("low", "3", on="a"), pod("high", "3", 100, on="b")]
    objects = {"nodes": [node("a"), node("b")], "pods": pods}
    return case("preemption", objects, pod=pod("new", "2", 50))


def stepped() -> Record:
    """A node comes, pods are placed, one goes."""
    ops = [
        {"op": "schedule", "pod": pod("one", "3")},
        {"op": "schedule", "pod": pod("two", "3")},
        {"op": "addNode", "node": node("b")},
        {"op": "schedule", "pod": pod("three", "3")},
        {"op": "delete", "ref": "default/one"},
        {"op": "schedule", "pod": pod("four", "3")},
    ]
    return case("sequence", {"nodes": [node("a")]}, ops=ops)
