"""kube-scheduler as a component: hears of pods and nodes, asks its strategy, assumes, binds.

One cycle at a time. A cycle decides on the state at its start and takes effect at its end, when
its service time has passed: each placement is validated again, the pod assumed (charged at once).

Mirrors: kube-scheduler v1.36 scheduleOne, assumed pods, asynchronous binding, client limit 50 QPS
/ 100, events as its informers' handlers give them to the queue. Departs: node changes reach it
without lag; a placement is validated when its cycle ends; preemption is tried on the state then.
"""

from __future__ import annotations

from simk8s.api.client import Client
from simk8s.api.requests import POST_EVENT, request
from simk8s.api.store import Store
from simk8s.api.watch import ADDED, BOUND, DELETED, ENDED
from simk8s.kernel.clock import Clock
from simk8s.kernel.phase import Phase as Order
from simk8s.placement.cycle import Verdict
from simk8s.placement.events import (
    Change,
    Event,
    pod_added,
    pod_deleted,
)
from simk8s.placement.plugins.gang_scheduling import GangScheduling
from simk8s.placement.view import View
from simk8s.record.measure import Measure
from simk8s.record.recorder import Recorder
from simk8s.scheduler.failures import Failures
from simk8s.scheduler.gang_queue import GangQueue
from simk8s.scheduler.gangs import GangGate, Gangs, Groups
from simk8s.scheduler.gates import ByProfile, Gate, Preempting, SchedulingGates
from simk8s.scheduler.hearing import hearer
from simk8s.scheduler.hints import Hints, Rejection
from simk8s.scheduler.keeping import queue_of
from simk8s.scheduler.landing import lander
from simk8s.scheduler.ledger import Flight, Ledger, Solo
from simk8s.scheduler.node_news import NodeNews
from simk8s.scheduler.preemptor import Preemptor
from simk8s.scheduler.queue import FLUSH_PERIOD_US
from simk8s.scheduler.queued import Queued
from simk8s.scheduler.storage_news import StorageNews
from simk8s.scheduler.timing import CycleTimes
from simk8s.scheduler.validity import devices_of
from simk8s.state.podgroups import PODGROUPS
from simk8s.state.pods import NEVER, PENDING, Loss
from simk8s.strategies.base import GANG_SCHEDULING, Assignment, Plan, Strategy

HEARD = (ADDED, ENDED, DELETED)


class Scheduler:
    """One scheduler with one strategy."""

    name = "kube-scheduler"

    def __init__(
        self,
        clock: Clock,
        store: Store,
        client: Client,
        strategy: Strategy,
        recorder: Recorder,
        times: CycleTimes,
        lag_us: int,
    ) -> None:
        self.client = client
        self._send_binding = client.sender(self._bind)
        self._note_scheduled = client.noter(POST_EVENT)
        self.measure = Measure(self.name)
        self._clock, self._store = clock, store
        self._cluster, self._view = store.cluster, View(store.cluster)
        self._strategy, self._propose = strategy, strategy.propose
        self._times, self._fixed_us = times, times.fixed_us
        self._ledger = Ledger(recorder, store.cluster, strategy.name, self.measure)
        preempting = Preempting()
        gates: tuple[Gate, ...] = (SchedulingGates(), preempting)
        groups = None
        if GANG_SCHEDULING in strategy.settings.features:
            groups = Groups(store.cluster, store.objects(PODGROUPS))
            gates = (*gates, GangGate(GangScheduling(), groups))
        left_out, framework_of = strategy.settings.left_out, strategy.framework_of
        gates = tuple(ByProfile(g, framework_of) if g.name in left_out else g for g in gates)
        self._hints = Hints(strategy.framework_of, self._view, gates)
        self.queue = queue_of(strategy, groups is not None)(
            self._hints,
            gates,
            initial_backoff_us=strategy.settings.initial_backoff_us,
            max_backoff_us=strategy.settings.max_backoff_us,
        )
        self._preemptor = Preemptor(framework_of, self._view, store, client, preempting, self.queue)
        self._failures = Failures(client, self._resume)
        self._storage = StorageNews(clock, store, self.queue, self._resume, lag_us)
        self._node_news = NodeNews(self._cluster.nodes)
        self._flight: Flight | Solo | None = None
        self._due_us = self._flush_us = NEVER
        self.void: dict[tuple[int, int], bool] = {}
        self.ears = deliver = clock.bell("kube-scheduler/informers", Order.DELIVER, self._deliver)
        self._bell = clock.bell("kube-scheduler", Order.SCHEDULE, self._wake)
        self._pods = store.pods.subscribe(deliver, lag_us, HEARD, (BOUND,))
        self._nodes = store.nodes.subscribe(deliver, 0)
        self._gangs: Gangs | None = None
        if groups is not None and isinstance(self.queue, GangQueue):
            self._gangs = Gangs(clock, self._cluster, groups, self.queue, self._ledger,
                                framework_of, self._go, self._give_back)  # fmt: skip
            self._groups = store.objects(PODGROUPS).log.subscribe(deliver, lag_us)
        self._one_by_one = strategy.batch is None and self._gangs is None
        """Whether every cycle is about one pod, alone."""
        self._hear_of = hearer(self._cluster, self.queue, strategy.handles, self._gangs)
        self._land = lander(self._cluster, self.queue, self._ledger, self._send_binding)

    # --- events

    def _deliver(self, now_us: int) -> None:
        if self._gangs is not None:
            for _, _, name in self._groups.drain(now_us):
                key = self._gangs.groups.hear_of(name)
                self.queue.move(Event(Change.POD_GROUP_ADD, group=key), now_us)
        queue = self.queue
        for _, verb, pod in self._pods.drain(now_us):
            if verb is ADDED:
                self._hear_of(pod, now_us)
            elif verb is ENDED or verb is DELETED:
                self._gone(pod, now_us)
            elif verb is BOUND and (queue.flying or queue.resting):
                queue.move(pod_added(self._cluster.template_of(pod)), now_us)
        if self._nodes.pending:
            for _, _, node in self._nodes.drain(now_us):
                for event in self._node_news.of(node):
                    queue.move(event, now_us)
        waiting = queue.waiting
        if (
            (waiting or queue.keeps)
            and self._flight is None
            and (waiting > queue.delayed or queue.ready)
        ):
            self._bell.ring()

    def _call_back(self, now_us: int) -> None:
        """Wake when a pod that failed with an error has backed off; no event does."""
        if (later_us := self.queue.next_flush_us()) is not None and later_us > now_us:
            self._bell.ring_at(later_us)

    def _gone(self, pod: int, now_us: int) -> None:
        cluster, queue = self._cluster, self.queue
        if self._failures.told:
            self._failures.over(pod)
        if self._gangs is not None:
            self._gangs.remove(pod, cluster.template_of(pod))
        placed = cluster.release(pod) != NEVER
        if not placed:
            queue.remove(pod)
        nominated = False
        if cluster.nominations and cluster.pods.nominated[pod] != NEVER:
            nominated = True
            cluster.nominate(pod, NEVER)
        if (queue.flying or queue.resting) and (placed or nominated):
            self._freed(pod, now_us, None if placed else cluster.pods.priority[pod])

    def _freed(self, pod: int, now_us: int, most_important: int | None = None) -> None:
        """A pod has left its node or the node it was nominated to."""
        cluster, queue = self._cluster, self.queue
        if queue.flying or queue.resting:
            event = pod_deleted(cluster.template_of(pod), cluster.requests_of(pod))
            queue.move(event, now_us, most_important)

    # --- cycles

    def _wake(self, now_us: int) -> None:
        flight, queue = self._flight, self.queue
        if flight is not None:
            if now_us < self._due_us:
                return
            if not isinstance(flight, tuple) or not self._land(now_us, flight):
                self._finish(now_us, flight)
            self._flight = None
            if not (queue.waiting or queue.keeps) and self._flush_us == NEVER:
                return
        if self._failures.under_way:
            return
        if self._flush_us != NEVER:
            self._flush(now_us)
        if self._one_by_one:
            queued = queue.pop(now_us)
            if queued is not None:
                plan = self._propose([queued.query], now_us)
                if not plan.assignments:
                    self._fly(now_us, [queued], plan)
                    return
                service_us = self._service_us(plan)
                nodes = self._cluster.nodes
                end = nodes.dirty_base + len(nodes.dirty)
                self._flight = (now_us, queued, plan, service_us, end)
                self._due_us = due_us = now_us + service_us
                self._bell.ring_at(due_us)
                return
        elif (pods := self._take(now_us)) or queue.news:
            self._start(now_us, pods)
            return
        self._call_back(now_us)

    def _resume(self) -> None:
        """The API has been told of a failure: on to the next cycle."""
        if self._flight is None:
            self._bell.ring()

    def _take(self, now_us: int) -> list[Queued]:
        batch = self._strategy.batch
        if batch is None:
            popped = self.queue.pop(now_us)
            if popped is None:
                return []
            assert self._gangs is not None, "a cycle about one pod is quicker"
            return self._gangs.gather(popped, now_us)
        if self.queue.ready < batch.max_pods:
            oldest = self.queue.oldest_us()
            if oldest is not None and now_us - oldest < batch.window_us:
                self._bell.ring_at(oldest + batch.window_us)
                return []
        taken: list[Queued] = []
        while len(taken) < batch.max_pods and (popped := self.queue.pop(now_us)) is not None:
            taken.append(popped)
        return taken

    def _start(self, now_us: int, pods: list[Queued]) -> None:
        together = self._gangs is not None and pods[0].query.template.group
        propose = self._strategy.propose_together if together else self._strategy.propose
        plan = propose([queued.query for queued in pods], now_us)
        if self.queue.keeps:
            pods = self.queue.joined(pods, plan, now_us)
        more_us = self._times.base_us * (len(pods) - 1) if together else 0
        self._fly(now_us, pods, plan, more_us)

    def _service_us(self, plan: Plan, more_us: int = 0) -> int:
        if plan.latency_us is not None:
            return plan.latency_us
        return (self._fixed_us or self._times.cycle_us(plan.evaluated, *plan.read)) + more_us

    def _fly(self, now_us: int, pods: list[Queued], plan: Plan, more_us: int = 0) -> None:
        """The plan takes effect when its service time has passed (1 us = it takes no time)."""
        service_us = self._service_us(plan, more_us)
        nodes = self._cluster.nodes
        end = nodes.dirty_base + len(nodes.dirty)
        waiting = self._preemptor.waiting(pods, plan) if service_us > 1 else ()
        self._flight = Flight(now_us, pods, plan, service_us, end, waiting)
        self._due_us = due_us = now_us + service_us
        self._bell.ring_at(due_us)

    def _finish(self, now_us: int, flight: Flight | Solo) -> None:
        if isinstance(flight, tuple):
            flight = Flight.of(flight)
        if self._gangs is not None and flight.pods[0].query.template.group:
            self._gangs.finish(now_us, flight, self._assume, self._reject)
            return
        plan, stale = flight.plan, 0
        if self._one_by_one and plan.assignments:
            stale += not self._assume(now_us, flight, flight.pods[0], plan.assignments[0])
        else:
            by_pod = {queued.query.pod: queued for queued in flight.pods}
            for assignment in plan.assignments:
                stale += not self._assume(now_us, flight, by_pod[assignment.pod], assignment)
            for pod, verdict in plan.rejected:
                self._reject(now_us, flight, by_pod[pod], verdict)
        if plan.solve is not None or plan.evictions:
            self._ledger.solve(flight, stale)
            self._preemptor.evict(plan.evictions)

    def _assume(self, now_us: int, flight: Flight, queued: Queued, chosen: Assignment) -> bool:
        query, node, cluster = queued.query, chosen.node, self._cluster
        pods, pod = cluster.pods, query.pod
        pods.attempts[pod] += 1
        if pods.phase[pod] != PENDING or pods.deletion_us[pod] != NEVER:
            self._ledger.attempt(flight, queued, "gone", node=node)
            self.queue.remove(pod)
            return True
        nodes, devices = cluster.nodes, 0
        moved = nodes.dirty_base + len(nodes.dirty) != flight.dirty
        if moved or chosen.devices is not None or not query.requests.plain:
            framework = self._strategy.framework_of(query)
            valid = devices_of(framework, query, self._view, chosen, moved=moved)
            if valid is None:
                self._ledger.attempt(flight, queued, "stale", node=node, feasible=chosen.feasible)
                self.queue.retry(queued, now_us)
                return False
            devices = valid
        if cluster.nominations and pods.nominated[pod] != NEVER:
            cluster.nominate(pod, NEVER)
        cluster.charge(pod, node, devices)
        pods.scheduled_us[pod] = now_us
        self.queue.remove(pod)
        if self._gangs is not None and query.template.group:
            self._gangs.hold(flight, queued, chosen)
        else:
            self._go(flight, queued, chosen)
        return True

    def _go(self, flight: Flight, queued: Queued, chosen: Assignment) -> None:
        """Send the binding of an assumed pod."""
        service_us = flight.service_us
        share_us = service_us // len(flight.pods)
        self._ledger.bound(flight.started_us, service_us, share_us, queued, chosen)
        self._send_binding(queued, chosen.node)

    @request("POST", "pods/binding")
    def _bind(self, queued: Queued, node: int) -> None:
        """POST binding, at its commit; refused, the node is given back, the pod has failed with an
        error, and to others it is as if it had been deleted.
        """
        pod = queued.query.pod
        if self.void and self.void.pop((pod, node), False):
            return  # its sender died before it left
        if self._store.bind(pod, node):
            self._note_scheduled()
            if self._failures.told:
                self._failures.over(pod)
            return
        pods, now_us = self._cluster.pods, self._clock.now_us
        freed = pods.charged[pod] == node
        if freed:
            self._cluster.release(pod)
            self._freed(pod, now_us)
        if pods.phase[pod] == PENDING and pods.deletion_us[pod] == NEVER:
            self.queue.come_back(queued, now_us)
        if self._flight is None:
            self._bell.ring()

    def _give_back(self, queued: Queued, now_us: int, rejection: Rejection) -> None:
        """A pod that was assumed is not bound after all: rejected at Permit."""
        pod = queued.query.pod
        self._cluster.release(pod)
        self._cluster.pods.scheduled_us[pod] = NEVER
        self._freed(pod, now_us)
        assert isinstance(self.queue, GangQueue)
        self.queue.return_rejected(queued, now_us, rejection)
        self._arm_flush(now_us)
        if self._flight is None:
            self._bell.ring()

    # --- failures

    def _reject(self, now_us: int, flight: Flight, queued: Queued, verdict: Verdict) -> None:
        pods, pod = self._cluster.pods, queued.query.pod
        pods.attempts[pod] += 1
        if pods.phase[pod] != PENDING or pods.deletion_us[pod] != NEVER:
            self._ledger.attempt(flight, queued, "gone")
            self.queue.remove(pod)
            return
        if pods.workload[pod] in self._cluster.drops_unfit:
            self._ledger.attempt(flight, queued, "dropped", verdict=verdict)
            self.queue.remove(pod)
            self.client.write(self._store.delete_pod, pod, 0, Loss.DROPPED)
            return
        tries = verdict.plugins and pod not in flight.waiting
        victims = self._preemptor.attempt(queued.query, verdict, flight.plan) if tries else 0
        outcome = "preempting" if victims else "unschedulable"
        node = pods.nominated[pod] if victims else None
        self._ledger.attempt(flight, queued, outcome, node=node, verdict=verdict, victims=victims)
        self._failures.failed(pod, verdict, pods.nominated[pod])
        rejection = Rejection(verdict.plugins)
        wants = self._hints.listening(rejection, queued.query)
        if wants & Change.POD_ADD and not self._pods.wants >> BOUND & 1:
            self._pods.wants |= 1 << BOUND  # some pod waits for others to be bound
        if wants & Change.VOLUMES:
            self._storage.listen(flight.started_us)
        self.queue.fail(queued, now_us, rejection)
        self._arm_flush(now_us)

    def _arm_flush(self, now_us: int) -> None:
        if self._flush_us == NEVER:
            self._flush_us = (now_us // FLUSH_PERIOD_US + 1) * FLUSH_PERIOD_US
            self._bell.ring_at(self._flush_us)

    def _flush(self, now_us: int) -> None:
        if now_us < self._flush_us:
            return
        self._flush_us = NEVER
        self.queue.flush_unschedulable(now_us)
        if self.queue.parked:
            self._arm_flush(now_us)
