"""`controlPlane.scheduler`: what a scheduling cycle takes."""

from __future__ import annotations

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
    # How much faster the machine is than the one this was measured on (2 cores).
    speed: Positive = 1.0
