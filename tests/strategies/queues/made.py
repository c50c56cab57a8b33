"""Small quota trees with workloads in them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import hypothesis.strategies as st

from simk8s.strategies._queues.quota import Quota, QuotaNode
from simk8s.strategies._queues.workload import ClusterQueue, Policy, Preemption, Workload

LEVELS = st.integers(0, 3)


def workload(
    queue: ClusterQueue, number: int, cpu: int, *, priority: int = 0, since_us: int = 0
) -> Workload:
    """One that waits."""
    return Workload(number, queue, priority, since_us, ({"cpu": cpu},), ("kind", priority, cpu))


def holding(
    queue: ClusterQueue,
    number: int,
    cpu: int,
    *,
    priority: int = 0,
    since_us: int = 0,
    admitted_us: int = 0,
) -> Workload:
    """One that is admitted."""
    made = workload(queue, number, cpu, priority=priority, since_us=since_us)
    made.admitted_us, made.option = admitted_us, 0
    queue.hold(made, made.options[0])
    return made


@dataclass
class Cluster:
    """A tree, its queues and what they hold."""

    cohorts: list[QuotaNode]
    queues: list[ClusterQueue]
    levels = LEVELS

    @staticmethod
    @st.composite
    def some(
        draw: st.DrawFn, preemption: Preemption | None = None, lending: bool = True
    ) -> Cluster:
        """One with up to five queues in two cohorts and a dozen workloads."""
        limits = st.none() | st.integers(0, 8)
        root = QuotaNode("root", {"cpu": Quota(draw(st.integers(0, 5)))})
        inner = QuotaNode("inner", {}, root)
        queues = []
        for i in range(draw(st.integers(2, 5))):
            rules = preemption or Preemption(
                draw(st.sampled_from([Policy.NEVER, Policy.LOWER, Policy.LOWER_OR_NEWER])),
                draw(st.sampled_from(list(Policy))),
                draw(st.booleans()),
                draw(st.none() | LEVELS),
            )
            quota = Quota(draw(st.integers(0, 8)), draw(limits), draw(limits) if lending else None)
            parent = draw(st.sampled_from([root, inner]))
            queues.append(ClusterQueue(f"q{i}", {"cpu": quota}, parent, preemption=rules))
        for number in range(1, draw(st.integers(1, 12)) + 1):
            queue, cpu = draw(st.sampled_from(queues)), draw(st.integers(1, 5))
            if queue.fits({"cpu": cpu}):
                age = draw(st.integers(0, 9))
                holding(queue, number, cpu, priority=draw(LEVELS), since_us=age, admitted_us=age)
        return Cluster([root, inner], queues)

    def snapshot(self) -> list[dict[str, int]]:
        """Usage of everybody."""
        return [{r: a for r, a in node.usage.items() if a} for node in self.cohorts + self.queues]

    def without(self, gone: Iterable[Workload]) -> None:
        """Take them out."""
        for one in gone:
            self.take_out(one)

    def take_out(self, one: Workload) -> None:
        assert one.used is not None
        one.queue.remove(one.used)

    def put_back(self, one: Workload) -> None:
        assert one.used is not None
        one.queue.add(one.used)
