"""PodGroups and the templates of Workloads: which pods are to be placed together, or not at all.

Mirrors: scheduling.k8s.io/v1alpha2 PodGroup and Workload, v1.36, as far as scheduling reads them:
the gang policy with its minCount, or the basic one. Departs: topology constraints, priorities,
disruption modes and resource claims of groups are not simulated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simk8s.state.shapes import PodTemplate

GANG_SIZE = "simk8s.io/gang-size"
"""Annotation of pods with a `schedulingGroup`: how many start together."""
PODGROUPS = "podgroups"
"""Name of the kind in the store."""


@dataclass(frozen=True, slots=True)
class PodGroup:
    """So many pods of the group at least are placed at once; 0 = basic, each by itself."""

    min_count: int

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> PodGroup:
        """From a Kubernetes `spec` that has its policy."""
        gang = (spec.get("schedulingPolicy") or {}).get("gang")
        return cls(int(gang["minCount"]) if gang is not None else 0)


def gang_size(template: PodTemplate) -> int:
    """What the annotation of its pods says, 1 if they are in no group or it says no number."""
    said = template.annotations.get(GANG_SIZE, "1") if template.group else "1"
    return max(1, int(said)) if said.isdecimal() else 1
