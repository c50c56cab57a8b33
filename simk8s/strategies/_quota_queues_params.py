"""What a scenario may say of `quota_queues`; names and defaults are those of Kueue's API."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from simk8s import units
from simk8s.scenario.podspec import amount_of
from simk8s.scenario.types import Duration, Model

_COUNTED = ("pods", "gpu")


class ResourceQuota(Model):
    """Of one resource; without a borrowingLimit or lendingLimit there is no limit."""

    nominal_quota: int = 0
    borrowing_limit: int | None = None
    lending_limit: int | None = None


def amount(resource: str, quantity: Any) -> int:
    """A quantity in the resource's own unit: millicores, bytes, a count."""
    if isinstance(quantity, bool) or not isinstance(quantity, (str, int, float)):
        raise ValueError("expected a quantity like 500m or 2Gi")
    return units.count(quantity) if resource in _COUNTED else amount_of(resource, quantity)


def _read(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: _line(name, line) for name, line in value.items()}


def _line(resource: str, line: Any) -> Any:
    if isinstance(line, ResourceQuota):
        return line
    if not isinstance(line, dict):
        line = {"nominalQuota": line}
    try:
        return {key: None if each is None else amount(resource, each) for key, each in line.items()}
    except ValueError as error:
        text = f"{resource}: {error}"
        raise PydanticCustomError("E104", "{text}", {"text": text}) from None


_SCHEMA = {
    "type": "object",
    "additionalProperties": {
        "anyOf": [
            {"type": ["string", "number"]},
            {
                "type": "object",
                "properties": {
                    key: {"type": ["string", "number"]}
                    for key in ("nominalQuota", "borrowingLimit", "lendingLimit")
                },
                "additionalProperties": False,
            },
        ]
    },
    "examples": [{"cpu": {"nominalQuota": 20, "borrowingLimit": 10}, "memory": "64Gi"}],
}
# {cpu: {nominalQuota: 20, borrowingLimit: 10}, memory: 64Gi}
Resources: TypeAlias = Annotated[
    dict[str, ResourceQuota], BeforeValidator(_read), WithJsonSchema(_SCHEMA)
]
Policy: TypeAlias = Literal["Never", "Any", "LowerPriority", "LowerOrNewerEqualPriority"]


class BorrowWithinCohort(Model):
    """Whether one that borrows may have others of the cohort evicted."""

    policy: Literal["Never", "LowerPriority"] = "Never"
    max_priority_threshold: int | None = None


class Preemption(Model):
    """Whom workloads of a queue may have evicted."""

    within_cluster_queue: Literal["Never", "LowerPriority", "LowerOrNewerEqualPriority"] = "Never"
    reclaim_within_cohort: Policy = "Never"
    borrow_within_cohort: BorrowWithinCohort = BorrowWithinCohort()


class FairSharing(Model):
    """How much more a queue or cohort may borrow than one of weight 1."""

    weight: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0


class FlavorQuotas(Model):
    """What a queue or cohort has of one flavor."""

    name: str
    resources: Resources = Field(default_factory=dict)


class _Owner(Model):
    name: str
    # Of nodes of any kind.
    resources: Resources = Field(default_factory=dict)
    # Or flavor by flavor: the first that will do is taken.
    flavors: tuple[FlavorQuotas, ...] = ()
    fair_sharing: FairSharing = FairSharing()

    @model_validator(mode="after")
    def _one_way(self) -> _Owner:
        if self.resources and self.flavors:
            raise _nonsense(f"{self.name}: give resources or flavors, not both")
        return self


class Cohort(_Owner):
    """Queues that lend to each other; with quota of its own, if it is given."""

    parent: str | None = None


class ClusterQueue(_Owner):
    """One queue with quota."""

    cohort: str | None = None
    queueing_strategy: Literal["BestEffortFIFO", "StrictFIFO"] = "BestEffortFIFO"
    preemption: Preemption = Preemption()


class ResourceFlavor(Model):
    """Nodes of one kind, by their labels."""

    name: str
    node_labels: dict[str, str] = Field(default_factory=dict)


class Params(Model):
    """`strategy: {name: quota_queues, clusterQueues: [...], localQueues: {team-a/main: a}}`"""

    cluster_queues: tuple[ClusterQueue, ...] = ()
    # Cohorts that are only named by queues need not be listed.
    cohorts: tuple[Cohort, ...] = ()
    resource_flavors: tuple[ResourceFlavor, ...] = ()
    # namespace/name (the pod's label kueue.x-k8s.io/queue-name) or namespace/* -> ClusterQueue.
    local_queues: dict[str, str] = Field(default_factory=dict)
    # Of pods that no LocalQueue takes; without one they need no quota.
    default_queue: str | None = None
    # Order and evictions by dominant share instead of priority and age.
    fair_sharing: bool = False
    # Whether a resource that a queue has no quota for keeps a workload out.
    quota_check_strategy: Literal["BlockUndeclared", "IgnoreUndeclared"] = "BlockUndeclared"
    # Kueue's gate SchedulingEquivalenceHashing: what is like a workload without room steps aside
    # with it.
    equivalence_hashing: bool = True
    # Whether the pods of an admitted workload get nodes together or not at all; otherwise one by
    # one, as kube-scheduler would.
    together: bool = False
    # Simulated time of each head of a scheduling cycle.
    per_head: Duration = 1_000

    @model_validator(mode="after")
    def _names_exist(self) -> Params:
        queues = [queue.name for queue in self.cluster_queues]
        _once("clusterQueues", queues)
        _once("cohorts", [cohort.name for cohort in self.cohorts])
        flavors = [flavor.name for flavor in self.resource_flavors]
        _once("resourceFlavors", flavors)
        for place, queue in [*self.local_queues.items(), ("defaultQueue", self.default_queue)]:
            if queue is not None and queue not in queues:
                raise _nonsense(f"{place}: there is no ClusterQueue {queue}")
        for owner in (*self.cluster_queues, *self.cohorts):
            for flavor in owner.flavors:
                if flavor.name not in flavors:
                    raise _nonsense(f"{owner.name}: there is no ResourceFlavor {flavor.name}")
        for key in self.local_queues:
            if key.count("/") != 1:
                raise _nonsense(f"localQueues: expected namespace/name, got {key}")
        _no_cycle({cohort.name: cohort.parent for cohort in self.cohorts})
        return self


def _once(where: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise _nonsense(f"{where}: {name} is given twice")
        seen.add(name)


def _no_cycle(parents: dict[str, str | None]) -> None:
    for start in parents:
        node: str | None = start
        for _ in parents:
            node = parents.get(node) if node is not None else None
        if node is not None and node in parents:
            raise _nonsense(f"cohorts: {start} is among its own parents")


def _nonsense(text: str) -> PydanticCustomError:
    return PydanticCustomError("E105", "{text}", {"text": text})
