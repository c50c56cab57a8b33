"""Plays a scenario with a timeline, and looks at what is there at the end."""

from __future__ import annotations

import json
from pathlib import Path

from simk8s.catalog import Catalog
from simk8s.nodes.knowledge import machines
from simk8s.scenario.load import load
from simk8s.simulation.build import Options, build
from simk8s.state.audit import audit
from simk8s.state.cluster import TERMINAL
from simk8s.state.pods import GONE, NEVER, UNBORN

MINUTE = 60_000_000
HOUR = 60 * MINUTE
SMALL = {"cpu": "8", "memory": "32Gi"}


def template(image="app:1", labels=None, cpu="100m", **more):
    """A pod template with one container."""
    container = {"name": "app", "image": image, "resources": {"requests": {"cpu": cpu}}}
    return {
        "metadata": {"labels": labels or {}, **more.pop("metadata", {})},
        "spec": {"containers": [container], **more},
    }


def manifest(kind, name, replicas=2, *, namespace="default", pods=None, **spec):
    """An object with pods, labelled `app: <name>`."""
    group = {"Job": "batch/v1", "ReplicationController": "v1"}.get(kind, "apps/v1")
    labels = {"app": name}
    body = {"template": pods or template(labels=labels), **spec}
    if kind not in ("Job", "DaemonSet"):
        body["replicas"] = replicas
    if kind != "Job":
        body["selector"] = labels if group == "v1" else {"matchLabels": labels}
    if kind == "StatefulSet":
        body["serviceName"] = name
    return {
        "apiVersion": group,
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": body,
    }


def budget(name, app, **spec):
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"selector": {"matchLabels": {"app": app}}, **spec},
    }


def scenario(timeline, *, nodes=None, duration="1h", **more):
    """A scenario as plain data."""
    return {
        "apiVersion": "simk8s/v1",
        "name": "played",
        "duration": duration,
        "nodes": nodes or [{"name": "n", "capacity": SMALL, "count": 3, "zones": ["a", "b"]}],
        "timeline": timeline,
        "controlPlane": {"profile": "small"},
        "sampling": {"interval": "20m"},
        **more,
    }


class Played:
    """A world after its run."""

    def __init__(self, data, seed=1, base=Path()):
        self.loaded = load(
            base / "played.json",
            catalog=Catalog(base),
            knowledge=machines(),
            text=json.dumps(data),
        )
        horizon_us = self.loaded.scenario.duration
        self.world = build(self.loaded, seed=seed, horizon_us=horizon_us, options=Options())
        self.cluster, self.store = self.world.cluster, self.world.store

    def run(self):
        self.world.start()
        self.reason = self.world.clock.run(self.loaded.scenario.duration)
        audit(self.cluster)
        return self

    def get(self, table, name, namespace="default"):
        """What is stored, or None."""
        stored = self.store.objects(table).get(f"{namespace}/{name}" if namespace else name)
        return None if stored is None else stored.value

    def pods(self, owner=None, alive=True):
        """Pods by the name of their owner (`ReplicaSet/web-…` starts with it)."""
        pods, cluster = self.cluster.pods, self.cluster
        found = []
        for pod, phase in enumerate(pods.phase):
            if phase in (UNBORN, GONE) or (alive and phase in TERMINAL):
                continue
            number = pods.owner[pod]
            name = "" if number == NEVER else cluster.owners[number]
            if owner is None or name == owner or name.startswith(f"{owner}-"):
                found.append(pod)
        return found

    def images(self, pods):
        """First containers' images."""
        return {self.cluster.template_of(pod).spec["containers"][0].get("image") for pod in pods}

    def images_of(self, stored):
        """Those of an object's template."""
        containers = stored.template["spec"]["containers"]
        return {container["image"] for container in containers}

    def node_of(self, pod):
        row = self.cluster.pods.node[pod]
        return None if row == NEVER else self.cluster.nodes.specs[row].name

    def spec(self, name):
        """A node's spec."""
        row = self.cluster.nodes.row(name)
        return None if row is None else self.cluster.nodes.specs[row]

    @property
    def lines(self):
        """The timeline's log."""
        return self.world.timeline._desk.log.lines

    def outcomes(self, verb=None):
        return [
            (line.verb, line.target, str(line.outcome))
            for line in self.lines
            if verb in (None, line.verb)
        ]


def play(timeline, **more):
    """A scenario played to its end."""
    return Played(scenario(timeline, **more)).run()
