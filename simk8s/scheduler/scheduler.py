"""kube-scheduler as a component: hears of pods and nodes, asks its strategy, assumes, binds.

One cycle at a time. A cycle decides on the state at its start and takes effect at its end, when
its service time has passed: each placement is validated again, the pod is assumed (charged to the
node at once) and its binding is sent without waiting for it. What changed in between is looked at
before a pod is parked.

Mirrors: kube-scheduler v1.36 scheduleOne, assumed pods, asynchronous binding, client limit 50 QPS
/ 100. Departs: node changes reach it without lag; preemption's API calls are issued at the end of
the cycle.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from simk8s.api.client import Client
from simk8s.api.store import Store
from simk8s.api.watch import ADDED, DELETED, ENDED
from simk8s.kernel.clock import Clock
from simk8s.kernel.phase import Phase as Order
from simk8s.placement.base import Query
from simk8s.placement.cycle import Verdict
from simk8s.placement.preemption import preempt
from simk8s.placement.select import fits
from simk8s.placement.view import View
from simk8s.record.measure import Measure
from simk8s.record.recorder import Recorder
from simk8s.scheduler.queue import FLUSH_PERIOD_US, SchedulingQueue
from simk8s.scheduler.timing import CycleTimes
from simk8s.state.pods import NEVER, PENDING, Loss
from simk8s.strategies.base import Assignment, Plan, Strategy

Popped = tuple[Query, int]


@dataclass(slots=True)
class _Flight:
    """A cycle under way: what it is about and what it will do when it ends."""

    started_us: int
    pods: list[Popped]
    plan: Plan
    service_us: int
    dirty: int


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
        self.queue = SchedulingQueue()
        self.client = client
        self.measure = Measure(self.name)
        self._clock = clock
        self._store = store
        self._cluster = store.cluster
        self._view = View(store.cluster)
        self._strategy = strategy
        self._times = times
        self._decisions = recorder.decisions
        self._solves = recorder.solves
        self._reasons = recorder.reasons
        self._reason_ids: dict[str, int] = {}
        self._flight: _Flight | None = None
        self._due_us = NEVER
        self._flush_us = NEVER
        deliver = clock.bell("kube-scheduler/informers", Order.DELIVER, self._deliver)
        self._bell = clock.bell("kube-scheduler", Order.SCHEDULE, self._wake)
        heard = (ADDED, ENDED, DELETED)
        self._pods = store.pods.subscribe(deliver, lag_us, heard)
        self._nodes = store.nodes.subscribe(deliver, 0)

    # --- events

    def _deliver(self, now_us: int) -> None:
        for _, verb, pod in self._pods.drain(now_us):
            if verb is ADDED:
                self._hear_of(pod, now_us)
            elif verb is DELETED or verb is ENDED:
                self._gone(pod, now_us)
        for _, _, node in self._nodes.drain(now_us):
            self._wake_parked(node, now_us)
        if self._flight is None and self.queue.ready:
            self._bell.ring()

    def _hear_of(self, pod: int, now_us: int) -> None:
        pods = self._cluster.pods
        if pods.phase[pod] == PENDING and pods.node[pod] == NEVER:
            template = self._cluster.template_of(pod)
            requests = self._cluster.requests_of(pod)
            self.queue.add(Query(pod, template, requests, pods.priority[pod]), now_us)

    def _gone(self, pod: int, now_us: int) -> None:
        cluster = self._cluster
        node = cluster.release(pod)
        if node != NEVER:
            self._wake_parked(node, now_us)
        else:
            self.queue.remove(pod)
        if cluster.pods.nominated[pod] != NEVER:
            cluster.nominate(pod, NEVER)

    def _wake_parked(self, node: int, now_us: int) -> None:
        if self.queue.parked:
            self.queue.wake(now_us, self._helps(node))

    def _helps(self, node: int) -> Callable[[Query], bool]:
        framework, view = self._strategy.framework, self._view
        return lambda query: fits(framework, query, view, node)

    # --- cycles

    def _wake(self, now_us: int) -> None:
        if self._flight is not None:
            if now_us < self._due_us:
                return
            self._finish(now_us, self._flight)
            self._flight = None
        self._flush(now_us)
        pods = self._take(now_us)
        if pods:
            self._start(now_us, pods)

    def _take(self, now_us: int) -> list[Popped]:
        batch = self._strategy.batch
        if batch is None:
            popped = self.queue.pop(now_us)
            return [] if popped is None else [popped]
        if self.queue.ready < batch.max_pods:
            oldest = self.queue.oldest_us()
            if oldest is not None and now_us - oldest < batch.window_us:
                self._bell.ring_at(oldest + batch.window_us)
                return []
        taken: list[Popped] = []
        while len(taken) < batch.max_pods and (popped := self.queue.pop(now_us)) is not None:
            taken.append(popped)
        return taken

    def _start(self, now_us: int, pods: list[Popped]) -> None:
        nodes = self._cluster.nodes
        plan = self._strategy.propose([query for query, _ in pods], now_us)
        service_us = plan.latency_us
        if service_us is None:
            service_us = self._times.cycle_us(plan.evaluated)
        end = nodes.dirty_base + len(nodes.dirty)
        self._flight = _Flight(now_us, pods, plan, service_us, end)
        self._due_us = now_us + service_us
        self._bell.ring_at(self._due_us)

    def _finish(self, now_us: int, flight: _Flight) -> None:
        sinces = {query.pod: (query, since) for query, since in flight.pods}
        plan, stale = flight.plan, 0
        for assignment in plan.assignments:
            query, since = sinces[assignment.pod]
            stale += not self._assume(now_us, flight, query, since, assignment)
        for pod, verdict in plan.rejected:
            query, since = sinces[pod]
            self._reject(now_us, flight, query, since, verdict)
        if plan.solve is not None:
            self._record_solve(flight, stale)

    def _assume(
        self, now_us: int, flight: _Flight, query: Query, since: int, chosen: Assignment
    ) -> bool:
        pods, pod, node = self._cluster.pods, query.pod, chosen.node
        pods.attempts[pod] += 1
        if pods.phase[pod] != PENDING or pods.deletion_us[pod] != NEVER:
            self._decide(flight, query, since, "gone", node=node)
            return True
        devices = self._valid(flight, query, chosen)
        if devices is None:
            self._decide(flight, query, since, "stale", node=node, feasible=chosen.feasible)
            self.queue.retry(query, now_us)
            return False
        if pods.nominated[pod] != NEVER:
            self._cluster.nominate(pod, NEVER)
        self._cluster.charge(pod, node, devices)
        pods.scheduled_us[pod] = now_us
        self._decide(
            flight, query, since, "bound", node=node, feasible=chosen.feasible, score=chosen.score
        )
        self.queue.forget(pod)
        self.client.write(self._bind, query, node)
        return True

    def _valid(self, flight: _Flight, query: Query, chosen: Assignment) -> int | None:
        """The GPU devices to take if the placement still holds, else None."""
        nodes = self._cluster.nodes
        moved = nodes.dirty_base + len(nodes.dirty) != flight.dirty
        if moved and not fits(self._strategy.framework, query, self._view, chosen.node):
            return None
        if chosen.devices is not None:
            milli = query.requests.gpu.milli
            free = nodes.gpu_free[:, chosen.node].tolist()
            wanted = [d for d in range(chosen.devices.bit_length()) if chosen.devices >> d & 1]
            return chosen.devices if all(free[d] >= milli for d in wanted) else None
        return nodes.choose_devices(chosen.node, query.requests)

    def _bind(self, query: Query, node: int) -> None:
        """POST binding, at its commit; refused, the node is given back and the pod retried."""
        if self._store.bind(query.pod, node):
            return
        pods, now_us = self._cluster.pods, self._clock.now_us
        if pods.charged[query.pod] == node:
            self._cluster.release(query.pod)
            self._wake_parked(node, now_us)
        if pods.phase[query.pod] == PENDING and pods.deletion_us[query.pod] == NEVER:
            self.queue.retry(query, now_us)
        if self._flight is None and self.queue.ready:
            self._bell.ring()

    # --- failures

    def _reject(
        self, now_us: int, flight: _Flight, query: Query, since: int, verdict: Verdict
    ) -> None:
        pods, pod = self._cluster.pods, query.pod
        pods.attempts[pod] += 1
        if pods.phase[pod] != PENDING or pods.deletion_us[pod] != NEVER:
            self._decide(flight, query, since, "gone")
            return
        if pods.workload[pod] in self._cluster.drops_unfit:
            self._decide(flight, query, since, "dropped", verdict=verdict)
            self.client.write(self._store.delete_pod, pod, 0, Loss.DROPPED)
            return
        if self._changed_to_fit(flight, query):
            self._decide(flight, query, since, "unschedulable", verdict=verdict)
            self.queue.retry(query, now_us)
            return
        victims = self._preempt(query, verdict)
        outcome = "preempting" if victims else "unschedulable"
        node = pods.nominated[pod] if victims else None
        self._decide(flight, query, since, outcome, node=node, verdict=verdict, victims=victims)
        self.queue.park(query, now_us)
        self._arm_flush(now_us)

    def _changed_to_fit(self, flight: _Flight, query: Query) -> bool:
        """Whether a node that changed during the cycle now takes the pod."""
        nodes = self._cluster.nodes
        changed = nodes.dirty[max(0, flight.dirty - nodes.dirty_base) :]
        framework = self._strategy.framework
        return any(fits(framework, query, self._view, n) for n in dict.fromkeys(changed))

    def _preempt(self, query: Query, verdict: Verdict) -> int:
        """Nominate a node and delete its victims; how many there are."""
        pods = self._cluster.pods
        if query.priority <= self._cluster.templates.lowest_priority:
            return 0
        nominated = pods.nominated[query.pod]
        if nominated != NEVER and self._leaving(nominated, query.priority):
            return 0
        found = preempt(self._strategy.framework, query, self._view, verdict.resolvable)
        if found is None:
            return 0
        self._cluster.nominate(query.pod, found.node)
        for victim in found.victims:
            self.client.write(self._store.delete_pod, victim, None, Loss.PREEMPTION)
        return len(found.victims)

    def _leaving(self, node: int, priority: int) -> bool:
        """Whether a pod of lower priority on the node is being deleted already."""
        pods = self._cluster.pods
        return any(
            pods.deletion_us[p] != NEVER and pods.priority[p] < priority
            for p in self._view.pods_on(node)
        )

    def _arm_flush(self, now_us: int) -> None:
        if self._flush_us == NEVER:
            self._flush_us = (now_us // FLUSH_PERIOD_US + 1) * FLUSH_PERIOD_US
            self._bell.ring_at(self._flush_us)

    def _flush(self, now_us: int) -> None:
        if self._flush_us == NEVER or now_us < self._flush_us:
            return
        self._flush_us = NEVER
        self.queue.flush_unschedulable(now_us)
        if self.queue.parked:
            self._arm_flush(now_us)

    # --- records

    def _decide(
        self,
        flight: _Flight,
        query: Query,
        since: int,
        outcome: str,
        *,
        node: int | None = None,
        feasible: int = 0,
        score: int | None = None,
        verdict: Verdict | None = None,
        victims: int = 0,
    ) -> None:
        wait_us = flight.started_us - since
        self.measure.item(wait_us, flight.service_us // len(flight.pods))
        self._decisions.append(
            (
                flight.started_us,
                query.pod,
                self._cluster.pods.attempts[query.pod],
                self._strategy.name,
                outcome,
                node,
                feasible,
                score,
                wait_us,
                flight.service_us,
                None if verdict is None else self._reason(verdict),
                victims,
            )
        )

    def _reason(self, verdict: Verdict) -> int:
        text = "; ".join(sorted(verdict.reasons)) or "no nodes available"
        number = self._reason_ids.get(text)
        if number is None:
            number = self._reason_ids[text] = len(self._reason_ids)
            self._reasons.append((number, text, ", ".join(verdict.plugins) or None))
        return number

    def _record_solve(self, flight: _Flight, stale: int) -> None:
        solve = flight.plan.solve
        assert solve is not None
        self._solves.append(
            (
                flight.started_us,
                len(flight.pods),
                solve.candidates,
                solve.status,
                solve.objective,
                solve.bound,
                solve.gap,
                solve.hint_objective,
                solve.deterministic_time,
                flight.service_us,
                len(flight.plan.assignments),
                stale,
                solve.wall_s,
            )
        )
