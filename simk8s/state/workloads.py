"""ReplicaSets and Jobs as frozen records, and the stamp that makes their pods.

Law: the k-th pod of an owner has the k-th draw of its lifetime and requests, whenever it is made,
so strategies compared on one seed get the same pods. Records are never changed, only replaced;
whoever changes a spec moves its generation on.

Mirrors: apps/v1 ReplicaSet and batch/v1 Job, v1.36. Departs: a pod belongs to its
owner by number and a ReplicaSet to its Deployment by key, so there is nothing to select, adopt or
orphan; annotations that the Deployment controller keeps on a ReplicaSet are fields.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simk8s.state.cluster import Cluster
from simk8s.state.jobrules import FailureRule, SuccessRule, failure_rules, success_rules
from simk8s.state.pods import Phase
from simk8s.state.shapes import PodTemplate

REPLICASETS, JOBS = "replicasets", "jobs"
REPLICATIONCONTROLLERS = "replicationcontrollers"
"""Names of the kinds in the store."""
SECOND_US = 1_000_000

Column = Callable[[int], NDArray[Any]]
"""The next n values of a column: lifetimes in µs, or request numbers."""


class PodStamp:
    """Appends rows (not created yet) for the pods of one owner."""

    def __init__(
        self,
        cluster: Cluster,
        owner: int,
        workload: int,
        template: PodTemplate,
        lifetime_us: Column | None = None,
        requests: Column | None = None,
    ) -> None:
        self.owner = owner
        self.template = template
        self.made = 0
        self._cluster = cluster
        self.workload = workload
        self._lifetime_us = lifetime_us
        self._requests = requests

    def __call__(self, count: int) -> range:
        """The rows of the next `count` pods."""
        first, template = self.made, self.template
        self.made += count
        drawn: dict[str, NDArray[Any]] = {}
        if self._lifetime_us is not None:
            drawn["lifetime_us"] = self._lifetime_us(count)
        return self._cluster.pods.extend(
            count,
            template=template.id,
            requests=template.requests.id if self._requests is None else self._requests(count),
            workload=self.workload,
            owner=self.owner,
            ordinal=np.arange(first, first + count, dtype=np.int32),
            priority=template.priority,
            phase=Phase.UNBORN,
            **drawn,
        )


@dataclass(frozen=True, slots=True)
class ReplicaSetStatus:
    """What the controller last reported."""

    replicas: int = 0
    ready: int = 0
    available: int = 0
    fully_labeled: int = 0
    terminating: int = 0
    observed_generation: int = 0
    failure: str = ""
    """Message of the condition ReplicaFailure (reason FailedCreate); empty = no such condition."""


@dataclass(frozen=True, slots=True)
class ReplicaSet:
    """So many pods of one template, at any time."""

    replicas: int
    pods: PodStamp = field(compare=False, repr=False)
    status: ReplicaSetStatus = ReplicaSetStatus()
    min_ready_us: int = 0
    generation: int = 1
    deployment: str = ""
    """Key of the Deployment that it belongs to."""
    template_hash: str = ""
    template: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """The template that it was made from, for a Deployment's without its hash."""
    revision: int = 0
    desired: int | None = None
    """`deployment.kubernetes.io/desired-replicas`."""
    most: int | None = None
    """`deployment.kubernetes.io/max-replicas`."""

    @classmethod
    def of(cls, spec: Mapping[str, Any], pods: PodStamp) -> ReplicaSet:
        """From a Kubernetes `spec`, defaults filled in."""
        return cls(
            replicas=number(spec, "replicas", 1),
            pods=pods,
            min_ready_us=number(spec, "minReadySeconds", 0) * SECOND_US,
            template=spec.get("template") or {},
        )

    def respecified(self, **changes: Any) -> ReplicaSet:
        """With another spec, of the next generation."""
        return replace(self, generation=self.generation + 1, **changes)


class JobCondition(StrEnum):
    """How far a Job has got; the last two are final."""

    ACTIVE = ""
    FAILURE_TARGET = "FailureTarget"
    SUCCESS_CRITERIA_MET = "SuccessCriteriaMet"
    COMPLETE = "Complete"
    FAILED = "Failed"

    @property
    def final(self) -> bool:
        """Whether nothing will happen any more."""
        return self in (JobCondition.COMPLETE, JobCondition.FAILED)


@dataclass(frozen=True, slots=True)
class JobStatus:
    """What the controller last reported."""

    active: int = 0
    ready: int = 0
    terminating: int = 0
    uncounted: int = 0
    succeeded: int = 0
    failed: int = 0
    condition: JobCondition = JobCondition.ACTIVE
    start_us: int | None = None
    finished_us: int | None = None
    reason: str = ""
    """Why it fails or is done early: `BackoffLimitExceeded` and the like."""
    suspended: bool = False
    completed_indexes: tuple[int, ...] = ()
    failed_indexes: tuple[int, ...] = ()


UNLIMITED = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Job:
    """Pods that run to completion; `completions` None = a work queue."""

    completions: int | None
    parallelism: int
    backoff_limit: int
    pods: PodStamp = field(compare=False, repr=False)
    status: JobStatus = JobStatus()
    cronjob: str = ""
    """Key of the CronJob that it belongs to."""
    indexed: bool = False
    per_index_limit: int | None = None
    max_failed_indexes: int | None = None
    deadline_us: int | None = None
    ttl_us: int | None = None
    suspend: bool = False
    replaces_ended_only: bool = False
    """podReplacementPolicy Failed: a pod that is leaving is not replaced before it is gone."""
    failure_rules: tuple[FailureRule, ...] = ()
    success_rules: tuple[SuccessRule, ...] = ()
    spec: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """As written, for patches to be merged into."""
    generation: int = 1

    @classmethod
    def of(cls, spec: Mapping[str, Any], pods: PodStamp, cronjob: str = "") -> Job:
        """From a Kubernetes `spec`, defaults filled in. Raises ValueError."""
        completions = spec.get("completions")
        if completions is None and spec.get("parallelism") is None:
            completions = 1
        per_index = spec.get("backoffLimitPerIndex")
        rules = failure_rules(spec)
        policy = spec.get("podReplacementPolicy")
        return cls(
            completions=None if completions is None else int(completions),
            parallelism=number(spec, "parallelism", 1),
            backoff_limit=number(spec, "backoffLimit", 6 if per_index is None else UNLIMITED),
            pods=pods,
            cronjob=cronjob,
            indexed=spec.get("completionMode") == "Indexed",
            per_index_limit=per_index,
            max_failed_indexes=spec.get("maxFailedIndexes"),
            deadline_us=_seconds(spec, "activeDeadlineSeconds"),
            ttl_us=_seconds(spec, "ttlSecondsAfterFinished"),
            suspend=bool(spec.get("suspend")),
            replaces_ended_only=policy == "Failed" or bool(rules and policy is None),
            failure_rules=rules,
            success_rules=success_rules(spec),
            spec=spec,
        )

    def respecified(self, spec: Mapping[str, Any]) -> Job:
        """With another spec, of the next generation unless nothing has changed."""
        fresh = Job.of(spec, self.pods, self.cronjob)
        changed = replace(fresh, generation=self.generation, status=self.status)
        return self if changed == self else replace(changed, generation=self.generation + 1)


def _seconds(spec: Mapping[str, Any], key: str) -> int | None:
    value = spec.get(key)
    return None if value is None else int(value) * SECOND_US


def number(spec: Mapping[str, Any], key: str, default: int) -> int:
    """A whole number of a spec; null is as good as missing."""
    value = spec.get(key)
    return default if value is None else int(value)
