"""CronJobs as frozen records.

Law: records are never changed, only replaced; whoever changes a spec moves its generation on.
Times of its status are simulated µs, whole seconds.

Mirrors: batch/v1 CronJob with the defaults of v1.36 (Allow, history of 3 and 1). Departs: a Job
belongs to its CronJob by key, `status.active` holds keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from simk8s.state.deployments import StampMaker
from simk8s.state.workloads import number

CRONJOBS = "cronjobs"
"""Name of the kind in the store."""
FORBID, REPLACE = "Forbid", "Replace"


@dataclass(frozen=True, slots=True)
class CronJobStatus:
    """What the controller last reported."""

    active: tuple[str, ...] = ()
    """Keys of Jobs that it has started and not seen finished."""
    last_schedule_us: int | None = None
    last_success_us: int | None = None


@dataclass(frozen=True, slots=True)
class CronJob:
    """A Job at every due time of a schedule."""

    schedule: str
    zone: str
    job: Mapping[str, Any] = field(compare=False, repr=False)
    """`spec` of the Jobs, their pod template within."""
    make: StampMaker = field(compare=False, repr=False)
    spec: Mapping[str, Any] = field(repr=False)
    """As written, for patches to be merged into."""
    policy: str = "Allow"
    suspend: bool = False
    deadline_s: int | None = None
    keep_succeeded: int = 3
    keep_failed: int = 1
    generation: int = 1
    status: CronJobStatus = CronJobStatus()

    @classmethod
    def of(cls, spec: Mapping[str, Any], make: StampMaker) -> CronJob:
        """From a Kubernetes `spec`, defaults filled in."""
        deadline = spec.get("startingDeadlineSeconds")
        template: Mapping[str, Any] = spec.get("jobTemplate") or {}
        return cls(
            schedule=str(spec["schedule"]),
            zone=str(spec.get("timeZone") or ""),
            job=template.get("spec") or {},
            make=make,
            spec=spec,
            policy=str(spec.get("concurrencyPolicy") or "Allow"),
            suspend=bool(spec.get("suspend")),
            deadline_s=None if deadline is None else int(deadline),
            keep_succeeded=number(spec, "successfulJobsHistoryLimit", 3),
            keep_failed=number(spec, "failedJobsHistoryLimit", 1),
        )

    def respecified(self, spec: Mapping[str, Any]) -> CronJob:
        """With another spec, of the next generation unless nothing has changed."""
        fresh = CronJob.of(spec, self.make)
        changed = replace(fresh, generation=self.generation, status=self.status)
        return self if changed == self else replace(changed, generation=self.generation + 1)
