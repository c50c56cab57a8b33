"""Pod templates as frozen values: what a pod is, apart from what it asks for and where it runs.

A template is parsed once from plain Kubernetes YAML and shared by every pod made from it; the raw
spec stays at hand for plugins that read further fields.

Mirrors: API defaulting (restartPolicy, grace period, preemptionPolicy) and the admission plugin
DefaultTolerationSeconds, v1.36; system priority classes (others in api/admission/priority.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any

from simk8s.state.affinity import (
    NO_AFFINITY,
    HostPort,
    PodAffinity,
    SpreadConstraint,
    host_ports,
)
from simk8s.state.effective import parse_requests
from simk8s.state.images import normal_name
from simk8s.state.requests import Requests, RequestTable
from simk8s.state.resources import ResourceIndex
from simk8s.state.selectors import (
    NO_EXECUTE,
    NOT_READY,
    UNREACHABLE,
    LabelSelector,
    NodeTerm,
    Requirement,
    Toleration,
)
from simk8s.state.twins import twins

SYSTEM_PRIORITIES = {
    "system-node-critical": 2_000_001_000,
    "system-cluster-critical": 2_000_000_000,
}
DEFAULT_TOLERATION_SECONDS = 300
ADDED_TOLERATIONS = tuple(
    Toleration(key, "Exists", "", NO_EXECUTE, DEFAULT_TOLERATION_SECONDS)
    for key in (NOT_READY, UNREACHABLE)
)
"""What admission adds to a pod that tolerates neither."""


@dataclass(slots=True)
class PodTemplate:
    """What all pods of one template share. `tolerations` include the two that admission adds.
    Nobody but its maker writes to it (to freeze it would make it four times as dear to make).
    """

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
    manifest: Mapping[str, Any] = field(compare=False, repr=False)
    """What it was parsed from."""
    affinity: PodAffinity = NO_AFFINITY
    spread: tuple[SpreadConstraint, ...] = ()
    ports: tuple[HostPort, ...] = ()
    images: tuple[str, ...] = ()
    """Normalised references of init containers, containers and image volumes."""
    containers: int = 1
    """Containers, init containers among them."""
    volumes: tuple[Mapping[str, Any], ...] = field(default=(), compare=False)
    gates: tuple[str, ...] = ()
    group: str = ""
    """`spec.schedulingGroup.podGroupName`."""
    annotations: Mapping[str, str] = field(default_factory=dict, compare=False)
    ephemeral: tuple[tuple[str, Mapping[str, Any]], ...] = field(default=(), compare=False)
    """(volume, spec of its claim) of generic ephemeral volumes."""


_FIELDS = attrgetter(*[one.name for one in fields(PodTemplate)])
"""All of them, in the order in which they are made from."""


class TemplateTable:
    """Parses and numbers pod templates; equal manifests in one namespace are one template."""

    def __init__(self, resources: ResourceIndex, requests: RequestTable) -> None:
        self.items: list[PodTemplate] = []
        self._resources = resources
        self._requests = requests
        self._known: dict[tuple[str, str], PodTemplate] = {}
        self._by_label: dict[tuple[str, str, str], list[int]] = {}
        """Template numbers by namespace and label."""
        self._last: tuple[PodTemplate, str, bool] | None = None
        """What was parsed last, of which namespace, and whether it was admitted."""
        self.lowest_priority = 0
        """No pod can be preempted by one of this priority."""
        self.affine = False
        """Whether some template has affinity to pods or against them."""

    def parse(
        self, manifest: Mapping[str, Any], namespace: str, *, admit: bool = True
    ) -> PodTemplate:
        """The template of a PodTemplateSpec (`metadata`, `spec`). Raises ValueError on bad
        quantities. `admit=False`: as stored, nothing is added.
        """
        key = (namespace, repr(manifest))
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._made(manifest, namespace, admit)
            self.items.append(known)
            for label in known.labels.items():
                self._by_label.setdefault((namespace, *label), []).append(known.id)
            lowest = min(self.lowest_priority, known.priority) if known.id else known.priority
            self.lowest_priority = lowest
            self.affine = self.affine or known.affinity is not NO_AFFINITY
        return known

    def candidates(self, namespace: str, selector: LabelSelector) -> list[int] | None:
        """Templates among which are all that a selector matches; None = it could be any."""
        return self.rarest(namespace, selector)[1]

    def rarest(
        self, namespace: str, selector: LabelSelector
    ) -> tuple[tuple[str, str, str] | None, list[int] | None]:
        """Of the labels that a selector demands the one that the fewest templates carry, and
        these; None = it demands none, so that it could be any.
        """
        rarest: tuple[str, str, str] | None = None
        found: list[int] | None = None
        for line in selector.requirements:
            if line.operator == "In" and len(line.values) == 1:
                label = (namespace, line.key, line.values[0])
                some = self._by_label.get(label, [])
                if found is None or len(some) < len(found):
                    rarest, found = label, some
        return rarest, found

    def _made(self, manifest: Mapping[str, Any], namespace: str, admit: bool) -> PodTemplate:
        """Parsed, but for what it has in common with the last one."""
        last = self._last
        if last is not None and last[1:] == (namespace, admit) and _varies(last[0], manifest):
            labels = (manifest.get("metadata") or {}).get("labels") or {}
            made = PodTemplate(*_FIELDS(last[0]))
            made.id, made.spec, made.manifest = len(self.items), manifest["spec"], manifest
            made.labels = {str(k): str(v) for k, v in labels.items()}
            made.requests = parse_requests(manifest, self._resources, self._requests)
        else:
            made = self._parse(manifest, namespace, admit)
        self._last = made, namespace, admit
        return made

    def _parse(self, manifest: Mapping[str, Any], namespace: str, admit: bool) -> PodTemplate:
        meta: Mapping[str, Any] = manifest.get("metadata") or {}
        spec: Mapping[str, Any] = manifest.get("spec") or {}
        labels = {str(k): str(v) for k, v in (meta.get("labels") or {}).items()}
        affinity: Mapping[str, Any] | None = spec.get("affinity")
        must: tuple[NodeTerm, ...] | None = None
        rather: tuple[NodeTerm, ...] = ()
        pods = NO_AFFINITY
        if affinity:
            must, rather = node_affinity(affinity.get("nodeAffinity") or {})
            pods = PodAffinity.parse(affinity, namespace, labels)
        return PodTemplate(
            id=len(self.items),
            namespace=namespace,
            labels=labels,
            requests=parse_requests(manifest, self._resources, self._requests),
            priority=_priority(spec),
            preempts=spec.get("preemptionPolicy") != "Never",
            tolerations=_tolerations(spec.get("tolerations") or (), admit),
            node_name=str(spec.get("nodeName") or ""),
            node_selector=_node_selector(spec.get("nodeSelector") or {}),
            required_nodes=must,
            preferred_nodes=rather,
            grace_us=int(spec.get("terminationGracePeriodSeconds", 30)) * 1_000_000,
            restart_policy=str(spec.get("restartPolicy") or "Always"),
            spec=spec,
            manifest=manifest,
            affinity=NO_AFFINITY if pods == NO_AFFINITY else pods,
            spread=tuple(
                SpreadConstraint.parse(c, labels)
                for c in spec.get("topologySpreadConstraints") or ()
            ),
            ports=host_ports(spec),
            images=_images(spec),
            containers=len(spec.get("containers") or ()) + len(spec.get("initContainers") or ()),
            volumes=tuple(spec.get("volumes") or ()),
            gates=tuple(str(g["name"]) for g in spec.get("schedulingGates") or ()),
            group=str((spec.get("schedulingGroup") or {}).get("podGroupName") or ""),
            annotations={str(k): str(v) for k, v in (meta.get("annotations") or {}).items()},
            ephemeral=tuple(
                (str(v["name"]), v["ephemeral"]["volumeClaimTemplate"].get("spec") or {})
                for v in spec.get("volumes") or ()
                if (v.get("ephemeral") or {}).get("volumeClaimTemplate")
            ),
        )


def _varies(known: PodTemplate, manifest: Mapping[str, Any]) -> bool:
    """Whether a manifest is a known one with other labels and requests; terms and constraints may
    have taken the pod's own labels in.
    """
    if known.affinity is not NO_AFFINITY or known.spread:
        return False
    return twins(known.manifest, manifest)


def _priority(spec: Mapping[str, Any]) -> int:
    if spec.get("priority") is not None:
        return int(spec["priority"])
    return SYSTEM_PRIORITIES.get(str(spec.get("priorityClassName") or ""), 0)


def _images(spec: Mapping[str, Any]) -> tuple[str, ...]:
    running = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    found = [str(c.get("image") or "") for c in running]
    mounted = [v.get("image") or {} for v in spec.get("volumes") or ()]
    found += [str(image["reference"]) for image in mounted if image.get("reference")]
    return tuple(normal_name(name) for name in found)


def _tolerations(raw: Sequence[Mapping[str, Any]], admit: bool) -> tuple[Toleration, ...]:
    if not raw:
        return ADDED_TOLERATIONS if admit else ()
    own = [Toleration.parse(item) for item in raw]
    added = untolerated(raw) if admit else ()
    own += [one for one in ADDED_TOLERATIONS if one.key in added]
    return tuple(own)


def untolerated(raw: Iterable[Mapping[str, Any]]) -> list[str]:
    """Which of not-ready and unreachable a pod's own tolerations say nothing of."""
    own = [Toleration.parse(item) for item in raw]
    return [
        key
        for key in (NOT_READY, UNREACHABLE)
        if not any(t.key in ("", key) and t.effect in ("", NO_EXECUTE) for t in own)
    ]


def _node_selector(raw: Mapping[str, Any]) -> tuple[Requirement, ...]:
    return tuple(Requirement(str(k), "In", (str(v),)) for k, v in sorted(raw.items()))


def node_affinity(
    raw: Mapping[str, Any],
) -> tuple[tuple[NodeTerm, ...] | None, tuple[NodeTerm, ...]]:
    """(required terms or None, preferred terms) of a Kubernetes NodeAffinity."""
    required = raw.get("requiredDuringSchedulingIgnoredDuringExecution")
    preferred = raw.get("preferredDuringSchedulingIgnoredDuringExecution") or ()
    must = None
    if required is not None:
        must = tuple(NodeTerm.parse(term) for term in required.get("nodeSelectorTerms") or ())
    return must, tuple(
        NodeTerm.parse(t.get("preference") or {}, int(t["weight"])) for t in preferred
    )
