"""Pod templates as frozen values: what a pod is, apart from what it asks for and where it runs.

A template is parsed once from plain Kubernetes YAML and shared by every pod made from it; the raw
spec stays at hand for plugins that read further fields.

Mirrors: API defaulting (restartPolicy, grace period, preemptionPolicy) and the admission plugins
Priority and DefaultTolerationSeconds, v1.36. Departs: priority classes other than the two system
ones are given as numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from simk8s import units
from simk8s.state.requests import (
    DEFAULT_CPU_MILLI,
    DEFAULT_MEMORY_BYTES,
    NO_GPU,
    GpuRequest,
    Requests,
    RequestTable,
)
from simk8s.state.resources import CPU, EPHEMERAL, GPU, GPU_NAMES, MEMORY, ResourceIndex
from simk8s.state.selectors import (
    NO_EXECUTE,
    NOT_READY,
    UNREACHABLE,
    NodeTerm,
    Requirement,
    Toleration,
)

SYSTEM_PRIORITIES = {
    "system-node-critical": 2_000_001_000,
    "system-cluster-critical": 2_000_000_000,
}
DEFAULT_TOLERATION_SECONDS = 300
GPU_MILLI_ANNOTATION = "simk8s.io/gpu-milli"
GPU_MODELS_ANNOTATION = "simk8s.io/gpu-models"


@dataclass(frozen=True, slots=True)
class PodTemplate:
    """What all pods of one template share. `tolerations` include the two that admission adds."""

    id: int
    namespace: str
    labels: Mapping[str, str]
    requests: Requests
    priority: int
    preempts: bool
    tolerations: tuple[Toleration, ...]
    node_name: str
    node_selector: tuple[Requirement, ...]
    required_nodes: tuple[NodeTerm, ...] | None
    preferred_nodes: tuple[NodeTerm, ...]
    grace_us: int
    restart_policy: str
    spec: Mapping[str, Any] = field(compare=False)


class TemplateTable:
    """Parses and numbers pod templates; equal manifests in one namespace are one template."""

    def __init__(self, resources: ResourceIndex, requests: RequestTable) -> None:
        self.items: list[PodTemplate] = []
        self._resources = resources
        self._requests = requests
        self._known: dict[tuple[str, str], PodTemplate] = {}
        self.lowest_priority = 0
        """No pod can be preempted by one of this priority."""

    def parse(self, manifest: Mapping[str, Any], namespace: str) -> PodTemplate:
        """The template of a PodTemplateSpec (`metadata`, `spec`). Raises ValueError on bad
        quantities.
        """
        key = (namespace, repr(manifest))
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._parse(manifest, namespace)
            self.items.append(known)
            lowest = min(self.lowest_priority, known.priority) if known.id else known.priority
            self.lowest_priority = lowest
        return known

    def _parse(self, manifest: Mapping[str, Any], namespace: str) -> PodTemplate:
        meta: Mapping[str, Any] = manifest.get("metadata") or {}
        spec: Mapping[str, Any] = manifest.get("spec") or {}
        affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
        return PodTemplate(
            id=len(self.items),
            namespace=namespace,
            labels={str(k): str(v) for k, v in (meta.get("labels") or {}).items()},
            requests=parse_requests(manifest, self._resources, self._requests),
            priority=_priority(spec),
            preempts=spec.get("preemptionPolicy") != "Never",
            tolerations=_tolerations(spec.get("tolerations") or ()),
            node_name=str(spec.get("nodeName") or ""),
            node_selector=_node_selector(spec.get("nodeSelector") or {}),
            required_nodes=_required(affinity),
            preferred_nodes=_preferred(affinity),
            grace_us=int(spec.get("terminationGracePeriodSeconds", 30)) * 1_000_000,
            restart_policy=str(spec.get("restartPolicy") or "Always"),
            spec=spec,
        )


def _priority(spec: Mapping[str, Any]) -> int:
    if spec.get("priority") is not None:
        return int(spec["priority"])
    return SYSTEM_PRIORITIES.get(str(spec.get("priorityClassName") or ""), 0)


def _tolerations(raw: Iterable[Mapping[str, Any]]) -> tuple[Toleration, ...]:
    own = [Toleration.parse(item) for item in raw]
    for key in (NOT_READY, UNREACHABLE):
        covered = any(t.key in ("", key) and t.effect in ("", NO_EXECUTE) for t in own)
        if not covered:
            own.append(Toleration(key, "Exists", "", NO_EXECUTE, DEFAULT_TOLERATION_SECONDS))
    return tuple(own)


def _node_selector(raw: Mapping[str, Any]) -> tuple[Requirement, ...]:
    return tuple(Requirement(str(k), "In", (str(v),)) for k, v in sorted(raw.items()))


def _required(affinity: Mapping[str, Any]) -> tuple[NodeTerm, ...] | None:
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if required is None:
        return None
    return tuple(NodeTerm.parse(term) for term in required.get("nodeSelectorTerms") or ())


def _preferred(affinity: Mapping[str, Any]) -> tuple[NodeTerm, ...]:
    terms = affinity.get("preferredDuringSchedulingIgnoredDuringExecution") or ()
    return tuple(NodeTerm.parse(t.get("preference") or {}, int(t["weight"])) for t in terms)


Amounts = dict[int, int]


def amounts(raw: Mapping[str, Any], resources: ResourceIndex) -> Amounts:
    """Resource names and quantities as row -> amount; whole GPUs in the GPU row, in devices."""
    found: Amounts = {}
    for name, quantity in raw.items():
        row = GPU if name in GPU_NAMES else resources[str(name)]
        found[row] = _amount(row, quantity)
    return found


@lru_cache(maxsize=1 << 16)
def _amount(row: int, quantity: str | int | float) -> int:
    if row == CPU:
        return units.cpu_milli(quantity)
    if row in (MEMORY, EPHEMERAL):
        return units.memory_bytes(quantity)
    return units.count(quantity)


def _container(raw: Mapping[str, Any], resources: ResourceIndex) -> Amounts:
    block: Mapping[str, Any] = raw.get("resources") or {}
    limits = amounts(block.get("limits") or {}, resources)
    return {**limits, **amounts(block.get("requests") or {}, resources)}


def _add(into: Amounts, other: Mapping[int, int]) -> None:
    for row, amount in other.items():
        into[row] = into.get(row, 0) + amount


def _at_least(into: Amounts, other: Mapping[int, int]) -> None:
    for row, amount in other.items():
        into[row] = max(into.get(row, 0), amount)


def _defaulted(amounts_of: Amounts) -> Amounts:
    return {CPU: DEFAULT_CPU_MILLI, MEMORY: DEFAULT_MEMORY_BYTES, **amounts_of}


def _effective(spec: Mapping[str, Any], resources: ResourceIndex, *, nonzero: bool) -> Amounts:
    def of(raw: Mapping[str, Any]) -> Amounts:
        found = _container(raw, resources)
        return _defaulted(found) if nonzero else found

    total: Amounts = {}
    for container in spec.get("containers") or ():
        _add(total, of(container))
    sidecars: Amounts = {}
    steps: Amounts = {}
    for container in spec.get("initContainers") or ():
        step = of(container)
        if container.get("restartPolicy") == "Always":
            _add(total, step)
            _add(sidecars, step)
            _at_least(steps, sidecars)
        else:
            _add(step, sidecars)
            _at_least(steps, step)
    _at_least(total, steps)
    if not nonzero:
        total.update(_pod_level(spec, resources))
    _add(total, amounts(spec.get("overhead") or {}, resources))
    return total


def _pod_level(spec: Mapping[str, Any], resources: ResourceIndex) -> Amounts:
    return _container(spec, resources)


def parse_requests(
    manifest: Mapping[str, Any], resources: ResourceIndex, table: RequestTable
) -> Requests:
    """The effective requests of a pod template, GPU sharing annotations included."""
    spec: Mapping[str, Any] = manifest.get("spec") or {}
    real = _effective(spec, resources, nonzero=False)
    nonzero = _effective(spec, resources, nonzero=True)
    devices = real.pop(GPU, 0)
    values = tuple(real.get(row, 0) for row in range(len(resources)))
    return table.intern(values, nonzero[CPU], nonzero[MEMORY], _gpu(manifest, devices))


def _gpu(manifest: Mapping[str, Any], devices: int) -> GpuRequest:
    notes = (manifest.get("metadata") or {}).get("annotations") or {}
    models = str(notes.get(GPU_MODELS_ANNOTATION) or "")
    milli = int(notes.get(GPU_MILLI_ANNOTATION) or 1000)
    if not devices and GPU_MILLI_ANNOTATION not in notes:
        return NO_GPU
    allowed = frozenset(models.split("|")) if models else None
    return GpuRequest(max(1, devices), milli, allowed)
