"""StatefulSets as frozen records, and the claims of their pods.

Law: records are never changed, only replaced; whoever changes a spec moves its generation on.

Mirrors: apps/v1 StatefulSet with the defaults of v1.36 (OrderedReady, RollingUpdate of partition
0, ten old revisions, claims retained) and core/v1 PersistentVolumeClaim. Departs: a claim is bound
as soon as it is there (state/storage.py); a pod of a StatefulSet does not name its claims;
`maxUnavailable` of the update is ignored (its feature gate is off by default).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from simk8s.state.deployments import template_hash
from simk8s.state.makers import PodMaker
from simk8s.state.pods import NEVER
from simk8s.state.workloads import SECOND_US, number

STATEFULSETS, CLAIMS = "statefulsets", "persistentvolumeclaims"
"""Names of the kinds in the store."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A PersistentVolumeClaim, and who takes it along when he goes."""

    spec: Mapping[str, Any] = field(compare=False, repr=False)
    statefulset: str = ""
    """Key of the StatefulSet that it is deleted with (`whenDeleted: Delete`)."""
    pod: int = NEVER
    """Row of the pod that it is deleted with (`whenScaled: Delete`)."""
    notes: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    """Annotations."""

    @classmethod
    def parse(cls, raw: Mapping[str, Any], namespace: str, name: str) -> Claim:
        """From a Kubernetes object."""
        return cls(
            raw.get("spec") or {}, notes=(raw.get("metadata") or {}).get("annotations") or {}
        )


@dataclass(frozen=True, slots=True)
class StatefulSetStatus:
    """What the controller last reported."""

    replicas: int = 0
    ready: int = 0
    available: int = 0
    current: int = 0
    """Pods of the revision that was rolled out last."""
    updated: int = 0
    current_revision: str = ""
    update_revision: str = ""
    observed_generation: int = 0


@dataclass(frozen=True, slots=True)
class StatefulSet:
    """Pods with names of their own, `<set>-<ordinal>`."""

    replicas: int
    template: Mapping[str, Any] = field(compare=False, repr=False)
    template_hash: str
    pods: PodMaker = field(compare=False, repr=False)
    spec: Mapping[str, Any] = field(compare=False, repr=False)
    """As written, for patches to be merged into."""
    parallel: bool = False
    on_delete: bool = False
    partition: int = 0
    min_ready_us: int = 0
    history: int = 10
    start: int = 0
    claims: tuple[tuple[str, Mapping[str, Any]], ...] = field(default=(), compare=False)
    """(name, spec) of volumeClaimTemplates."""
    delete_claims_with_set: bool = False
    delete_claims_when_scaled: bool = False
    generation: int = 1
    status: StatefulSetStatus = StatefulSetStatus()

    @classmethod
    def of(cls, spec: Mapping[str, Any], pods: PodMaker) -> StatefulSet:
        """From a Kubernetes `spec`, defaults filled in."""
        strategy: Mapping[str, Any] = spec.get("updateStrategy") or {}
        rolling: Mapping[str, Any] = strategy.get("rollingUpdate") or {}
        retained: Mapping[str, Any] = spec.get("persistentVolumeClaimRetentionPolicy") or {}
        template: Mapping[str, Any] = spec.get("template") or {}
        claims = tuple(_claims(spec.get("volumeClaimTemplates") or ()))
        return cls(
            replicas=number(spec, "replicas", 1),
            template=_without_claims(template, [name for name, _ in claims]),
            template_hash=template_hash(template),
            pods=pods,
            spec=spec,
            parallel=spec.get("podManagementPolicy") == "Parallel",
            on_delete=strategy.get("type") == "OnDelete",
            partition=number(rolling, "partition", 0),
            min_ready_us=number(spec, "minReadySeconds", 0) * SECOND_US,
            history=number(spec, "revisionHistoryLimit", 10),
            start=number(spec.get("ordinals") or {}, "start", 0),
            claims=claims,
            delete_claims_with_set=retained.get("whenDeleted") == "Delete",
            delete_claims_when_scaled=retained.get("whenScaled") == "Delete",
        )

    def respecified(self, spec: Mapping[str, Any]) -> StatefulSet:
        """With another spec, of the next generation unless nothing has changed."""
        fresh = StatefulSet.of(spec, self.pods)
        changed = replace(fresh, generation=self.generation, status=self.status)
        return self if changed == self else replace(changed, generation=self.generation + 1)

    @property
    def ordinals(self) -> range:
        """Those of the pods that there should be."""
        return range(self.start, self.start + self.replicas)


def _without_claims(template: Mapping[str, Any], names: Sequence[str]) -> Mapping[str, Any]:
    """A template without the volumes that the controller replaces by its claims."""
    spec: Mapping[str, Any] = template.get("spec") or {}
    volumes = spec.get("volumes") or ()
    kept = [volume for volume in volumes if volume.get("name") not in names]
    if len(kept) == len(volumes):
        return template
    return {**template, "spec": {**spec, "volumes": kept}}


def _claims(raw: Iterable[Mapping[str, Any]]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    for template in raw:
        meta: Mapping[str, Any] = template.get("metadata") or {}
        yield str(meta.get("name") or ""), template.get("spec") or {}
