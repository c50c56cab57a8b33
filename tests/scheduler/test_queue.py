"""Order, backoff and parking of pending pods."""

from __future__ import annotations

from simk8s.placement.base import Query
from simk8s.scheduler.queue import SchedulingQueue
from simk8s.state.cluster import Cluster
from tests.world import SECOND, add_pod, pod_manifest, query


def pods(count: int, *priorities: int) -> list[Query]:
    cluster = Cluster()
    made = []
    for i in range(count):
        priority = priorities[i] if i < len(priorities) else 0
        template = cluster.templates.parse(pod_manifest(priority=priority), "default")
        made.append(query(cluster, add_pod(cluster, template)))
    return made


def popped(queue: SchedulingQueue, now_us: int) -> int | None:
    found = queue.pop(now_us)
    return None if found is None else found[0].pod


def test_priority_first_then_order_of_arrival() -> None:
    queue = SchedulingQueue()
    for q, t in zip(pods(4, 0, 5, 0, 5), (0, 1, 2, 3), strict=True):
        queue.add(q, t)
    assert [popped(queue, 9) for _ in range(5)] == [1, 3, 0, 2, None]


def test_a_removed_pod_never_surfaces() -> None:
    queue = SchedulingQueue()
    first, second = pods(2)
    queue.add(first, 0)
    queue.add(second, 0)
    queue.remove(first.pod)
    assert len(queue) == 1
    assert popped(queue, 1) == second.pod
    queue.park(second, 5)
    queue.remove(second.pod)
    assert queue.lengths() == (0, 0, 0)
    assert queue.wake(10, lambda q: True) == 0


def test_backoff_doubles_and_shows_only_while_others_are_active() -> None:
    queue = SchedulingQueue()
    failing, other = pods(2)
    queue.add(failing, 0)
    popped(queue, 0)
    queue.park(failing, 0)
    assert popped(queue, 1) is None, "parked pods wait for an event"
    assert queue.wake(100_000, lambda q: q.pod == failing.pod) == 1
    assert queue.lengths() == (0, 1, 0)
    queue.add(other, 200_000)
    assert popped(queue, 300_000) == other.pod, "backing off for a second, others go first"
    assert popped(queue, 400_000) == failing.pod, "an idle scheduler pops from backoff"
    queue.park(failing, 400_000)
    queue.wake(500_000, lambda q: True)
    queue.add(other, 1 * SECOND)
    assert popped(queue, 2 * SECOND) == other.pod, "2 s from 0.4 s, in whole seconds"
    queue.add(other, 3 * SECOND)
    assert popped(queue, 3 * SECOND) == failing.pod, "backoff over, queued before the other"


def test_an_event_wakes_whole_shapes_that_it_may_help() -> None:
    cluster = Cluster()
    small = cluster.templates.parse(pod_manifest("100m"), "default")
    large = cluster.templates.parse(pod_manifest("3"), "default")
    queue = SchedulingQueue()
    asked: list[int] = []
    for template in (small, small, large):
        q = query(cluster, add_pod(cluster, template))
        queue.add(q, 0)
        queue.pop(0)
        queue.park(q, 0)

    def helps(q: Query) -> bool:
        asked.append(q.template.id)
        return q.template is small

    assert queue.wake(20 * SECOND, helps) == 2
    assert asked == [small.id, large.id], "one question a shape"
    assert queue.lengths() == (2, 0, 1), "their backoff is over"


def test_after_five_minutes_everything_gets_another_try() -> None:
    queue = SchedulingQueue()
    (q,) = pods(1)
    queue.add(q, 0)
    queue.pop(0)
    queue.park(q, 0)
    assert queue.flush_unschedulable(300 * SECOND) == 0
    assert queue.flush_unschedulable(300 * SECOND + 1) == 1
    assert popped(queue, 301 * SECOND) == q.pod
