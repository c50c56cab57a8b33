"""`controlPlane.scheduler`: what a scheduling cycle takes."""

from __future__ import annotations

from simk8s.scenario.types import Duration, Model, Number


class SchedulerTimes(Model):
    """kube-scheduler's own time; what it decides is the strategy's business."""

    base: Duration = 30
    # Nanoseconds for every node evaluated.
    per_node_ns: Number = 1_200
