"""`controlPlane.scheduler`: what a scheduling cycle takes."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from simk8s.scenario.types import Count, Duration, Model, Positive


class SchedulerTimes(Model):
    """kube-scheduler's own time; what it decides is the strategy's business."""

    # Of every cycle.
    base: Duration = 100
    # Nanoseconds for every node that is filtered and scored.
    per_node_ns: Count = 1_200
    # Nanoseconds for every node, and every pod on it, that plugins go through before
    # (PodTopologySpread and InterPodAffinity, where a pod wakes them).
    per_visit_ns: Count = 240
    per_pod_ns: Count = 150
    # How much faster a core is than those this was measured on, and how many there are: nodes and
    # pods are gone through by 16 goroutines.
    speed: Positive = 1.0
    cores: Annotated[Count, Field(gt=0, le=1_024)] = 2
