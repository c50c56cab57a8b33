"""Does to a simulated cluster what the driver of a recording did to the real one.

Law: each action is sent at its recorded instant, through a client without a limit; what cannot be
applied is kept to be told, never passed over in silence. Pods of controllers have other names in
every run, so what is asked of one of them by name cannot be applied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from simk8s.api.client import Client
from simk8s.api.requests import RequestKind, kind
from simk8s.api.server import Operation
from simk8s.kernel.phase import Phase as Order
from simk8s.simulation.build import World
from simk8s.simulation.recording.actions import Action
from simk8s.simulation.recording.cluster import add_node
from simk8s.simulation.recording.drains import Drains
from simk8s.state.budgets import BUDGETS, DisruptionBudget
from simk8s.state.cronjobs import CRONJOBS, CronJob
from simk8s.state.daemonsets import DaemonSet
from simk8s.state.deployments import DEPLOYMENTS, Deployment
from simk8s.state.makers import PodMaker
from simk8s.state.pods import GONE, NEVER, UNBORN
from simk8s.state.selectors import Taint
from simk8s.state.statefulsets import STATEFULSETS, StatefulSet
from simk8s.state.workloads import JOBS, REPLICASETS, Job, PodStamp, ReplicaSet

Raw = Mapping[str, Any]
_NOTES = {"kcp/run-seconds": "simk8s.io/run-seconds", "kcp/exit-code": "simk8s.io/exit-code"}
"""What the recordings call the behaviour of containers, and what kubelets here do."""
PLAIN = ("configmaps", "secrets", "serviceaccounts", "endpoints", "endpointslices", "events",
         "leases", "limitranges", "roles", "rolebindings", "clusterroles")  # fmt: skip
"""Kinds that only load the API."""


class Driver:
    """Applies actions at their instants."""

    def __init__(self, world: World) -> None:
        self.refused: list[str] = []
        """What could not be applied."""
        self._world = world
        self._store, self._cluster = world.store, world.cluster
        self._client = Client(world.clock, world.server, "driver")
        self._priorities: dict[str, int] = {}
        self._drains = Drains(world)
        self._implied = False
        self.latencies: list[tuple[int, int]] = []
        """(sent, stored) of each request."""
        self._handlers: dict[str, Callable[[Action, str, str], bool]] = {
            "deployments": self._deployments,
            "replicasets": self._replicasets,
            "jobs": self._jobs,
            "statefulsets": self._revised,
            "daemonsets": self._revised,
            "cronjobs": self._cronjobs,
            "pods": self._pods,
            "nodes": self._nodes,
            "poddisruptionbudgets": self._poddisruptionbudgets,
            "priorityclasses": self._priorityclasses,
            "services": self._services,
            "namespaces": self._namespaces,
        }
        self._lane = world.clock.lane("driver", Order.ARRIVE, self._due)

    def arm(self, actions: list[Action]) -> None:
        """Put actions on the clock."""
        for action in actions:
            self._lane.at(action.at_us, action)

    def _due(self, now_us: int, actions: list[Action]) -> None:
        for action in actions:
            try:
                done = self._apply(action)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                done, text = False, f"{type(error).__name__} {error}"
                self.refused.append(f"{action.title}: {text}")
                continue
            if not done:
                self.refused.append(action.title)

    def _apply(self, action: Action) -> bool:
        match action.verb:
            case "POST" | "PUT" | "PATCH" | "DELETE" | "GET" | "LIST":
                return self._request(action)
            case "add nodes":
                for raw in action.body:
                    self._client.write(self._join, raw)
            case "drain":
                self._drains.begin(self._rows([action.path])[0])
            case "silence":
                self._world.machines.crash(self._rows(action.body))
            case "restore":
                self._world.machines.restore(self._rows(action.body))
            case _:
                return False
        return True

    def _join(self, raw: Raw) -> bool:
        add_node(self._world, raw)
        return True

    def _rows(self, names: list[str]) -> list[int]:
        """Rows of nodes, by their names or the name of their zone."""
        nodes, rows = self._cluster.nodes, dict[int, None]()
        for name in names:
            row = nodes.row(name.rpartition("/")[2])
            if row is not None:
                rows[row] = None
            for other in range(nodes.n):
                if nodes.exists[other] and nodes.specs[other].zone == name:
                    rows[other] = None
        if not rows:
            raise KeyError("no such node")
        return list(rows)

    # --- requests

    def _request(self, action: Action) -> bool:
        parts = action.path.strip("/").partition("?")[0].split("/")
        group = parts[2:] if parts[0] == "api" else parts[3:]
        namespace = ""
        if group[0] == "namespaces" and len(group) > 2:
            namespace, group = group[1], group[2:]
        resource, name = group[0], group[1] if len(group) > 1 else ""
        subresource = group[2] if len(group) > 2 else ""
        if not name and action.body:
            name = str(action.body["metadata"]["name"])
        key = f"{namespace}/{name}"
        self._implied = action.implied
        if action.verb in ("GET", "LIST"):
            self._send(_read(kind(action.verb, resource)))
            return True
        handler = self._handlers.get(resource)
        if handler is None:
            return resource in PLAIN and self._plain(action, resource, key)
        return handler(action, key, subresource)

    def _send(self, op: Operation, *args: Any) -> None:
        """A request, timed as the recorded ones are."""
        if self._implied:
            self._client.write(op, *args)
            return
        sent_us, latencies = self._world.clock.now_us, self.latencies
        self._client.write(op, *args, done=lambda now_us, _: latencies.append((sent_us, now_us)))

    def _plain(self, action: Action, resource: str, key: str) -> bool:
        """An object that no component looks at, and that is stored all the same."""
        table = self._store.objects(resource)
        if action.verb == "POST":
            self._send(table.create, key, action.body)
        elif action.verb == "DELETE":
            self._send(table.delete, key)
        else:
            self._send(self._replace, resource, key, action.body)
        return True

    def _replace(self, resource: str, key: str, body: Any) -> bool:
        table = self._store.objects(resource)
        stored = table.get(key)
        return stored is not None and table.update(key, body, stored.version)

    def _deployments(self, action: Action, key: str, subresource: str) -> bool:
        table, body = self._store.objects(DEPLOYMENTS), action.body
        if action.verb == "POST":
            namespace, _, _ = key.partition("/")
            value = Deployment.of(body["spec"], self._maker(key, namespace))
            self._send(table.create, key, value)
        elif action.verb == "DELETE":
            self._send(table.delete, key)
        elif subresource in ("", "scale"):
            self._send(self._change_deployment, key, action)
        else:
            return False
        return True

    def _change_deployment(self, key: str, action: Action) -> bool:
        table = self._store.objects(DEPLOYMENTS)
        stored = table.get(key)
        if stored is None:
            return False
        body: Raw = action.body
        spec = dict(body["spec"]) if "spec" in body else {}
        if action.verb == "PATCH" or "template" not in spec:
            spec = merged(stored.value.spec, spec)
        changed = stored.value.respecified(spec)
        notes = (body.get("metadata") or {}).get("annotations") or {}
        rollback = notes.get("deprecated.deployment.rollback.to")
        if rollback is not None:
            changed = replace(changed, rollback_to=int(rollback))
        return table.update(key, changed, stored.version)

    def _replicasets(self, action: Action, key: str, subresource: str) -> bool:
        table, body = self._store.objects(REPLICASETS), action.body
        if action.verb == "POST":
            value = ReplicaSet.of(body["spec"], self._own(f"ReplicaSet/{_name(key)}", body, key))
            self._send(table.create, key, value)
        elif action.verb == "DELETE":
            self._send(table.delete, key)
        elif "replicas" in (body.get("spec") or {}):
            self._send(self._scale, key, int(body["spec"]["replicas"]))
        else:
            return False
        return True

    def _scale(self, key: str, replicas: int) -> bool:
        table = self._store.objects(REPLICASETS)
        stored = table.get(key)
        if stored is None:
            return False
        return table.update(key, stored.value.respecified(replicas=replicas), stored.version)

    def _jobs(self, action: Action, key: str, subresource: str) -> bool:
        table, body = self._store.objects(JOBS), action.body
        if action.verb == "POST":
            job = Job.of(body["spec"], self._own(f"Job/{_name(key)}", body, key))
            self._send(table.create, key, job)
        elif action.verb == "DELETE":
            self._send(table.delete, key)
        else:
            return False
        return True

    def _revised(self, action: Action, key: str, subresource: str) -> bool:
        """A StatefulSet or a DaemonSet."""
        kind, body = action.path.partition("/namespaces/")[2].split("/")[1], action.body
        table = self._store.objects(kind)
        if action.verb == "POST":
            of = StatefulSet.of if kind == STATEFULSETS else DaemonSet.of
            self._send(table.create, key, of(body["spec"], self._pod_maker(body["kind"], key)))
        elif action.verb == "DELETE":
            self._send(table.delete, key)
        elif subresource in ("", "scale"):
            self._send(self._respecify, kind, key, action)
        else:
            return False
        return True

    def _respecify(self, kind: str, key: str, action: Action) -> bool:
        table = self._store.objects(kind)
        stored = table.get(key)
        if stored is None:
            return False
        spec = dict(action.body.get("spec") or {})
        if action.verb == "PATCH" or "template" not in spec:
            spec = merged(stored.value.spec, spec)
        return table.update(key, stored.value.respecified(spec), stored.version)

    def _pod_maker(self, kind: str, key: str) -> PodMaker:
        owner = self._cluster.owner(f"{kind}/{_name(key)}")

        def make(template: Raw) -> PodStamp:
            return self._stamp(owner, template, key.partition("/")[0], _name(key))

        return PodMaker(owner, make)

    def _cronjobs(self, action: Action, key: str, subresource: str) -> bool:
        table, namespace = self._store.objects(CRONJOBS), key.partition("/")[0]
        if action.verb == "POST":
            value = CronJob.of(action.body["spec"], self._maker(key, namespace))
            self._send(table.create, key, value)
        elif action.verb == "DELETE":
            self._send(table.delete, key)
        else:
            self._send(self._respecify, CRONJOBS, key, action)
        return True

    def _pods(self, action: Action, key: str, subresource: str) -> bool:
        if action.verb == "POST" and not subresource:
            (row,) = self._stamp(NEVER, action.body, key.partition("/")[0], _name(key))(1)
            self._cluster.pods.names[row] = _name(key)
            self._send(self._store.create_pods, (row,))
            return True
        pod = self._find(key)
        if action.verb == "DELETE" and pod is not None:
            seconds = (action.body or {}).get("gracePeriodSeconds")
            grace_us = None if seconds is None else int(seconds) * 1_000_000
            self._send(self._store.delete_pod, pod, grace_us)
            return True
        return False

    def _find(self, key: str) -> int | None:
        """The pod that a recorded name stands for."""
        names, phases = self._cluster.pods.names, self._cluster.pods.phase
        for pod, name in names.items():
            if name == _name(key) and phases[pod] not in (UNBORN, GONE):
                return pod
        return None

    def _nodes(self, action: Action, key: str, subresource: str) -> bool:
        if action.verb == "POST":
            self._send(self._join, action.body)
        elif action.verb == "PATCH" and not subresource:
            self._send(self._patch_node, _name(key), action.body)
        elif action.verb == "DELETE":
            self._send(self._store.delete_node, *self._rows([_name(key)]))
        else:
            return False
        return True

    def _patch_node(self, name: str, body: Raw) -> bool:
        (row,) = self._rows([name])
        spec, wanted = self._cluster.nodes.specs[row], body.get("spec") or {}
        labels = (body.get("metadata") or {}).get("labels") or {}
        changed = replace(spec, labels=merged(spec.labels, labels))
        if "unschedulable" in wanted:
            changed = replace(changed, unschedulable=bool(wanted["unschedulable"]))
        if "taints" in wanted:
            taints = tuple(Taint.parse(taint) for taint in wanted["taints"] or ())
            changed = replace(changed, taints=taints)
        return self._store.update_node(row, changed)

    def _priorityclasses(self, action: Action, key: str, subresource: str) -> bool:
        if action.verb != "POST":
            return False
        self._priorities[_name(key)] = int(action.body["value"])
        return self._plain(action, "priorityclasses", key)

    def _services(self, action: Action, key: str, subresource: str) -> bool:
        namespace, _, name = key.partition("/")
        if action.verb != "POST":
            return False
        self._cluster.objects.put_service(namespace, name, action.body["spec"].get("selector"))
        return self._plain(action, "services", key)

    def _poddisruptionbudgets(self, action: Action, key: str, subresource: str) -> bool:
        table = self._store.objects(BUDGETS)
        if action.verb == "POST":
            self._send(table.create, key, DisruptionBudget.of(action.body["spec"]))
        elif action.verb == "DELETE":
            self._send(table.delete, key)
        else:
            return False
        return True

    def _namespaces(self, action: Action, key: str, subresource: str) -> bool:
        if action.verb != "POST":
            return False
        labels = (action.body["metadata"]).get("labels") or {}
        self._cluster.objects.put_namespace(_name(key), labels)
        return self._plain(action, "namespaces", key)

    # --- pods of what is posted

    def _maker(self, key: str, namespace: str) -> Callable[[str, Raw], PodStamp]:
        def make(owner: str, template: Raw) -> PodStamp:
            return self._stamp(self._cluster.owner(owner), template, namespace, _name(key))

        return make

    def _own(self, owner: str, body: Raw, key: str) -> PodStamp:
        template, namespace = body["spec"]["template"], key.partition("/")[0]
        return self._stamp(self._cluster.owner(owner), template, namespace, _name(key))

    def _stamp(self, owner: int, template: Raw, namespace: str, name: str) -> PodStamp:
        meta, spec = template.get("metadata") or {}, dict(template.get("spec") or {})
        called = spec.get("priorityClassName")
        if called in self._priorities:
            spec["priority"] = self._priorities[called]
        given = meta.get("annotations") or {}
        notes = {ours: str(given[theirs]) for theirs, ours in _NOTES.items() if theirs in given}
        labels = meta.get("labels") or {}
        manifest = {"metadata": {"labels": labels, "annotations": notes}, "spec": spec}
        parsed = self._cluster.templates.parse(manifest, namespace)
        return PodStamp(self._cluster, owner, self._cluster.workload(name), parsed)


def _read(what: RequestKind) -> Operation:
    """A request that changes nothing."""

    def read() -> bool:
        return True

    read.request = what  # type: ignore[attr-defined]
    return read


def merged(base: Raw, patch: Raw) -> dict[str, Any]:
    """A JSON merge patch; lists are replaced, containers of one name are (here) whole."""
    found = dict(base)
    for key, value in patch.items():
        if value is None:
            found.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(found.get(key), Mapping):
            found[key] = merged(found[key], value)
        else:
            found[key] = value
    return found


def _name(key: str) -> str:
    return key.rpartition("/")[2]
