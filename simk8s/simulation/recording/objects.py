"""What the driver writes that is neither a pod nor a node: the same records as scenarios have.

Law: one table (`simulation/objects.py`) says what becomes of a kind, whoever writes it. A kind
without a record is stored as it is, so that it loads the API, and is told. What the server refuses
here comes back as a refusal with words.

Mirrors: POST, PUT, PATCH (JSON merge patch) and DELETE of objects, and their `scale`. Departs: a
list is replaced whole whatever the patch's type; the deletion of a namespace is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from simk8s.api.refused import Refused
from simk8s.api.requests import kind
from simk8s.api.server import Operation
from simk8s.errors import InvariantError
from simk8s.scenario.kinds import KINDS
from simk8s.simulation.build import World
from simk8s.simulation.editing import (
    BAD_OBJECT,
    Request,
    kept,
    merged,
    spec_of,
    with_spec,
)
from simk8s.simulation.objects import PLAIN, kinds
from simk8s.state.deployments import Deployment
from simk8s.state.workloads import ReplicaSet
from simk8s.workload.entry import Created
from simk8s.workload.source import PodDraws

Raw = Mapping[str, Any]
Asked = tuple[Operation, tuple[Any, ...]]
NOTES = {"kcp/run-seconds": "simk8s.io/run-seconds", "kcp/exit-code": "simk8s.io/exit-code"}
"""What the recordings call the behaviour of containers, and what kubelets here do."""
INERT = ("configmaps", "secrets", "endpoints", "endpointslices", "events", "leases", "roles",
         "rolebindings", "clusterroles", "clusterrolebindings")  # fmt: skip
"""Kinds that do nothing by themselves: storing them is all there is to do."""
NOT_SIMULATED = "the deletion of a namespace is not simulated: what is in it stays"
ROLLBACK = "deprecated.deployment.rollback.to"


class Unmet(Exception):
    """A request that cannot be made here, with its reason."""


@dataclass(frozen=True, slots=True)
class Target:
    """What the path of a request is about."""

    resource: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    selector: str = ""
    """`labelSelector` of the query."""

    @classmethod
    def of(cls, path: str, body: Any) -> Target:
        """From a path; what is POSTed has its name in its body. Raises Unmet."""
        place, _, query = path.partition("?")
        parts = place.strip("/").split("/")
        group = parts[2:] if parts[0] == "api" else parts[3:]
        namespace = ""
        if len(group) > 2 and group[0] == "namespaces":
            namespace, group = group[1], group[2:]
        if not group:
            raise Unmet("not a path of the API")
        name = group[1] if len(group) > 1 else ""
        if not name and isinstance(body, Mapping):
            meta = body.get("metadata") or {}
            name, namespace = str(meta.get("name") or ""), namespace or meta.get("namespace") or ""
        pairs = dict(pair.partition("=")[::2] for pair in query.split("&"))
        selector = pairs.get("labelSelector", "").replace("%3D", "=").replace("%2C", ",")
        return cls(group[0], namespace, name, "/".join(group[2:]), selector)

    @property
    def key(self) -> str:
        """Of the store."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


class Objects:
    """Turns requests into operations of the store."""

    def __init__(self, world: World) -> None:
        assert world.writer is not None, "every world has one"
        self._store, self._writer = world.store, world.writer
        self._kinds = kinds()
        self._bodies: dict[tuple[str, str], Raw] = {}
        """What was written last, by resource and key: what a patch is put on."""
        self.stored_only: dict[str, int] = {}
        """Kinds that nothing here acts on, and how often each was written."""

    def request(self, verb: str, target: Target, body: Any) -> Asked:
        """The operation that stands for a request. Raises Unmet."""
        resource = target.resource
        if verb == "POST":
            if target.subresource:
                raise Unmet(f"no {resource}/{target.subresource} here")
            return self._post(target, body)
        if verb == "DELETE":
            if resource == "namespaces":
                raise Unmet(NOT_SIMULATED)
            return self._store.objects(resource).delete, (target.key,)
        if target.subresource not in ("", "scale"):
            raise Unmet(f"no {resource}/{target.subresource} here")
        if not isinstance(body, Mapping):
            raise Unmet("only merge patches are understood")
        return Request(kind(verb, resource), partial(self.change, verb, target, body)), ()

    def created(self, target: Target, body: Raw, kind_name: str) -> Created:
        """An object as a scenario would have it."""
        inner: Any = body
        for step in (KINDS[kind_name].template_at if kind_name in KINDS else None) or ():
            inner = inner.get(str(step)) or {}
        return Created(
            kind=kind_name,
            name=target.name,
            namespace=target.namespace or "default",
            workload=target.name,
            at_us=0,
            spec=body if kind_name in PLAIN else body.get("spec") or {},
            template=_template(inner),
            draws=PodDraws(target.name),
        )

    def stamp(self, made: Created) -> range:
        """The row of a pod of nobody, not born yet."""
        return self._writer.stamp(made)(1)

    def _post(self, target: Target, body: Any) -> Asked:
        resource = target.resource
        if not isinstance(body, Mapping) or not target.name:
            raise Unmet("an object needs a name")
        self._bodies[resource, target.key] = body
        known = self._kinds.get(resource)
        if known is None:
            return self._store.objects(resource).create, (target.key, body)
        table, key, value = self.record(known, target, body)
        return self._store.objects(table).create, (key, value)

    def record(self, known: str, target: Target, body: Raw) -> tuple[str, str, Any]:
        """(table, key, record). Raises Unmet."""
        try:
            return self._writer.record_of(self.created(target, body, known))
        except InvariantError as error:
            raise Unmet(str(error)) from error

    def tell(self, resource: str) -> None:
        """Count what is written of a kind that nothing acts on."""
        if resource not in self._kinds and resource not in INERT:
            self.stored_only[resource] = self.stored_only.get(resource, 0) + 1

    def change(self, verb: str, target: Target, body: Raw) -> bool | Refused:
        """PUT or PATCH, at its commit."""
        table = self._store.objects(target.resource)
        stored = table.get(target.key)
        if stored is None:
            return Refused(404, "NotFound", f"no {target.resource} {target.key}")
        try:
            value = self._changed(stored.value, verb, target, body)
        except (Unmet, *BAD_OBJECT) as error:
            return Refused(422, "Invalid", str(error))
        return bool(table.update(target.key, value, stored.version))

    def _changed(self, value: Any, verb: str, target: Target, body: Raw) -> Any:
        spec: Raw = body.get("spec") or {}
        if isinstance(value, Deployment):
            return _deployment(value, verb, body)
        if isinstance(value, ReplicaSet):
            if set(spec) - {"replicas"} and verb == "PATCH":
                raise Unmet("only the replicas of a ReplicaSet can be changed")
            return with_spec(value, merged(spec_of(value), spec))
        place = target.resource, target.key
        whole = merged(self._bodies.get(place, {}), body) if verb == "PATCH" else dict(body)
        if target.subresource == "scale":
            whole = merged(self._bodies.get(place, {}), {"spec": spec})
        self._bodies[place] = whole
        known = self._kinds.get(target.resource)
        if known is None:
            return whole
        if hasattr(value, "respecified"):
            return with_spec(value, whole.get("spec") or {})
        return kept(self.record(known, target, whole)[2], value)


def _deployment(value: Deployment, verb: str, body: Raw) -> Deployment:
    spec = dict(body.get("spec") or {})
    if verb == "PATCH" or "template" not in spec:
        spec = merged(value.spec, spec)
    changed = value.respecified(spec)
    rollback = ((body.get("metadata") or {}).get("annotations") or {}).get(ROLLBACK)
    return changed if rollback is None else replace(changed, rollback_to=int(rollback))


def _template(pod: Raw) -> Raw:
    """What of a Pod or a pod template its author wrote."""
    meta: Raw = pod.get("metadata") or {}
    kept = {what: dict(meta.get(what) or {}) for what in ("labels", "annotations")}
    return {"metadata": kept, "spec": dict(pod.get("spec") or {})}


def translated(body: Any) -> Any:
    """With annotations called as kubelets here read them."""
    if isinstance(body, Mapping):
        return {NOTES.get(key, key): translated(value) for key, value in body.items()}
    return [translated(each) for each in body] if isinstance(body, list) else body
