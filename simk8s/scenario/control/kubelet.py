"""`controlPlane.kubelet`: kubelets, with Kubernetes' own names and defaults.

What KubeletConfiguration does not have: `fake` (a kubelet that only starts and stops pods in given
times, as kwok does), and how long admission, mounting and a status sync take.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from simk8s.scenario.control.eviction import HARD, Bound, Bounds, known_signals, misfits
from simk8s.scenario.types import AlsoText, Count, Duration, Model

Percent = Annotated[Count, Field(ge=0, le=100)]


class Between(Model):
    """A log-normal duration by its median and 99th percentile; both 0 = at once.

    Also written as one duration, which is then always the same.
    """

    p50: Duration
    p99: Duration

    @model_validator(mode="before")
    @classmethod
    def _constant(cls, data: Any) -> Any:
        return {"p50": data, "p99": data} if isinstance(data, (str, int, float)) else data

    @model_validator(mode="after")
    def _in_order(self) -> Between:
        if self.p99 < self.p50:
            raise PydanticCustomError("E105", "p99 must not be below p50")
        return self


Between_ = Annotated[Between, AlsoText()]
# Defaults are in µs and must not be read as if a user had written them: hence model_construct.


class Fake(Model):
    """Pods are Running and Ready, and gone, so long after the kubelet hears of it."""

    start: Between_ = Between.model_construct(p50=0, p99=0)
    stop: Between_ = Between.model_construct(p50=0, p99=0)


class CrashLoopBackOff(Model):
    """How long a crashing container waits at most."""

    max_container_restart_period: Annotated[Duration, Field(ge=1_000_000, le=300_000_000)] = (
        300_000_000
    )


class Kubelet(Model):
    """KubeletConfiguration, as far as it is simulated."""

    fake: Fake | None = None
    # No more pods than this on a node, whatever its machine would take.
    max_pods: Annotated[Count, Field(gt=0)] | None = None
    # --- images
    serialize_image_pulls: bool = True
    # More than one makes pulls parallel.
    max_parallel_image_pulls: Annotated[Count, Field(gt=0)] | None = None
    # Pulls a second that a kubelet begins; 0 = no limit. What is above fails and backs off.
    registry_pull_qps: Count = Field(default=5, alias="registryPullQPS")
    registry_burst: Annotated[Count, Field(gt=0)] = 10
    image_gc_high_threshold_percent: Percent = Field(
        default=85, alias="imageGCHighThresholdPercent"
    )
    image_gc_low_threshold_percent: Percent = Field(default=80, alias="imageGCLowThresholdPercent")
    image_minimum_gc_age: Duration = Field(default=120_000_000, alias="imageMinimumGCAge")
    image_gc_period: Duration = Field(default=300_000_000, alias="imageGCPeriod", gt=0)
    # --- containers
    crash_loop_back_off: CrashLoopBackOff = CrashLoopBackOff()
    # Code constants of kubelet: PLEG relist, housekeeping, the volume manager's poll.
    pleg_relist_period: Duration = 1_000_000
    housekeeping_period: Duration = 2_000_000
    volume_poll_period: Duration = 300_000
    node_status_update_frequency: Duration = Field(default=10_000_000, gt=0)
    # --- node pressure; None = kubelet's own hard thresholds
    eviction_hard: Bounds | None = None
    eviction_soft: Bounds = Field(default_factory=dict)
    eviction_soft_grace_period: Annotated[
        dict[str, Annotated[Duration, Field(gt=0)]], BeforeValidator(known_signals)
    ] = Field(default_factory=dict)
    eviction_max_pod_grace_period: Duration = 0
    eviction_minimum_reclaim: Bounds = Field(default_factory=dict)
    eviction_pressure_transition_period: Duration = 300_000_000
    merge_default_eviction_settings: bool = False
    # Code constant of kubelet: how often the eviction manager looks.
    eviction_monitoring_period: Annotated[Duration, Field(gt=0)] = 10_000_000
    # --- CPU, where the scenario says what pods use
    cpu_cfs_quota: bool = Field(default=True, alias="cpuCFSQuota")
    cgroup_version: Literal["v1", "v2"] = "v2"
    # Of the CPU that a node keeps for its system, how much that uses.
    reserved_in_use: Percent = 100
    # Processes that a node can have (the kernel's pid_max).
    pid_max: Annotated[Count, Field(gt=0)] = 4_194_304
    # --- what is not configured but takes time
    admit: Between_ = Between.model_construct(p50=10_000, p99=40_000)
    mount: Between_ = Between.model_construct(p50=60_000, p99=450_000)
    # Sync of the pod and GET, before the PATCH of its status.
    status_sync: Duration = 10_000

    @model_validator(mode="after")
    def _thresholds(self) -> Kubelet:
        if self.image_gc_low_threshold_percent >= self.image_gc_high_threshold_percent:
            text = "imageGCLowThresholdPercent must be below imageGCHighThresholdPercent"
            raise PydanticCustomError("E105", "{text}", {"text": text})
        misfits(self.eviction_soft, self.eviction_soft_grace_period)
        serial = "serialize_image_pulls" in self.model_fields_set and self.serialize_image_pulls
        if serial and (self.max_parallel_image_pulls or 1) > 1:
            text = "serializeImagePulls: true does not go with maxParallelImagePulls above 1"
            raise PydanticCustomError("E105", "{text}", {"text": text})
        return self

    @property
    def hard_thresholds(self) -> dict[str, Bound]:
        """In force; a share of 0 % is none."""
        own = HARD if self.eviction_hard is None else self.eviction_hard
        if self.merge_default_eviction_settings:
            own = {**HARD, **own}
        return {signal: bound for signal, bound in own.items() if any(bound)}

    @property
    def serial(self) -> bool:
        """Whether one pull has to end before the next begins."""
        parallel = self.max_parallel_image_pulls
        return self.serialize_image_pulls and (parallel is None or parallel < 2)
