"""The usual end of a cycle: one pod, alone, gets the node that was found for it.

Law: equals `Scheduler._finish` and all that it calls; says no (and has done nothing) where there is
anything special about the cycle, the pod or what has happened since it began.

How: nearly every pod of a run comes here, so all that it takes is at hand.
"""

from __future__ import annotations

from collections.abc import Callable

from simk8s.scheduler.ledger import Ledger, Solo
from simk8s.scheduler.queue import SchedulingQueue
from simk8s.state.cluster import Cluster
from simk8s.state.pods import NEVER, PENDING

Landing = Callable[[int, Solo], bool]


def lander(
    cluster: Cluster, queue: SchedulingQueue, ledger: Ledger, send: Callable[..., object]
) -> Landing:
    """`send` takes the pod in the queue and its node."""
    pods, nodes, nominations = cluster.pods, cluster.nodes, cluster.nominations
    attempts, phases, deletions_us = pods.attempts, pods.phase, pods.deletion_us
    scheduled_us, dirty, pending = pods.scheduled_us, nodes.dirty, int(PENDING)
    charge, remove, bound = cluster.charge, queue.remove, ledger.bound

    def land(now_us: int, solo: Solo) -> bool:
        started_us, queued, plan, service_us, end = solo
        chosen = plan.assignments[0]
        pod, node, _, _, devices = chosen
        if (
            devices is not None
            or nodes.dirty_base + len(dirty) != end
            or nominations
            or phases[pod] != pending
            or deletions_us[pod] != NEVER
            or not queued.query.requests.plain
            or plan.evictions
            or plan.solve is not None
        ):
            return False
        attempts[pod] += 1
        charge(pod, node, 0)
        scheduled_us[pod] = now_us
        remove(pod)
        bound(started_us, service_us, service_us, queued, chosen)
        send(queued, node)
        return True

    return land
