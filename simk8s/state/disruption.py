"""A PodDisruptionBudget as stored: how many of its pods have to stay, and how many may go now.

Law: allowed = healthy − desired, never negative, 0 where nothing is expected; percentages round
up.

Mirrors: pkg/controller/disruption v1.36 getExpectedPodCount and countHealthyPods. Departs:
disruptedPods of evictions in flight are not kept (nothing here evicts through the API).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simk8s.state.objects import Budget
from simk8s.state.selectors import LabelSelector

Amount = int | str
"""A number, or a percentage like `50%`."""


@dataclass(frozen=True, slots=True)
class DisruptionStatus:
    """What was last counted."""

    healthy: int = 0
    desired: int = 0
    expected: int = 0
    allowed: int = 0


@dataclass(frozen=True, slots=True)
class DisruptionBudget:
    """`min_available` or `max_unavailable`; the other is None."""

    namespace: str
    name: str
    selector: LabelSelector
    min_available: Amount | None = None
    max_unavailable: Amount | None = None
    status: DisruptionStatus = DisruptionStatus()

    @classmethod
    def parse(cls, raw: Mapping[str, Any], namespace: str, name: str) -> DisruptionBudget:
        """From a Kubernetes object; an empty selector means every pod of the namespace."""
        spec: Mapping[str, Any] = raw.get("spec") or {}
        least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
        return cls(namespace, name, LabelSelector.parse(spec.get("selector")), least, most)

    def counted(self, matching: int, healthy: int, expected: int) -> DisruptionStatus:
        """The status with that many pods, healthy ones among them, and so many wanted by owners.

        `expected` is what the owners of the pods ask for together.
        """
        if self.max_unavailable is not None:
            desired = expected - _scaled(self.max_unavailable, expected)
        elif isinstance(self.min_available, int):
            expected, desired = matching, self.min_available
        else:
            desired = _scaled(self.min_available or 0, expected)
        desired = max(0, desired)
        allowed = max(0, healthy - desired) if expected > 0 else 0
        return DisruptionStatus(healthy, desired, expected, allowed)

    def budget(self) -> Budget:
        """What preemption reads of it."""
        return Budget(self.namespace, self.name, self.selector, self.status.allowed)


def _scaled(amount: Amount, of: int) -> int:
    """A number as it is, a percentage of `of` rounded up."""
    if isinstance(amount, int):
        return amount
    return -(-int(amount.rstrip("%")) * of // 100)
