"""Reads a recording: its header, the driver's actions, and what was seen, as a timeline.

Law: nothing is taken from the experiment's name: the header says what the cluster was, marks say
what was done to it. What is not understood is kept by name, to be told.

A recording is JSON lines, gzipped or not: a header, then `{"t": unix ms, "k": kind, "type":
INITIAL|ADDED|MODIFIED|DELETED|MARK, "o": object}`.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from simk8s.errors import Place, Problem, UserError
from simk8s.schema.labels import ZONE_LABEL
from simk8s.simulation.recording.actions import Action, actions_of
from simk8s.simulation.recording.cluster import monitor_us, settings_of
from simk8s.simulation.recording.silences import SHOWN_US, Seen, with_silences
from simk8s.simulation.recording.timeline import Nodes, Numbers, Timeline, stem
from simk8s.state.selectors import NO_EXECUTE, UNREACHABLE

Raw = Mapping[str, Any]
LEAD_MS, MINUTE_MS = 1_000, 60_000
"""The simulation begins with a whole minute of the recording's clock, a second or more before the
first thing that was recorded: times of the API have whole seconds, schedules whole minutes.
"""
STATUS_FIELDS: Mapping[str, Mapping[str, str]] = {
    "deployments": {
        "replicas": "replicas",
        "updatedReplicas": "updated",
        "readyReplicas": "ready",
        "availableReplicas": "available",
    },
    "replicasets": {
        "replicas": "replicas",
        "readyReplicas": "ready",
        "availableReplicas": "available",
    },
    "statefulsets": {
        "replicas": "replicas",
        "readyReplicas": "ready",
        "updatedReplicas": "updated",
    },
    "daemonsets": {
        "currentNumberScheduled": "current",
        "updatedNumberScheduled": "updated",
        "numberReady": "ready",
        "numberAvailable": "available",
    },
    "jobs": {"active": "active", "succeeded": "succeeded", "failed": "failed"},
}
"""Fields of a status that are compared, and what they are called here."""


@dataclass(slots=True)
class Recording:
    """One file."""

    header: Raw
    origin_ms: float
    """Unix ms of simulated time 0."""
    nodes: list[Raw] = field(default_factory=list)
    """Nodes as they were at the beginning."""
    marks: list[tuple[float, Raw]] = field(default_factory=list)
    """As written, with their unix ms."""
    actions: list[Action] = field(default_factory=list)
    done_us: list[int] = field(default_factory=list)
    """When the driver found that something was done."""
    timeline: Timeline = field(default_factory=Timeline)
    pods: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Each pod's group and the node that it was on, by its key."""
    unread: dict[str, int] = field(default_factory=dict)
    """Kinds that are not compared, and how often each was seen."""


def read(path: Path) -> Recording:
    """Read a file. Raises UserError."""
    lines = list(_lines(path))
    if not lines or "k" in lines[0][1]:
        raise UserError(Problem("E102", "a recording begins with its header", _at(path, 1)))
    header = lines[0][1]
    try:
        monitor = monitor_us(settings_of(header))
        shapes = _from_shapes(header)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        text = f"not a header: {type(error).__name__} {error}"
        raise UserError(Problem("E107", text, _at(path, 1))) from error
    recording = Recording(header, _origin(path, lines[1:]))
    reader = _Reader(recording)
    if not any(line.get("k") == "nodes" and line.get("type") == "INITIAL" for _, line in lines):
        for raw in shapes:
            reader.take({"t": recording.origin_ms, "k": "nodes", "type": "INITIAL", "o": raw})
    for number, line in lines[1:]:
        try:
            reader.take(line)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            text = f"not a line of a recording: {type(error).__name__} {error}"
            raise UserError(Problem("E107", text, _at(path, number))) from error
    recording.actions = actions_of(recording.marks, reader.us)
    asked = {action.path.rpartition("/")[2]: None for action in recording.actions}
    asked |= {_named(action.body): None for action in recording.actions}
    for action in recording.actions:
        if action.verb == "add nodes":
            asked |= {_named(raw): None for raw in action.body}
    implied = [action for name, action in reader.implied if name not in asked]
    actions = sorted([*recording.actions, *implied], key=lambda a: a.at_us)
    recording.actions = with_silences(actions, reader.seen, *monitor)
    recording.timeline.requests = [
        (action.at_us, action.returned_us)
        for action in recording.actions
        if action.path[:1] == "/" and not action.implied
    ]
    recording.done_us = [reader.us(t) for t, mark in recording.marks if "done" in mark]
    for steps in recording.timeline.steps.values():
        steps.sort()
    last_us = [action.at_us for action in recording.actions] + recording.done_us
    recording.timeline.end_us = max([recording.timeline.end_us, *last_us])
    return recording


def _from_shapes(header: Raw) -> list[Raw]:
    """`n_nodes` nodes, of the shapes that the header gives in turn."""
    shapes = header.get("node_shapes") or ()
    count = int(header.get("n_nodes") or len(shapes))
    given = list(islice(cycle(shapes), count)) if shapes else []
    named: list[Raw] = []
    for number, shape in enumerate(given):
        name = shape["metadata"]["name"] if number < len(shapes) else f"n{number:03d}"
        named.append({**shape, "metadata": {**shape["metadata"], "name": name}})
    return named


def _at(path: Path, line: int) -> Place:
    return Place(str(path), line, 1)


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    opened = gzip.open if path.suffix == ".gz" else open
    number = 1
    try:
        with opened(path, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    found = json.loads(line)
                    if not isinstance(found, dict):
                        raise ValueError("a line is not a JSON object")
                    yield number, found
    except OSError as error:
        text = f"cannot be read: {error.strerror or error}"
        raise UserError(Problem("E303", text, Place(str(path), 0, 0))) from error
    except (ValueError, EOFError) as error:
        raise UserError(Problem("E107", f"not a recording: {error}", _at(path, number))) from error


def _origin(path: Path, lines: list[tuple[int, dict[str, Any]]]) -> float:
    """The unix ms at which the simulation begins."""
    times: list[Any] = []
    for number, line in lines:
        if line.get("k") == "mark" or line.get("type") in ("ADDED", "MODIFIED"):
            item = line.get("o")
            sent = item.get("sent") if isinstance(item, Mapping) else None
            times.append(line.get("t") if sent is None else sent)
            if not isinstance(times[-1], int | float):
                raise UserError(Problem("E107", "t and sent are unix ms", _at(path, number)))
    if not times:
        raise UserError(Problem("E102", "nothing happens in this recording", _at(path, 1)))
    return (float(min(times)) - LEAD_MS) // MINUTE_MS * MINUTE_MS


def _named(body: Any) -> str:
    """The name of an object, "" if it has none."""
    meta = body.get("metadata") if isinstance(body, Mapping) else None
    return str(meta.get("name") or "") if isinstance(meta, Mapping) else ""


class _Reader:
    """Takes lines one by one."""

    def __init__(self, recording: Recording) -> None:
        self.implied: list[tuple[str, Action]] = []
        """Pods of nobody, and nodes, that came or went, by name."""
        self.seen = Seen()
        self.pods: dict[str, tuple[str, str]] = recording.pods
        self._leaving: dict[str, None] = {}
        self._recording = recording
        self._timeline = recording.timeline
        self._origin = recording.origin_ms
        self._deployment: dict[str, str] = {}
        """ReplicaSet -> its Deployment."""
        self._numbers = Numbers()
        self._nodes = Nodes(recording.timeline)

    def us(self, unix_ms: float) -> int:
        """Simulated time of an instant."""
        return round((unix_ms - self._origin) * 1000)

    def take(self, line: Raw) -> None:
        """One line."""
        kind, verb, item = line["k"], line["type"], line["o"]
        if kind == "mark":
            actions_of([(line["t"], item)], self.us)  # or it is no mark
            self._recording.marks.append((float(line["t"]), item))
        elif kind == "nodes":
            self._node(line["t"], verb, item)
        elif kind == "pods":
            self._pod(self.us(line["t"]), verb, item)
        elif kind in STATUS_FIELDS:
            self._object(self.us(line["t"]), kind, verb, item)
        elif kind != "events":
            self._recording.unread[kind] = self._recording.unread.get(kind, 0) + 1

    def _node(self, t: float, verb: str, item: Raw) -> None:
        if verb == "INITIAL":
            self._recording.nodes.append(item)
        at_us = 0 if verb == "INITIAL" else self.us(t)
        meta, taints = item["metadata"], (item.get("spec") or {}).get("taints") or ()
        name = meta["name"]
        if verb == "ADDED":
            self.implied.append((name, Action(max(0, at_us - SHOWN_US), "add nodes", body=[item],
                                              implied=True)))  # fmt: skip
        if verb == "DELETED":
            self._nodes.gone(at_us, name)
            path = f"/api/v1/nodes/{name}"
            gone = Action(max(0, at_us - SHOWN_US), "DELETE", path, implied=True)
            self.implied.append((name, gone))
            return
        lost = any(t["key"] == UNREACHABLE and t["effect"] == NO_EXECUTE for t in taints)
        conditions = (item.get("status") or {}).get("conditions")
        ready = [c.get("status") for c in conditions or () if c.get("type") == "Ready"]
        zone = (meta.get("labels") or {}).get(ZONE_LABEL) or ""
        self.seen.node(at_us, name, zone, str(ready[0]) if ready else "")
        self._nodes.seen(at_us, name, conditions is None or _ready(item["status"]), lost)

    def _pod(self, at_us: int, verb: str, item: Raw) -> None:
        meta, status = item["metadata"], item.get("status") or {}
        name = f"{meta.get('namespace', 'default')}/{meta['name']}"
        uid, group = str(meta.get("uid") or name), self._group(meta)
        self.pods[name] = group, str(item["spec"].get("nodeName") or "")
        take, line = self._timeline.step, self._timeline
        if group.startswith("Pod "):
            self._imply(at_us, verb, uid, item)
        if verb == "ADDED":
            take(at_us, uid, group, "created")
        if item["spec"].get("nodeName"):
            take(at_us, uid, group, "bound")
        if status.get("phase") in ("Succeeded", "Failed"):
            take(at_us, uid, group, "ended")
        elif _ready(status):
            take(at_us, uid, group, "ready")
        if meta.get("deletionTimestamp"):
            take(at_us, uid, group, "deleting")
        if verb == "DELETED":
            take(at_us, uid, group, "deleted")
        line.end_us = max(line.end_us, at_us)

    def _imply(self, at_us: int, verb: str, uid: str, item: Raw) -> None:
        """What the driver must have asked for a pod that belongs to nobody."""
        meta = item["metadata"]
        sent_us = max(0, at_us - SHOWN_US)
        path = f"/api/v1/namespaces/{meta.get('namespace', 'default')}/pods"
        if verb == "ADDED":
            spec = {k: v for k, v in item["spec"].items() if k not in ("nodeName", "volumes")}
            kept = {k: meta[k] for k in ("name", "labels", "annotations") if k in meta}
            body = {"metadata": kept, "spec": spec}
            action = Action(sent_us, "POST", path, body, at_us, implied=True)
            self.implied.append((str(meta["name"]), action))
        elif meta.get("deletionTimestamp") and uid not in self._leaving:
            self._leaving[uid] = None
            conditions = (item.get("status") or {}).get("conditions") or ()
            if not any(c.get("type") == "DisruptionTarget" for c in conditions):
                path = f"{path}/{meta['name']}"
                action = Action(sent_us, "DELETE", path, None, at_us, implied=True)
                self.implied.append((str(meta["name"]), action))

    def _group(self, meta: Raw) -> str:
        """`Deployment/web`: the kind and name at the top of a pod's owners."""
        namespace = meta.get("namespace", "default")
        for owner in meta.get("ownerReferences") or ():
            if owner.get("controller"):
                name = f"{namespace}/{owner['name']}"
                letters = (meta.get("labels") or {}).get("pod-template-hash")
                if owner["kind"] == "ReplicaSet" and letters:
                    above = self._deployment.get(name) or name.removesuffix(f"-{letters}")
                    return f"Deployment {above}"
                return f"{owner['kind']} {name}"
        return f"Pod {namespace}/{stem(meta['name'])}"

    def _object(self, at_us: int, kind: str, verb: str, item: Raw) -> None:
        meta, status = item["metadata"], item.get("status") or {}
        name = f"{meta.get('namespace', 'default')}/{meta['name']}"
        if kind == "replicasets":
            owners = meta.get("ownerReferences") or ()
            above = next((o["name"] for o in owners if o["kind"] == "Deployment"), "")
            if above:
                above = f"{name.partition('/')[0]}/{above}"
                self._deployment[name] = above
            name = self._numbers.name(name, above)
        if verb == "DELETED":
            return
        if kind not in ("jobs", "daemonsets"):
            spec = item["spec"].get("replicas")
            self._timeline.value(at_us, kind, name, "spec.replicas", 1 if spec is None else spec)
        for written, what in STATUS_FIELDS[kind].items():
            self._timeline.value(at_us, kind, name, what, int(status.get(written) or 0))


def _ready(status: Raw) -> bool:
    conditions = status.get("conditions") or ()
    return any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)
