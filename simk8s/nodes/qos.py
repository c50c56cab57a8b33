"""Whom the kernel kills first: oom_score_adj by class of service, and the score that it makes.

Mirrors: pkg/kubelet/qos/policy.go (−997, 1000, Burstable 1000 − 1000 · request / capacity within
3 and 999) and mm/oom_kill.c, v1.36. Departs: the score is that of the whole pod, since what a pod
uses is not told apart by container.
"""

from __future__ import annotations

from simk8s.state.qos import CRITICAL, Qos, qos_of
from simk8s.state.requests import Requests
from simk8s.state.resources import MEMORY

__all__ = ("CRITICAL", "Qos", "badness", "oom_score_adj", "qos_of")

NODE_CRITICAL = 2_000_001_000
GUARANTEED_ADJ, BEST_EFFORT_ADJ = -997, 1000


def oom_score_adj(qos: Qos, requests: Requests, capacity_bytes: int, priority: int) -> int:
    """What kubelet writes beside a container's processes."""
    if qos is Qos.GUARANTEED or priority >= NODE_CRITICAL:
        return GUARANTEED_ADJ
    if qos is Qos.BEST_EFFORT:
        return BEST_EFFORT_ADJ
    adj = 1000 - 1000 * requests.values[MEMORY] // max(capacity_bytes, 1)
    return min(max(adj, 1000 + GUARANTEED_ADJ), BEST_EFFORT_ADJ - 1)


def badness(used_bytes: int, adj: int, capacity_bytes: int) -> int:
    """The kernel's choice: whoever has most of this is killed (mm/oom_kill.c)."""
    return used_bytes + adj * capacity_bytes // 1000
