"""What waits in quota queues, and what a ClusterQueue says of preemption.

Mirrors: Kueue v0.18 Workload and ClusterQueue (kueue.x-k8s.io/v1beta2) as far as admission reads
them.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from simk8s.strategies._queues.quota import Amounts, Quota, QuotaNode

NEVER = -1


class Policy(StrEnum):
    """Whom a workload may have evicted."""

    NEVER = "Never"
    ANY = "Any"
    LOWER = "LowerPriority"
    LOWER_OR_NEWER = "LowerOrNewerEqualPriority"


@dataclass(frozen=True, slots=True)
class Preemption:
    """`spec.preemption` of a ClusterQueue."""

    within: Policy = Policy.NEVER
    reclaim: Policy = Policy.NEVER
    borrow: bool = False
    """borrowWithinCohort.policy LowerPriority: evict in the cohort and borrow all the same."""
    threshold: int | None = None
    """borrowWithinCohort.maxPriorityThreshold."""


NO_PREEMPTION = Preemption()


@dataclass(slots=True, eq=False)
class Workload:
    """Pods that are admitted together. `options`: what it would use, one for each flavor it may
    have, in the order of the queue.
    """

    number: int
    """In order of creation; settles ties."""
    queue: ClusterQueue
    priority: int
    since_us: int
    """When it was created: its place in the queue, whatever happens to it."""
    options: tuple[Amounts, ...]
    kind: Hashable = None
    """Workloads of one kind are equivalent to the scheduler; None = like no other."""
    option: int = NEVER
    """The flavor that it was admitted with."""
    used: Amounts | None = None
    """What it holds; None while it waits."""
    admitted_us: int = NEVER
    evicted: bool = False
    """It has been told to go and still holds its quota."""


class ClusterQueue(QuotaNode):
    """A leaf of the tree, with what it has admitted."""

    def __init__(
        self,
        name: str,
        quotas: Mapping[str, Quota],
        parent: QuotaNode | None = None,
        *,
        strict: bool = False,
        preemption: Preemption = NO_PREEMPTION,
        weight: float = 1.0,
    ) -> None:
        super().__init__(name, quotas, parent, weight)
        self.strict, self.preemption = strict, preemption
        self.admitted: dict[int, Workload] = {}
        """By number."""

    def hold(self, workload: Workload, amounts: Amounts) -> None:
        """It is admitted with these."""
        workload.used = amounts
        self.admitted[workload.number] = workload
        self.add(amounts)

    def let_go(self, workload: Workload) -> None:
        """It holds nothing any more."""
        assert workload.used is not None
        self.remove(workload.used)
        del self.admitted[workload.number]
        workload.used, workload.admitted_us, workload.evicted = None, NEVER, False
