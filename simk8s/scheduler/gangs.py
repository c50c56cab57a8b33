"""Pod groups in the scheduler: who belongs to which, and pods that wait for the rest of theirs.

A group's pods are popped together and placed together; what becomes of the plan is decided here.
With at least minCount pods on nodes (those that are there already count), every pod that has one
is assumed and bound; otherwise all of them fail: those that fit nowhere as any pod does, the
others by an error, so that they, and with them the group, are tried again after a backoff.

Law: no pod of a gang is bound before minCount pods of it hold a node.

Mirrors: kube-scheduler v1.36 schedule_one_podgroup and GangScheduling (alpha): members in the
queue popped together, by priority, then by their first attempt; a group of which some member
preempts waits for its victims as a whole; at Permit pods wait up to 5 minutes for their quorum
and call the rest of the group. Departs: members first tried together are ordered as they were
created (there: as a Go map has them); victims are chosen when the cycle ends, with the members
that fit nominated to their nodes; they are evicted even if the group then does not fit, as in
the alpha.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from simk8s.api.objects import ObjectTable
from simk8s.kernel.clock import Clock
from simk8s.kernel.phase import Phase as Order
from simk8s.placement.base import Query
from simk8s.placement.cycle import Verdict
from simk8s.placement.events import Event
from simk8s.placement.framework import Framework
from simk8s.placement.plugins.gang_scheduling import (
    NO_QUORUM,
    PERMIT_TIMEOUT_US,
    PREEMPTING,
    GangScheduling,
)
from simk8s.placement.view import View
from simk8s.scheduler.gang_queue import GangQueue
from simk8s.scheduler.gates import Gate
from simk8s.scheduler.hints import Rejection
from simk8s.scheduler.ledger import Flight, Ledger
from simk8s.scheduler.queued import Queued
from simk8s.state.cluster import Cluster
from simk8s.state.podgroups import PodGroup
from simk8s.state.pods import NEVER, PENDING
from simk8s.state.shapes import PodTemplate
from simk8s.strategies.base import Assignment

Key = tuple[str, str]
"""(namespace, name) of a PodGroup."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A pod that has its node and waits at Permit."""

    flight: Flight
    queued: Queued
    chosen: Assignment


class Groups:
    """The groups that the scheduler has heard of, and their pods that have not ended."""

    def __init__(self, cluster: Cluster, stored: ObjectTable[PodGroup]) -> None:
        self._cluster = cluster
        self._stored = stored
        self._heard: dict[Key, PodGroup] = {}
        self._members: dict[Key, dict[int, None]] = {}

    def hear_of(self, name: str) -> Key:
        """A PodGroup `namespace/name` has come."""
        namespace, _, own = name.partition("/")
        stored = self._stored.get(name)
        if stored is not None:
            self._heard[namespace, own] = stored.value
        return namespace, own

    def get(self, key: Key) -> PodGroup | None:
        """The group, if it is known."""
        return self._heard.get(key)

    def members(self, key: Key) -> dict[int, None]:
        """Its pods in the order in which they came to be known."""
        return self._members.get(key, {})

    def add(self, pod: int, key: Key) -> None:
        """A pod has come."""
        self._members.setdefault(key, {})[pod] = None

    def remove(self, pod: int, key: Key) -> None:
        """A pod has ended or is gone."""
        self.members(key).pop(pod, None)

    def scheduled(self, key: Key) -> int:
        """How many of its pods hold a node, bound or assumed."""
        charged = self._cluster.pods.charged
        return sum(charged[pod] != NEVER for pod in self.members(key))


class GangGate(Gate):
    """PreEnqueue of GangScheduling."""

    name: str = GangScheduling.name
    events: int = GangScheduling.events
    named = ()

    def __init__(self, plugin: GangScheduling, groups: Groups) -> None:
        self._plugin = plugin
        self._groups = groups

    def holds(self, query: Query) -> bool:
        """Whether its group is missing or has too few pods."""
        template = query.template
        if not template.group:
            return False
        key = key_of(template)
        pods = len(self._groups.members(key))
        return bool(self._plugin.pre_enqueue(template, self._groups.get(key), pods))

    def hint(self, event: Event, query: Query, view: View) -> bool:
        """Whether the event is about its group, and would not leave the pod outside again."""
        return self._plugin.hint(event, query.template) and not self.holds(query)


Bind = Callable[[Flight, Queued, Assignment], None]
Assume = Callable[[int, Flight, Queued, Assignment], bool]
Reject = Callable[[int, Flight, Queued, Verdict], None]
GiveBack = Callable[[Queued, int, Rejection], None]


class Gangs:
    """Group cycles and Permit of one scheduler."""

    def __init__(
        self,
        clock: Clock,
        cluster: Cluster,
        groups: Groups,
        queue: GangQueue,
        ledger: Ledger,
        framework_of: Callable[[Query], Framework],
        bind: Bind,
        give_back: GiveBack,
    ) -> None:
        self.groups = groups
        self._cluster = cluster
        self._plugin = GangScheduling()
        self._queue = queue
        self._ledger = ledger
        self._framework_of = framework_of
        self._bind = bind
        self._give_back = give_back
        self._first_us: dict[int, int] = {}
        """When a pod was tried first."""
        self._waiting: dict[int, Waiting] = {}
        self._lane = clock.lane("kube-scheduler/permit", Order.SCHEDULE, self._expire)

    @property
    def waiting(self) -> list[int]:
        """Pods that wait at Permit."""
        return list(self._waiting)

    # --- coming and going

    def add(self, pod: int, template: PodTemplate) -> None:
        """A pod of a group has come; to be told before it is queued."""
        self.groups.add(pod, key_of(template))

    def remove(self, pod: int, template: PodTemplate) -> None:
        """A pod of a group has ended or is gone."""
        self.groups.remove(pod, key_of(template))
        self._waiting.pop(pod, None)
        self._first_us.pop(pod, None)

    def gather(self, popped: Queued, now_us: int) -> list[Queued]:
        """A popped pod and all others of its group that are queued, in the order of their turn."""
        template = popped.query.template
        if not template.group:
            return [popped]
        found = [popped]
        for pod in self.groups.members(key_of(template)):
            queued = self._queue.take(pod, now_us)
            if queued is not None:
                found.append(queued)
        first = self._first_us
        for queued in found:
            first.setdefault(queued.query.pod, now_us)
        found.sort(key=lambda q: (-q.query.priority, first[q.query.pod], q.query.pod))
        return found

    # --- the end of a cycle

    def finish(self, now_us: int, flight: Flight, assume: Assume, reject: Reject) -> None:
        """Carry out a plan for pods of one group, or have all of them fail."""
        by_pod = {queued.query.pod: queued for queued in flight.pods}
        plan = flight.plan
        key = key_of(flight.pods[0].query.template)
        group = self.groups.get(key)
        assert group is not None, "a pod without its group is held back"
        fit = {a.pod: a.node for a in plan.assignments if self._alive(a.pod)}
        group = self._permitted(flight, group)
        short = group.min_count - self.groups.scheduled(key)
        preempting = self._fail_unfit(now_us, flight, fit, by_pod, reject)
        enough = len(fit) + preempting >= short
        if enough and not preempting:
            for chosen in plan.assignments:
                assume(now_us, flight, by_pod[chosen.pod], chosen)
            self._permit(now_us, flight, key, group)
            return
        words = PREEMPTING if enough else NO_QUORUM
        if not enough:
            self._clear_nominations(by_pod)
        for chosen in plan.assignments:
            if chosen.pod in fit:
                self._fail(now_us, flight, by_pod[chosen.pod], words)
            else:
                assume(now_us, flight, by_pod[chosen.pod], chosen)

    def _permitted(self, flight: Flight, group: PodGroup) -> PodGroup:
        """The group as Permit sees it: without the plugin there, nothing is asked for."""
        permit = self._framework_of(flight.pods[0].query).permit
        return group if self._plugin.name in permit else PodGroup(0)

    def _alive(self, pod: int) -> bool:
        pods = self._cluster.pods
        return pods.phase[pod] == PENDING and pods.deletion_us[pod] == NEVER

    def _fail_unfit(
        self,
        now_us: int,
        flight: Flight,
        fit: dict[int, int],
        by_pod: dict[int, Queued],
        reject: Reject,
    ) -> int:
        """Reject the pods that fit nowhere; how many of them have found victims."""
        rejected = flight.plan.rejected
        if not rejected:
            return 0
        lowest = self._cluster.templates.lowest_priority
        nominated = any(by_pod[pod].query.priority > lowest for pod, _ in rejected)
        for pod, node in fit.items() if nominated else ():
            self._cluster.nominate(pod, node)
        for pod, verdict in rejected:
            reject(now_us, flight, by_pod[pod], verdict)
        held = self._cluster.pods.nominated
        preempting = sum(held[pod] != NEVER for pod, _ in rejected)
        if nominated and not preempting:
            for pod in fit:
                self._cluster.nominate(pod, NEVER)
        return preempting

    def _clear_nominations(self, pods: dict[int, Queued]) -> None:
        for pod in pods:
            if self._cluster.pods.nominated[pod] != NEVER:
                self._cluster.nominate(pod, NEVER)

    def _fail(self, now_us: int, flight: Flight, queued: Queued, words: str) -> None:
        """A pod that has a node fails with its group: an error, as far as the queue can tell."""
        pod = queued.query.pod
        self._cluster.pods.attempts[pod] += 1
        self._ledger.attempt(flight, queued, "unschedulable", verdict=_verdict(words))
        self._queue.fail(queued, now_us)

    # --- Permit

    def hold(self, flight: Flight, queued: Queued, chosen: Assignment) -> None:
        """A pod of a group has been assumed."""
        self._waiting[chosen.pod] = Waiting(flight, queued, chosen)

    def _permit(self, now_us: int, flight: Flight, key: Key, group: PodGroup) -> None:
        """Bind whoever waits once there are enough; else each waits, and the others are called."""
        members = self.groups.members(key)
        held = [self._waiting[pod] for pod in list(self._waiting) if pod in members]
        if not held:
            return
        if not self._plugin.permit(group, self.groups.scheduled(key)):
            for waiting in held:
                del self._waiting[waiting.chosen.pod]
                self._bind(waiting.flight, waiting.queued, waiting.chosen)
            return
        for waiting in held:
            if waiting.flight is flight:
                self._lane.after(PERMIT_TIMEOUT_US, waiting)
        for pod in members:
            if pod not in self._waiting:
                self._queue.activate(pod, now_us)

    def _expire(self, now_us: int, due: list[Waiting]) -> None:
        """Reject whoever has waited for too long."""
        for waiting in due:
            pod = waiting.chosen.pod
            if self._waiting.get(pod) is waiting:
                del self._waiting[pod]
                told = _verdict(NO_QUORUM)
                self._ledger.attempt(waiting.flight, waiting.queued, "unschedulable", verdict=told)
                self._give_back(waiting.queued, now_us, Rejection((self._plugin.name,)))


def key_of(template: PodTemplate) -> Key:
    """The group that pods of a template belong to."""
    return template.namespace, template.group


def _verdict(words: str) -> Verdict:
    return Verdict(1, {words: 1}, (GangScheduling.name,), np.zeros(0, np.intp), words)
