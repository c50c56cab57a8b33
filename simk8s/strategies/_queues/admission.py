"""Quota queues as a whole: lines, trees, cycles. No clock, no nodes, no pods.

`submit` a workload; while `ready`, take a `cycle`; `settle` what it refused when it is over;
`release` what a workload held when it ends or is gone, then `freed` for whoever waits.

Law: a StrictFIFO queue is never overtaken from within; what is evicted keeps its place in the
line when it is submitted again.

Mirrors: Kueue v0.18 scheduler and queue manager (one head a ClusterQueue and cycle).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from simk8s.strategies._queues.cycle import Entry, cycle
from simk8s.strategies._queues.pending import Pending
from simk8s.strategies._queues.quota import Amounts, QuotaNode
from simk8s.strategies._queues.workload import ClusterQueue, Workload


class Admission:
    """See the module."""

    def __init__(
        self, queues: Iterable[ClusterQueue], *, sharing: bool = False, hashing: bool = True
    ) -> None:
        self.queues = {queue.name: queue for queue in queues}
        self._sharing = sharing
        self.pending = {name: Pending(q.strict, hashing) for name, q in self.queues.items()}
        self._trees: dict[str, list[ClusterQueue]] = {}
        for queue in self.queues.values():
            self._trees.setdefault(_tree(queue), []).append(queue)

    def submit(self, workload: Workload) -> None:
        """It waits."""
        self.pending[workload.queue.name].push(workload)

    def withdraw(self, workload: Workload) -> None:
        """It waits no longer: its pods are gone."""
        self.pending[workload.queue.name].remove(workload)

    @property
    def ready(self) -> bool:
        """Whether some head could have a new answer."""
        return any(line.fresh for line in self.pending.values())

    def cycle(
        self, now_us: int, alive: Callable[[Workload], bool] = lambda workload: True
    ) -> list[Entry]:
        """One head of each queue of the trees in which something has changed; those that are not
        alive any more are left out for good.
        """
        heads = []
        for tree in self._trees.values():
            if any(self.pending[queue.name].fresh for queue in tree):
                popped = [self._head(self.pending[queue.name], alive) for queue in tree]
                heads += [workload for workload in popped if workload is not None]
        entries = cycle(heads, now_us, sharing=self._sharing)
        for entry in entries:
            if entry.why is None:
                self.pending[entry.workload.queue.name].admitted()
        return entries

    @staticmethod
    def _head(line: Pending, alive: Callable[[Workload], bool]) -> Workload | None:
        head = line.pop()
        while head is not None and not alive(head):
            line.admitted()
            head = line.pop()
        return head

    def settle(self, entries: Iterable[Entry]) -> None:
        """What was refused goes to where it waits."""
        entries = list(entries)
        moved = {_tree(entry.workload.queue) for entry in entries if entry.why is None}
        for entry in entries:
            queue = entry.workload.queue
            if entry.why is not None:
                self.pending[queue.name].refuse(entry.why, _tree(queue) in moved)

    def release(self, workload: Workload, amounts: Amounts | None = None) -> None:
        """A part of what it holds, or all (None), is free; say `freed` afterwards."""
        queue = workload.queue
        assert workload.used is not None
        if amounts is None:
            queue.let_go(workload)
            return
        queue.remove(amounts)
        left = {r: used - amounts.get(r, 0) for r, used in workload.used.items()}
        workload.used = left

    def freed(self, queue: QuotaNode) -> None:
        """Quota is free in its tree: everybody there is tried again."""
        for other in self._trees.get(_tree(queue), ()):
            self.pending[other.name].freed()


def _tree(queue: QuotaNode) -> str:
    return f"cohort {queue.root.name}" if queue.parent is not None else f"queue {queue.name}"
