"""Quality of service of a pod, and what follows from it: oom_score_adj, critical or not.

Mirrors: pkg/apis/core/v1/helper/qos (Guaranteed: every container has limits of cpu and memory that
are its requests; BestEffort: none has either), pkg/kubelet/qos/policy.go (−997, 1000, Burstable
1000 − 1000 · request / capacity within 3 and 999), pkg/kubelet/types IsCriticalPod, v1.36.
Departs: the score is that of the whole pod, since what a pod uses is not told apart by container.
"""

from __future__ import annotations

from enum import IntEnum

from simk8s.state.requests import Requests
from simk8s.state.resources import MEMORY
from simk8s.state.shapes import PodTemplate
from simk8s.state.usage import best_effort, containers, limits_of, quantities

CRITICAL = 2_000_000_000
"""Priority from which on a pod is system-critical."""
NODE_CRITICAL = 2_000_001_000
GUARANTEED_ADJ, BEST_EFFORT_ADJ = -997, 1000


class Qos(IntEnum):
    """From the last to be killed to the first."""

    GUARANTEED = 0
    BURSTABLE = 1
    BEST_EFFORT = 2


def qos_of(template: PodTemplate, requests: Requests) -> Qos:
    """The class of a pod."""
    if best_effort(template, requests):
        return Qos.BEST_EFFORT
    drawn = requests is not template.requests
    guaranteed = not drawn and all(map(_guaranteed, containers(template.spec)))
    return Qos.GUARANTEED if guaranteed else Qos.BURSTABLE


def _guaranteed(container: object) -> bool:
    assert isinstance(container, dict)
    limits = limits_of(container)
    asked = quantities((container.get("resources") or {}).get("requests"))
    return all(limits.get(name, 0) > 0 for name in ("cpu", "memory")) and all(
        asked.get(name, limits[name]) == limits[name] for name in ("cpu", "memory")
    )


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
