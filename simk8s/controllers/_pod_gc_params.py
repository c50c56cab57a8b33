"""What a scenario may say of the pod garbage collector."""

from __future__ import annotations

from simk8s.controllers._flags import Flags
from simk8s.scenario.types import Count


class Params(Flags):
    """`pod_gc: {name: pod_gc, terminatedPodThreshold: 1000}`"""

    # --terminated-pod-gc-threshold: ended pods that may stay; 0 = any number.
    terminated_pod_threshold: Count = 12_500
