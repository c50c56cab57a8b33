"""quota_queues: Kueue's admission by quota, and a node for what is admitted.

Pods wait in ClusterQueues until their gang is admitted: its quota is there, or can be borrowed in
the cohort, or somebody is evicted for it. One plan is one scheduling cycle (one head a queue);
while heads are left that could be admitted, the next follows. Pods of admitted gangs get nodes one
by one (with `together`, all or none), in order of admission, the tightest node that fits. One for
which no node has room keeps its quota and waits; it holds nobody up.

Law: what is admitted of a queue never exceeds nominal quota and borrowing limit, nor its tree
what there is; an evicted gang holds its quota until its pods have left their nodes, and keeps its
age. Pods of no queue need no quota.

Mirrors: Kueue v0.18 (see _queues/): label kueue.x-k8s.io/queue-name, LocalQueue `default` of the
namespace, preemption as deletion of the pods with the condition DisruptionTarget. Departs: freed
quota is offered at once (there: after a second); a pod's label counts, not its owner's; nothing
is suspended: an evicted pod is deleted, and comes back if its owner makes another; no
waitForPodsReady; nobody is preempted for want of a node. UNVERIFIED: `perHead`, 1 ms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import ClassVar

from simk8s.placement import cycle
from simk8s.placement.base import Query
from simk8s.placement.cycle import Verdict
from simk8s.placement.framework import Framework, Profile
from simk8s.strategies._gangs.room import Hopeless, Masks, Room, seat, waiting
from simk8s.strategies._queues.gangs import Gang, Gangs
from simk8s.strategies._queues.pending import Why
from simk8s.strategies._queues.setup import Setup
from simk8s.strategies._queues.tally import Tallies
from simk8s.strategies._queues.workload import Workload
from simk8s.strategies._quota_queues_params import Params
from simk8s.strategies.base import Assignment, Batch, Context, Plan, QueueRow, Strategy

__all__ = ("Params", "QuotaQueues")

MAX_PODS = 65_536
QUEUE = "QuotaQueues"
NOT_WHOLE = "waiting for the other pods of its group"
NO_QUEUE = "there is no LocalQueue of that name"
BEHIND = "waiting in its ClusterQueue"
NO_NODE = "admitted; no node has room"


class QuotaQueues(Strategy):
    """See the module."""

    name: ClassVar[str] = "quota_queues"
    batch = Batch(MAX_PODS, 0, keeps=True)

    def __init__(self, params: Params, context: Context) -> None:
        self.framework = Framework.of(Profile(scores=(), post_filters=()))
        self._params, self._view = params, context.view
        self._masks = Masks(self.framework, context.view)
        self._setup = Setup(params, context.view)
        self._admission = self._setup.admission
        self._gangs = Gangs(context.view.pods)
        self._number = 0
        self._held: dict[int, tuple[Workload, Gang]] = {}
        """Admitted, by number of the workload."""
        self._waiting: dict[int, tuple[Workload, Gang]] = {}
        self._workload_of: dict[int, Workload] = {}
        """By number of the gang."""
        self._free: dict[int, Gang] = {}
        """Gangs of no queue, by number."""
        self._whys: dict[int, str] = {}
        """Why a workload waits, by number."""
        self._tallies = Tallies()
        self._swept = -1
        self._hopeless = Hopeless(context.view)

    def propose(self, pending: Sequence[Query], now_us: int) -> Plan:
        """One cycle, and nodes for all that are admitted."""
        plan = Plan(latency_us=1)
        self._sweep()
        for query in pending:
            self._hear_of(query, now_us)
        heads = self._admit(plan, now_us)
        self._place(plan)
        placed = {assignment.pod for assignment in plan.assignments}
        plan.rejected = [(q.pod, self._why(q)) for q in pending if q.pod not in placed]
        plan.again = self._admission.ready
        plan.latency_us = max(1, heads * self._params.per_head)
        return plan

    # --- gangs come and go

    def _hear_of(self, query: Query, now_us: int) -> None:
        gang = self._gangs.add(query, now_us)
        if gang.started or not gang.whole or gang.number in self._workload_of:
            return
        first = gang.first
        queue = self._setup.queue_of(first)
        if queue is None:
            if self._setup.is_free(first):
                gang.started = True
                self._free[gang.number] = gang
            return
        self._number += 1
        options = self._setup.options(queue, [q.requests for q in gang.waiting.values()])
        kind = (*sorted({(q.template.id, q.requests.id) for q in gang.waiting.values()}), len(gang))
        workload = Workload(
            self._number, queue, first.priority, gang.since_us, options, (first.priority, kind)
        )
        self._workload_of[gang.number] = workload
        self._waiting[workload.number] = workload, gang
        self._admission.submit(workload)

    def _sweep(self) -> None:
        """What has ended or is gone gives its quota back; nothing has if no node has changed."""
        nodes = self._view.nodes
        if self._swept == (swept := nodes.dirty_base + len(nodes.dirty)):
            return
        self._swept = swept
        for workload, gang in list(self._held.values()):
            gone = self._gangs.sweep(gang)
            if gone and gang:
                self._part(workload, gone)
            elif not gang:
                del self._held[workload.number], self._workload_of[gang.number]
                self._admission.release(workload)
            if gone or not gang:
                self._admission.freed(workload.queue)
        for gang in list(self._free.values()):
            self._gangs.sweep(gang)
            if not gang:
                del self._free[gang.number]

    def _part(self, workload: Workload, gone: Sequence[Query]) -> None:
        option = self._setup.options(workload.queue, [q.requests for q in gone])[workload.option]
        assert workload.used is not None
        self._admission.release(workload, {r: a for r, a in option.items() if r in workload.used})

    def _is_alive(self, workload: Workload) -> bool:
        """Whether a head still has its pods."""
        _, gang = self._waiting[workload.number]
        if self._gangs.sweep(gang) and gang:
            asked = [query.requests for query in gang.waiting.values()]
            workload.options = self._setup.options(workload.queue, asked)
        if gang:
            return True
        del self._waiting[workload.number], self._workload_of[gang.number]
        return False

    # --- admission

    def _admit(self, plan: Plan, now_us: int) -> int:
        """One cycle; how many heads there were."""
        entries = self._admission.cycle(now_us, self._is_alive)
        self._admission.settle(entries)
        evicted: list[int] = []
        for entry in entries:
            workload = entry.workload
            if entry.why is None:
                _, gang = self._held[workload.number] = self._waiting.pop(workload.number)
                gang.started = True
                self._whys.pop(workload.number, None)
                self._tallies[workload.queue.name].admit(now_us - gang.asked_us)
                continue
            self._whys[workload.number] = entry.why.value
            if entry.why is Why.PREEMPTING:
                for other in entry.targets:
                    evicted += self._evict(other, now_us)
        plan.evictions = tuple(evicted)
        return len(entries)

    def _evict(self, workload: Workload, now_us: int) -> list[int]:
        """Pods to be deleted; those without a node go back to the queue."""
        if workload.evicted:
            return []
        workload.evicted = True
        _, gang = self._held[workload.number]
        back = self._gangs.withdraw(gang)
        self._tallies[workload.queue.name].evicted += 1
        if not gang:
            del self._held[workload.number], self._workload_of[gang.number]
            self._admission.release(workload)
            self._admission.freed(workload.queue)
        for query in back:
            self._hear_of(query, now_us)
        return list(gang.placed)

    # --- nodes

    def _place(self, plan: Plan) -> None:
        todo = [(self._setup.limits(w), g) for w, g in self._held.values()
                if g.waiting and not w.evicted]  # fmt: skip
        todo += [(None, gang) for gang in self._free.values() if gang.waiting]
        nodes = self._view.nodes
        if not todo or not nodes.n:
            return
        room = Room(self._view, nodes.free, nodes.gpu_free)
        self._hopeless.look()
        for limits, gang in todo:
            queries = list(gang.waiting.values())
            each = [queries] if self._params.together else [[query] for query in queries]
            for some in each:
                alike = (id(limits), *((q.template.id, q.requests.id, q.pinned) for q in some))
                if alike in self._hopeless:
                    continue
                seats = seat(room, self._masks, some, limits)
                if seats is None:
                    self._hopeless.add(alike, room)
                    continue
                plan.assignments += [Assignment(q.pod, node, devices=d) for q, node, d in seats]
                self._gangs.place(gang, [one.query.pod for one in seats])
        plan.evaluated = room.evaluated

    def _why(self, query: Query) -> Verdict:
        """Why a pod that was handed in has no node."""
        gang = self._gangs.of(query.pod)
        workload = self._workload_of.get(gang.number)
        words = NO_NODE
        if not gang.started:
            words = BEHIND if workload is not None else NOT_WHOLE
            if workload is None and gang.whole:
                words = NO_QUEUE
            if workload is not None:
                words = self._whys.get(workload.number, BEHIND)
        elif len(gang.waiting) == 1:
            found = cycle.verdict(self.framework, query, self._view)
            if found.reasons:
                return found
        return waiting(self._view, QUEUE, words)

    def queue_rows(self) -> Iterator[QueueRow]:
        free = self._given_back()
        for name, queue in self._admission.queues.items():
            tally, waiting = self._tallies[name], len(self._admission.pending[name])
            for resource, quota in queue.quotas.items():
                used = queue.usage.get(resource, 0) - free[name, resource]
                yield QueueRow(
                    name, resource, quota.nominal, used, waiting,
                    tally.admitted, tally.evicted, tally.waited_us,
                )  # fmt: skip

    def _given_back(self) -> Counter[tuple[str, str]]:
        """What pods hold that have ended since the last plan: nobody has asked since."""
        found: Counter[tuple[str, str]] = Counter()
        for workload, gang in self._held.values():
            if gone := self._gangs.gone(gang):
                asked = [query.requests for query in gone]
                part = self._setup.options(workload.queue, asked)[workload.option]
                found.update({(workload.queue.name, r): a for r, a in part.items()})
        return found
