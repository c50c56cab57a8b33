"""Watches every workload's replicas: the instrument behind the tables of `schema.damage`.

A replica is available while its pod is Ready, not being deleted, and runs: a pod on a machine that
went down is gone at once, however long the API server takes to notice. So the time to detect is
part of an outage. Nobody in the simulated cluster knows of this: it taps the logs of the store at
their commits (`ChangeLog.tap`), writes nothing and draws nothing.

Law: pods of nobody cost nothing, others two changes each. What is wanted is what the API has at
that instant: `spec.replicas`; for a DaemonSet the nodes that its controller last counted, those
that have become unreachable since included. A rollout lasts from the change of the template until
`kubectl rollout status` would be content.

Departs: minReadySeconds does not matter here, since what is Ready serves. A pod that is evicted, or
whose node is declared unreachable, counts for the latest fault of its node while that lasts and
for ten minutes after (tolerations and the zone's line take so long).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from simk8s.api.objects import ObjectTable
from simk8s.api.store import Store
from simk8s.api.watch import ADDED, DELETED, DELETING, ENDED, STATUS, UPDATED, Tap, Verb
from simk8s.faults.base import Fault
from simk8s.kernel.clock import Clock
from simk8s.nodes.machines import Machines
from simk8s.schema.damage import DipCause
from simk8s.simulation.dips import Data, Dip, Taken, Workload
from simk8s.state.budgets import BUDGETS, DisruptionBudget
from simk8s.state.daemonsets import DAEMONSETS, DaemonSet
from simk8s.state.deployments import DEPLOYMENTS, Deployment
from simk8s.state.pods import FAILED, GONE, NEVER, SUCCEEDED, Loss
from simk8s.state.statefulsets import STATEFULSETS, StatefulSet
from simk8s.state.workloads import (
    JOBS,
    REPLICASETS,
    REPLICATIONCONTROLLERS,
    Job,
    JobCondition,
    ReplicaSet,
)

AFTER_US = 600_000_000
"""A fault that is over explains what happens to its node for so long."""
OBJECTS = (ADDED, UPDATED, DELETED)
_BY_LOSS: dict[int, DipCause] = {
    Loss.NODE_CRASH: DipCause.NODE_LOST,
    Loss.TAINT_EVICTION: DipCause.TAINT_EVICTION,
    Loss.PREEMPTION: DipCause.PREEMPTION,
    Loss.NODE_DELETED: DipCause.NODE_REMOVED,
    Loss.DRAIN: DipCause.EVICTION,
    Loss.DESCHEDULED: DipCause.EVICTION,
    Loss.NODE_PRESSURE: DipCause.NODE_PRESSURE,
    Loss.REJECTED: DipCause.REJECTED,
}
_OWN_DOING = frozenset((DipCause.PREEMPTION, DipCause.ENDED, DipCause.DELETED))
"""No fault of a node explains these."""
_LINGERS = frozenset(
    (
        DipCause.NODE_LOST,
        DipCause.TAINT_EVICTION,
        DipCause.NODE_PRESSURE,
        DipCause.NODE_REMOVED,
        DipCause.EVICTION,
    )
)


@dataclass(slots=True)
class Budget:
    """How long a PodDisruptionBudget allowed nothing."""

    since_us: int
    allowed: int = 0
    expected: int = 0
    exhausted_us: int = 0

    def now(self, now_us: int, allowed: int, expected: int) -> None:
        """What its controller, or an eviction, has written."""
        if self.expected and not self.allowed:
            self.exhausted_us += now_us - self.since_us
        self.since_us, self.allowed, self.expected = now_us, allowed, expected


class Availability:
    """Workloads, budgets and Jobs as the store has them, at every instant."""

    def __init__(
        self,
        clock: Clock,
        store: Store,
        machines: Machines,
        latest: Callable[[int], Fault | None],
    ) -> None:
        self._clock = clock
        self._store = store
        self._cluster = store.cluster
        self._latest = latest
        self.workloads: list[Workload] = []
        self.owners: dict[int, Workload] = {}
        """By owner number: those who own pods."""
        self.budgets: dict[str, Budget] = {}
        self.jobs: dict[int, list[int]] = {}
        """By number of their workload entry: Jobs that were created, are complete, have failed."""
        self._machines = machines
        self._by_key: dict[tuple[str, str], Workload] = {}
        self._up: set[int] = set()
        """Pods that are available (looked up, never iterated)."""
        self._unseen: dict[int, list[Dip]] = {}
        """By node that went down unnoticed: dips of pods that it had."""
        self._unfinished: set[str] = set()
        """Jobs that are not over (looked up, never iterated)."""
        for table, hear in (
            (DEPLOYMENTS, self._hear_deployment),
            (REPLICASETS, self._hear_replicas("ReplicaSet", REPLICASETS)),
            (
                REPLICATIONCONTROLLERS,
                self._hear_replicas("ReplicationController", REPLICATIONCONTROLLERS),
            ),
            (STATEFULSETS, self._hear_stateful),
            (DAEMONSETS, self._hear_daemons),
            (BUDGETS, self._hear_budget),
            (JOBS, self._hear_job),
        ):
            store.objects(table).log.tap(hear, OBJECTS)
        for key in list(store.objects(BUDGETS).keys()):
            self._hear_budget(ADDED, key)

    # --- pods

    def _own(self, owner: int, workload: Workload) -> None:
        """From the first owner on, pods are listened to."""
        if not self.owners:
            self._store.pods.tap(self._pod_hearer(), (STATUS, ENDED, DELETING, DELETED))
            self._store.nodes.tap(self._hear_node, (STATUS, DELETED))
            self._machines.listen(self._crashed, self._restored)
        self.owners[owner] = workload

    def _pod_hearer(self) -> Tap:
        pods, owners, up = self._cluster.pods, self.owners, self._up
        owner, readies, leaves, started = pods.owner, pods.ready, pods.deletion_us, pods.started_us
        bound, ordinals, clock = pods.bound_us, pods.ordinal, self._clock
        known, gained = owners.get, up.add

        def hear(verb: Verb, pod: int) -> None:
            workload = known(owner[pod])
            if workload is None:
                return
            if readies[pod] and leaves[pod] == NEVER and started[pod] != NEVER:
                if pod not in up:
                    gained(pod)
                    workload.gain(clock.now_us, bound[pod])
                    if workload.data is not None:
                        workload.data.back(clock.now_us, ordinals[pod])
            elif pod in up:
                self._lost(workload, pod)
            elif workload.dip is not None and pod in workload.dip.unseen:
                self._noticed(workload.dip, pod)

        return hear

    def _noticed(self, dip: Dip, pod: int) -> None:
        """What the API has of a pod that is gone has changed; perhaps to what is the case."""
        pods = self._cluster.pods
        if not pods.ready[pod] or pods.deletion_us[pod] != NEVER:
            dip.notice(self._clock.now_us)

    def _lost(self, workload: Workload, pod: int, crashed: bool = False) -> None:
        pods, now_us = self._cluster.pods, self._clock.now_us
        self._up.discard(pod)
        node = pods.node[pod]
        if workload.available > workload.desired:  # nobody misses it, so nobody asks why
            workload.shed(now_us)
        else:
            cause = DipCause.NODE_LOST if crashed else self._cause(pod, node)
            taken = Taken(cause, node, self._fault(node, cause, now_us), not crashed)
            workload.lose(now_us, pod, taken)
        if workload.data is not None:
            workload.data.lost(now_us, pods.ordinal[pod])
        if crashed and workload.dip is not None:
            self._unseen.setdefault(node, []).append(workload.dip)

    def _cause(self, pod: int, node: int) -> DipCause:
        pods = self._cluster.pods
        found = _BY_LOSS.get(pods.loss[pod]) if pods.loss[pod] else None
        if found is not None:
            return found
        phase = pods.phase[pod]
        if phase in (SUCCEEDED, FAILED):
            return DipCause.ENDED if phase == SUCCEEDED else DipCause.CONTAINER
        if phase == GONE or pods.deletion_us[pod] != NEVER:
            return DipCause.DELETED
        return DipCause.CONTAINER if self._store.ready[node] else DipCause.NODE_LOST

    def _fault(self, node: int, cause: DipCause, now_us: int) -> Fault | None:
        """The fault that explains it."""
        if cause in _OWN_DOING:
            return None
        fault = self._latest(node)
        if fault is None or fault.duration_us is None:
            return fault
        lasts_us = fault.duration_us + (AFTER_US if cause in _LINGERS else 0)
        return fault if now_us <= fault.at_us + lasts_us else None

    # --- machines and nodes

    def _crashed(self, row: int) -> None:
        """A machine is down, and the kubelets have been told."""
        pods = self._cluster.pods
        for pod in list(self._cluster.nodes.pods_on[row]):
            if pod in self._up and pods.node[pod] == row:
                self._lost(self.owners[pods.owner[pod]], pod, crashed=True)

    def _restored(self, row: int) -> None:
        """It is back: that it was away is only told by its kubelet, pod by pod."""
        self._unseen.pop(row, None)

    def _hear_node(self, verb: Verb, row: int) -> None:
        if verb is DELETED or not self._store.ready[row]:
            for dip in self._unseen.pop(row, ()):
                dip.notice(self._clock.now_us)

    # --- owners

    def _known(self, kind: str, key: str) -> Workload:
        found = self._by_key.get((kind, key))
        if found is None:
            now_us = self._clock.now_us
            found = Workload(kind, key, now_us, now_us, len(self.workloads))
            self._by_key[kind, key] = found
            self.workloads.append(found)
        return found

    def _gone(self, kind: str, key: str) -> None:
        workload, now_us = self._by_key.pop((kind, key), None), self._clock.now_us
        if workload is not None:
            workload.last_desired, workload.deleted_us = workload.desired, now_us
            if workload.data is not None:
                workload.data.keep(now_us, 0)
            workload.want(now_us, 0)

    def _rolls(self, workload: Workload, letters: str, through: bool) -> None:
        """A rollout begins with another template and ends when it is through."""
        if workload.template_hash != letters:
            workload.rolling = bool(workload.template_hash)
            workload.template_hash = letters
        elif workload.rolling and through:
            workload.rolling = False

    def _hear_replicas(self, kind: str, table: str) -> Tap:
        sets: ObjectTable[ReplicaSet] = self._store.objects(table)

        def hear(verb: Verb, key: str) -> None:
            stored = sets.get(key)
            if stored is None:
                self._gone(kind, key)
                return
            wanted = stored.value
            if wanted.deployment:
                if wanted.pods.owner not in self.owners:
                    self._own(wanted.pods.owner, self._known("Deployment", wanted.deployment))
                return
            workload = self._known(kind, key)
            if verb is ADDED:
                self._own(wanted.pods.owner, workload)
            workload.want(self._clock.now_us, wanted.replicas)

        return hear

    def _hear_deployment(self, verb: Verb, key: str) -> None:
        stored = self._store.objects(DEPLOYMENTS).get(key)
        if stored is None:
            self._gone("Deployment", key)
            return
        wanted: Deployment = stored.value
        status, workload = wanted.status, self._known("Deployment", key)
        through = (
            status.observed_generation >= wanted.generation
            and status.updated == status.replicas == wanted.replicas
            and status.available >= wanted.replicas
        )
        self._rolls(workload, wanted.template_hash, through)
        workload.want(self._clock.now_us, wanted.replicas)

    def _hear_stateful(self, verb: Verb, key: str) -> None:
        stored = self._store.objects(STATEFULSETS).get(key)
        if stored is None:
            self._gone("StatefulSet", key)
            return
        wanted: StatefulSet = stored.value
        status, workload = wanted.status, self._known("StatefulSet", key)
        now_us = self._clock.now_us
        if verb is ADDED:
            self._own(wanted.pods.owner, workload)
            workload.data = Data(wanted.start) if wanted.claims else None
        if workload.data is not None and workload.desired > wanted.replicas:
            workload.data.keep(now_us, wanted.replicas)
        through = (
            status.observed_generation >= wanted.generation
            and status.updated >= wanted.replicas - wanted.partition
            and status.ready >= wanted.replicas
        )
        self._rolls(workload, wanted.template_hash, through)
        workload.want(now_us, wanted.replicas)

    def _hear_daemons(self, verb: Verb, key: str) -> None:
        stored = self._store.objects(DAEMONSETS).get(key)
        if stored is None:
            self._gone("DaemonSet", key)
            return
        wanted: DaemonSet = stored.value
        status, workload = wanted.status, self._known("DaemonSet", key)
        if verb is ADDED:
            self._own(wanted.pods.owner, workload)
        through = (
            status.observed_generation >= wanted.generation
            and status.updated >= status.desired
            and status.available >= status.desired
        )
        self._rolls(workload, wanted.template_hash, through)
        # A node that is unreachable is not desired any more and has a pod that is misscheduled.
        workload.want(self._clock.now_us, status.desired + status.misscheduled)

    # --- budgets and Jobs

    def _hear_budget(self, verb: Verb, key: str) -> None:
        stored, now_us = self._store.objects(BUDGETS).get(key), self._clock.now_us
        budget = self.budgets.get(key)
        if budget is None:
            budget = self.budgets[key] = Budget(now_us)
        if stored is None:
            budget.now(now_us, 0, 0)
            return
        value: DisruptionBudget = stored.value
        budget.now(now_us, value.status.allowed, value.status.expected)

    def _hear_job(self, verb: Verb, key: str) -> None:
        stored = self._store.objects(JOBS).get(key)
        if stored is None:
            self._unfinished.discard(key)
            return
        job: Job = stored.value
        counts = self.jobs.setdefault(job.pods.workload, [0, 0, 0])
        if verb is ADDED:
            counts[0] += 1
            self._unfinished.add(key)
        condition = job.status.condition
        if condition.final and key in self._unfinished:
            self._unfinished.discard(key)
            counts[1 if condition is JobCondition.COMPLETE else 2] += 1

    # --- the end

    def finish(self, now_us: int) -> None:
        """Count up to the end of the run."""
        for workload in self.workloads:
            workload.finish(now_us)
            if workload.data is not None:
                workload.data.finish(now_us)
        for budget in self.budgets.values():
            budget.now(now_us, budget.allowed, budget.expected)

    def dips(self) -> Iterator[tuple[Workload, Dip]]:
        """All dips in order of their starts."""
        found = [(dip, workload) for workload in self.workloads for dip in workload.dips]
        for dip, workload in sorted(found, key=lambda one: (one[0].start_us, one[1].number)):
            yield workload, dip
