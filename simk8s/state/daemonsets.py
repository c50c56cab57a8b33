"""DaemonSets as frozen records, and the tolerations that their pods get.

Law: records are never changed, only replaced; whoever changes a spec moves its generation on.

Mirrors: apps/v1 DaemonSet with the defaults of v1.36 (RollingUpdate with maxUnavailable 1 and
maxSurge 0, ten old revisions); pkg/controller/daemon/util AddOrUpdateDaemonPodTolerations. Departs:
the node that a pod is for is `PodTable.pinned`, not a node affinity of its own, so that all pods of
a revision share a template.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from simk8s.state.deployments import Portion, template_hash
from simk8s.state.makers import PodMaker
from simk8s.state.selectors import NO_EXECUTE, NO_SCHEDULE, NOT_READY, UNREACHABLE, UNSCHEDULABLE
from simk8s.state.workloads import SECOND_US, number

DAEMONSETS = "daemonsets"
"""Name of the kind in the store."""
NO_NETWORK = "node.kubernetes.io/network-unavailable"
NOBODY, ONE = Portion(0), Portion(1)
PRESSURES = ("disk-pressure", "memory-pressure", "pid-pressure")


@dataclass(frozen=True, slots=True)
class DaemonSetStatus:
    """What the controller last reported, in nodes."""

    desired: int = 0
    current: int = 0
    misscheduled: int = 0
    ready: int = 0
    available: int = 0
    unavailable: int = 0
    updated: int = 0
    observed_generation: int = 0


@dataclass(frozen=True, slots=True)
class DaemonSet:
    """One pod on every node that its template may run on."""

    template: Mapping[str, Any] = field(compare=False, repr=False)
    """With the tolerations that all its pods get."""
    template_hash: str
    pods: PodMaker = field(compare=False, repr=False)
    spec: Mapping[str, Any] = field(compare=False, repr=False)
    """As written, for patches to be merged into."""
    on_delete: bool = False
    surge: Portion = NOBODY
    unavailability: Portion = ONE
    min_ready_us: int = 0
    history: int = 10
    generation: int = 1
    status: DaemonSetStatus = DaemonSetStatus()

    @classmethod
    def of(cls, spec: Mapping[str, Any], pods: PodMaker) -> DaemonSet:
        """From a Kubernetes `spec`, defaults filled in. Raises ValueError."""
        strategy: Mapping[str, Any] = spec.get("updateStrategy") or {}
        rolling: Mapping[str, Any] = strategy.get("rollingUpdate") or {}
        template = tolerant(spec.get("template") or {})
        return cls(
            template=template,
            template_hash=template_hash(template),
            pods=pods,
            spec=spec,
            on_delete=strategy.get("type") == "OnDelete",
            surge=_portion(rolling.get("maxSurge"), 0),
            unavailability=_portion(rolling.get("maxUnavailable"), 1),
            min_ready_us=number(spec, "minReadySeconds", 0) * SECOND_US,
            history=number(spec, "revisionHistoryLimit", 10),
        )

    def respecified(self, spec: Mapping[str, Any]) -> DaemonSet:
        """With another spec, of the next generation unless nothing has changed."""
        fresh = DaemonSet.of(spec, self.pods)
        changed = replace(fresh, generation=self.generation, status=self.status)
        return self if changed == self else replace(changed, generation=self.generation + 1)

    def limits(self, desired: int) -> tuple[int, int]:
        """(maxSurge, maxUnavailable) in nodes, both rounded up, never both 0."""
        surge = self.surge.of(desired, up=True)
        unavailable = self.unavailability.of(desired, up=True)
        return surge, unavailable if surge or unavailable else 1


def tolerant(template: Mapping[str, Any]) -> dict[str, Any]:
    """A pod template with what every daemon tolerates."""
    spec: Mapping[str, Any] = template.get("spec") or {}
    added = [_tolerates(key, NO_EXECUTE) for key in (NOT_READY, UNREACHABLE)]
    added += [_tolerates(f"node.kubernetes.io/{name}", NO_SCHEDULE) for name in PRESSURES]
    added.append(_tolerates(UNSCHEDULABLE, NO_SCHEDULE))
    if spec.get("hostNetwork"):
        added.append(_tolerates(NO_NETWORK, NO_SCHEDULE))
    own = [one for one in spec.get("tolerations") or () if one not in added]
    return {**template, "spec": {**spec, "tolerations": [*own, *added]}}


def _tolerates(key: str, effect: str) -> dict[str, str]:
    return {"key": key, "operator": "Exists", "effect": effect}


def _portion(raw: Any, default: int) -> Portion:
    return Portion(default) if raw is None else Portion.parse(raw)
