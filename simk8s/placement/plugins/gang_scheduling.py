"""GangScheduling: pods of a PodGroup are placed when enough of them can be, or not at all.

The rules alone: when a pod may enter the queue (PreEnqueue), and when pods that have got a node
may be bound (Permit). Who counts and who waits is the scheduler's business (scheduler/gangs.py).

Mirrors: kube-scheduler v1.36 plugins/gangscheduling (alpha, off by default): words, minCount,
5 minutes at Permit. Departs: TopologyAwareWorkloadScheduling and WorkloadAwarePreemption are not
modelled; PodGroups are never changed or deleted.
"""

from __future__ import annotations

from typing import ClassVar

from simk8s.placement.events import Change, Event
from simk8s.state.podgroups import PodGroup
from simk8s.state.shapes import PodTemplate

PERMIT_TIMEOUT_US = 300_000_000
TOO_FEW_PODS = "waiting for minCount pods from a gang to appear in scheduling queue"
NO_QUORUM = "waiting for minCount pods from a gang to be scheduled"
PREEMPTING = "preemption is required for other pods from a pod group"


class GangScheduling:
    """The plugin's answers, "" = go on."""

    name: ClassVar[str] = "GangScheduling"
    events: ClassVar[int] = Change.PENDING_POD_ADD | Change.POD_GROUP_ADD

    def pre_enqueue(self, template: PodTemplate, group: PodGroup | None, pods: int) -> str:
        """Why a pod must stay out of the queue: its group is not there, or has too few pods."""
        if not template.group:
            return ""
        if group is None:
            return f'waiting for pods\'s pod group "{template.group}" to appear in scheduling queue'
        return TOO_FEW_PODS if pods < group.min_count else ""

    def permit(self, group: PodGroup, scheduled: int) -> str:
        """Why a pod that has got a node must wait: `scheduled` pods of its group have one."""
        return NO_QUORUM if scheduled < group.min_count else ""

    def hint(self, event: Event, template: PodTemplate) -> bool:
        """Whether the event is about the pod's group."""
        key = (template.namespace, template.group)
        if event.pod is not None:
            return (event.pod.namespace, event.pod.group) == key
        return event.group == key
