"""PodDisruptionBudgets as frozen records: what is wanted, and what the controller has counted.

Law: records are never changed, only replaced.

Mirrors: policy/v1 PodDisruptionBudget, v1.36. Departs: no unhealthyPodEvictionPolicy but the
default, IfHealthyBudget.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simk8s.state.deployments import Portion
from simk8s.state.selectors import LabelSelector

BUDGETS = "poddisruptionbudgets"
"""Name of the kind in the store."""


@dataclass(frozen=True, slots=True)
class BudgetStatus:
    """What was last reported; `disrupted` are pods whose eviction is granted and not seen yet."""

    expected: int = 0
    healthy: int = 0
    desired: int = 0
    allowed: int = 0
    disrupted: tuple[tuple[int, int], ...] = ()
    """(pod, when)."""
    observed_generation: int = 0


@dataclass(frozen=True, slots=True)
class DisruptionBudget:
    """How many pods of a selector have to stay; one of the two portions is given."""

    selector: LabelSelector
    min_available: Portion | None = None
    max_unavailable: Portion | None = None
    generation: int = 1
    status: BudgetStatus = BudgetStatus()

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> DisruptionBudget:
        """From a Kubernetes `spec`. Raises ValueError."""
        least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
        return cls(
            selector=LabelSelector.parse(spec.get("selector")),
            min_available=None if least is None else Portion.parse(least),
            max_unavailable=None if most is None else Portion.parse(most),
        )

    @classmethod
    def parse(cls, raw: Mapping[str, Any], namespace: str, name: str) -> DisruptionBudget:
        """From a whole Kubernetes object; an empty selector means every pod of the namespace."""
        return cls.of(raw.get("spec") or {})

    def wanted(self, pods: int, scale: int) -> tuple[int, int]:
        """(pods expected, pods that must be healthy): `pods` match, their owners want `scale`."""
        if self.max_unavailable is not None:
            return scale, max(0, scale - self.max_unavailable.of(scale, up=True))
        if self.min_available is None:
            return pods, 0
        if self.min_available.percent:
            return scale, self.min_available.of(scale, up=True)
        return pods, self.min_available.amount
