"""Carries out a preemption: nominates the pod, then has its victims deleted.

Mirrors: kube-scheduler v1.36 DefaultPreemption with asynchronous preemption: a pod whose earlier
victims are still leaving its nominated node waits for them; a pod for which nothing is found
loses its nomination; pods of lower priority that were nominated to the node lose theirs; all
victims but one are deleted at once, the last when those calls are through, and until then the
preemptor stays out of the queue.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from simk8s.api.client import Client
from simk8s.api.requests import POST_EVENT
from simk8s.api.server import Done
from simk8s.api.store import Store
from simk8s.placement.base import Query
from simk8s.placement.cycle import Verdict
from simk8s.placement.framework import Framework
from simk8s.placement.memo import Memo
from simk8s.placement.preemption import Candidate, preempt
from simk8s.placement.view import View
from simk8s.scheduler.failures import patch_condition
from simk8s.scheduler.gates import Preempting
from simk8s.scheduler.queue import SchedulingQueue
from simk8s.scheduler.queued import Queued
from simk8s.scheduler.relocator import Relocator
from simk8s.state.pods import NEVER, Loss
from simk8s.strategies.base import Plan

DEFAULT_PREEMPTION = "default_preemption"


class Preemptor:
    """PostFilter of one scheduler."""

    def __init__(
        self,
        framework_of: Callable[[Query], Framework],
        view: View,
        store: Store,
        client: Client,
        gate: Preempting,
        queue: SchedulingQueue,
    ) -> None:
        self._framework_of = framework_of
        self._view = view
        self._cluster = view.cluster
        self._store = store
        self._client = client
        self._gate = gate
        self._queue = queue
        self._hopeless: dict[int, Memo[bool]] = {}
        """By identity of the framework, which its memo keeps."""
        self._relocator: Relocator | None = None

    def attempt(self, query: Query, verdict: Verdict, plan: Plan) -> int:
        """Nominate a node and have its victims deleted, or moved if the plan says so; how many
        there are.
        """
        relocation = plan.relocations.get(query.pod)
        if relocation is not None and not self.waits(query, verdict):
            self._nominate(query, relocation.node)
            if self._relocator is None:
                self._relocator = Relocator(self._store, self._client, self._gate, self._queue)
            self._relocator.carry_out(query.pod, relocation)
            return len(relocation.moves)
        if DEFAULT_PREEMPTION not in self._framework_of(query).post_filters:
            return 0
        if not query.template.preempts or self.waits(query, verdict):
            return 0
        found = self._search(query, verdict)
        if found is None:
            if self._cluster.pods.nominated[query.pod] != NEVER:
                self._cluster.nominate(query.pod, NEVER)
            return 0
        self._nominate(query, found.node)
        self._evict(query.pod, found)
        return len(found.victims)

    def evict(self, pods: Iterable[int]) -> None:
        """Have pods deleted because the strategy says so, for nobody in particular."""
        for pod in pods:
            if self._cluster.pods.deletion_us[pod] == NEVER:
                self._kill(pod, _unheard)

    def _search(self, query: Query, verdict: Verdict) -> Candidate | None:
        if query.priority <= self._cluster.templates.lowest_priority:
            return None
        framework = self._framework_of(query)
        hopeless = self._hopeless.get(id(framework))
        if hopeless is None:
            hopeless = self._hopeless[id(framework)] = Memo(framework, self._view)
        if hopeless.get(query):
            return None
        found = preempt(framework, query, self._view, verdict.resolvable)
        if found is None:
            hopeless.put(query, True)
        return found

    def waiting(self, pods: Iterable[Queued], plan: Plan) -> tuple[int, ...]:
        """Which rejected pods of a plan wait, as things are when its cycle begins."""
        if not plan.rejected or not self._cluster.nominations:
            return ()
        queries = {queued.query.pod: queued.query for queued in pods}
        return tuple(pod for pod, verdict in plan.rejected if self.waits(queries[pod], verdict))

    def waits(self, query: Query, verdict: Verdict) -> bool:
        """Whether victims of its earlier preemption are still leaving a node that may do."""
        pods = self._cluster.pods
        row = pods.nominated[query.pod]
        if row == NEVER:
            return False
        if self._relocator is not None and self._relocator.is_under_way(query.pod):
            return True
        if row not in verdict.resolvable:
            return False
        return any(
            pods.deletion_us[p] != NEVER
            and pods.loss[p] == Loss.PREEMPTION
            and pods.priority[p] < query.priority
            for p in self._view.pods_on(row)
        )

    def _nominate(self, query: Query, node: int) -> None:
        cluster = self._cluster
        for pod in list(cluster.nominations.get(node, {})):
            if cluster.pods.priority[pod] < query.priority:
                cluster.nominate(pod, NEVER)
        cluster.nominate(query.pod, node)

    def _evict(self, pod: int, found: Candidate) -> None:
        """Delete the victims, the last one when all others are through."""
        *others, last = found.victims
        left = len(others)

        def through(now_us: int, _: object) -> None:
            nonlocal left
            left -= 1
            if not left:
                self._finish(pod, last)

        if not others:
            self._finish(pod, last)
            return
        self._gate.pods.add(pod)
        for victim in others:
            self._kill(victim, through)

    def _finish(self, pod: int, last: int) -> None:
        """Delete the last victim; its going wakes the preemptor, unless it is gone already."""

        def through(now_us: int, deleted: bool) -> None:
            if not deleted:
                self._queue.activate(pod, now_us)

        self._gate.pods.discard(pod)
        self._kill(last, through)

    def _kill(self, victim: int, through: Done) -> None:
        """Tell a victim's condition DisruptionTarget and, once that is stored, delete it."""
        self._client.note(POST_EVENT)  # Preempted

        def told(now_us: int, _: object) -> None:
            self._client.write(self._store.delete_pod, victim, None, Loss.PREEMPTION, done=through)

        if self._client.instant:
            told(0, True)
        else:
            self._client.write(patch_condition, victim, done=told)


def _unheard(now_us: int, _: object) -> None:
    """Whoever waits for the room hears of it when it is there."""
