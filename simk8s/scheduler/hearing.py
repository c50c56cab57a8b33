"""A scheduler hears of a pod: one that is to be placed goes to the queue, one that was bound by its
creator is charged.

How: nearly every pod of a run comes here once, so all that it takes is at hand.
"""

from __future__ import annotations

from collections.abc import Callable

from simk8s.placement.base import Query
from simk8s.placement.events import pending_pod_added
from simk8s.scheduler.gangs import Gangs
from simk8s.scheduler.queue import SchedulingQueue
from simk8s.state.cluster import Cluster
from simk8s.state.pods import NEVER, PENDING, RUNNING


def hearer(
    cluster: Cluster, queue: SchedulingQueue, handles: Callable[[Query], bool], gangs: Gangs | None
) -> Callable[[int, int], None]:
    """What is to be called with the pod, and when."""
    pods, templates, requests = cluster.pods, cluster.templates.items, cluster.requests.items
    phases, nodes, priorities, pinned = pods.phase, pods.node, pods.priority, pods.pinned
    template_of, requests_of, add, pending = pods.template, pods.requests, queue.add, int(PENDING)

    def hear(pod: int, now_us: int) -> None:
        if phases[pod] != pending or nodes[pod] != NEVER:
            bound(pod)
            return
        query = Query(pod, templates[template_of[pod]], requests[requests_of[pod]], priorities[pod])
        if pinned:
            query.pinned = pinned.get(pod, NEVER)
        if handles(query):
            if gangs is None:
                add(query, now_us)
            else:
                joins(query, gangs, now_us)

    def joins(query: Query, gangs: Gangs, now_us: int) -> None:
        if query.template.group:
            gangs.add(query.pod, query.template)
        add(query, now_us)
        if query.template.group:
            queue.move(pending_pod_added(query.template), now_us)

    def bound(pod: int) -> None:
        """By its creator: it counts, even if it is more than the node has."""
        if phases[pod] in (PENDING, RUNNING) and pods.charged[pod] == NEVER:
            node = nodes[pod]
            devices = cluster.nodes.choose_devices(node, cluster.requests_of(pod))
            cluster.charge(pod, node, devices or 0)

    return hear
