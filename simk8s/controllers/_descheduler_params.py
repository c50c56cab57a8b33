"""Parameters of the descheduler, in the words of its policy. No numpy here: scenarios are validated
with it.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from simk8s.controllers._flags import Flags
from simk8s.scenario.types import Count, Duration, Model

Percent = Annotated[float, Field(ge=0, le=100)]


class Thresholds(Model):
    """Percent of what is allocatable; what is left out does not matter."""

    cpu: Percent | None = None
    memory: Percent | None = None
    pods: Percent | None = None


class RemoveDuplicates(Model):
    """Pods of one owner with the same images on one node."""

    exclude_owner_kinds: list[str] = Field(default_factory=list)


class LowNodeUtilization(Model):
    """From nodes above the target to those below the thresholds."""

    thresholds: Thresholds
    target_thresholds: Thresholds
    # Thresholds are distances from the mean of all nodes.
    use_deviation_thresholds: bool = False
    # Do nothing unless more nodes than this are below.
    number_of_nodes: Count = 0


class HighNodeUtilization(Model):
    """From nodes below the thresholds to all others, so that they become empty."""

    thresholds: Thresholds
    number_of_nodes: Count = 0


class TopologySpread(Model):
    """Pods that violate their spread constraints."""

    include_soft_constraints: bool = False
    topology_balance_node_fit: bool = True


class TooManyRestarts(Model):
    """Pods whose containers restarted so often."""

    pod_restart_threshold: Annotated[Count, Field(gt=0)] = 100
    # Only pods that wait for such a reason or are in such a phase, as in CrashLoopBackOff.
    states: list[str] = Field(default_factory=list)


class Violation(Model):
    """Nothing to set."""


class Policies(Model):
    """What is done in a round, in this order."""

    remove_pods_having_too_many_restarts: TooManyRestarts | None = None
    remove_pods_violating_node_taints: Violation | None = None
    remove_pods_violating_node_affinity: Violation | None = None
    remove_pods_violating_inter_pod_anti_affinity: Violation | None = None
    remove_duplicates: RemoveDuplicates | None = None
    remove_pods_violating_topology_spread_constraint: TopologySpread | None = None
    low_node_utilization: LowNodeUtilization | None = None
    high_node_utilization: HighNodeUtilization | None = None


def _shipped() -> Policies:
    """What the Helm chart of the project sets."""
    return Policies(
        remove_pods_having_too_many_restarts=TooManyRestarts(),
        remove_pods_violating_node_taints=Violation(),
        remove_pods_violating_node_affinity=Violation(),
        remove_pods_violating_inter_pod_anti_affinity=Violation(),
        remove_duplicates=RemoveDuplicates(),
        remove_pods_violating_topology_spread_constraint=TopologySpread(),
        low_node_utilization=LowNodeUtilization(
            thresholds=Thresholds(cpu=20, memory=20, pods=20),
            target_thresholds=Thresholds(cpu=50, memory=50, pods=50),
        ),
    )


class Params(Flags):
    """`descheduler: {name: descheduler, interval: 5m, policies: {removeDuplicates: {}}}`"""

    interval: Annotated[Duration, Field(gt=0)] = 300_000_000
    policies: Policies = Field(default_factory=_shipped)
    max_no_of_pods_to_evict_per_node: Count | None = None
    max_no_of_pods_to_evict_per_namespace: Count | None = None
    max_no_of_pods_to_evict_total: Count | None = None
    # --- the default evictor
    # Only pods that fit on another node.
    node_fit: bool = False
    evict_system_critical_pods: bool = False
    evict_local_storage_pods: bool = False
    ignore_pvc_pods: bool = False
    # Only pods of a lower priority.
    priority_threshold: int | None = None
