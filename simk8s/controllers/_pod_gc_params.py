"""What a scenario may say of the pod garbage collector."""

from __future__ import annotations

from simk8s.controllers._flags import Flags
from simk8s.scenario.types import Count


class Params(Flags):
    """`pod_gc: {name: pod_gc, terminatedPodThreshold: 12500}`"""

    # --terminated-pod-gc-threshold, in Kubernetes 12,500: ended pods that may stay; 0 = any number.
    terminated_pod_threshold: Count = 0
