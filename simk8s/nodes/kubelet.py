"""All kubelets as one component: starts what is bound, stops what is deleted, reports what
happened.

A pod's life on its node is rows in lanes. Nearly everything about a start is known when the
kubelet hears of the pod, and is added up then: admission, volumes, sandbox, containers, the PLEG
relist that sees them run, the status PATCH. So a plain pod takes one timer for its start and one
for its end. What is known only later has timers of its own: pulls (pulling), probes, crashes and
restarts (containers). Fake kubelets whose pods start at once have a shorter way (instant).

A crash moves the epoch of every pod on the machine on, so that its timers fall through; afterwards
what is still bound is started again and what is being deleted is finally removed.

Mirrors: kubelet v1.36: admission, volume manager, SyncPod, generic PLEG, status manager (GET and
PATCH), killPod within the grace period, housekeeping, container restart after a reboot by
restartPolicy; unloaded with a cached image p50 1 to 1.5 s and p99 2 to 3 s (behaviour notes 3.2).
Departs: what a reboot brings back is not admitted again; a pod that is deleted before its start was
seen has nothing to stop; one client without a rate limit for all nodes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from numpy.random import Generator

from simk8s.api.client import Client
from simk8s.api.requests import GET_LEASE, GET_POD, POST_EVENT, POST_LEASE, POST_TOKEN, kind
from simk8s.api.store import Store
from simk8s.api.watch import BOUND, DELETED, DELETING, ENDED, Verb
from simk8s.kernel.clock import Clock
from simk8s.kernel.phase import Phase as Order
from simk8s.nodes.admission import EVICTED, pressed, refusal
from simk8s.nodes.behaviours import Behaviours
from simk8s.nodes.containers import Containers
from simk8s.nodes.disorders import WHOLE, Disorders, Sender
from simk8s.nodes.instant import delivering, ending
from simk8s.nodes.kills import Kills
from simk8s.nodes.lives import Lives
from simk8s.nodes.machines import Machines
from simk8s.nodes.needs import Waiting
from simk8s.nodes.pulling import Pulling, Way
from simk8s.nodes.relists import Relists
from simk8s.nodes.roster import Roster
from simk8s.nodes.runtime import Runtimes, endless_us
from simk8s.nodes.settings import INSTANT_PODS, KubeletSettings, PodTimes
from simk8s.nodes.static_pods import mirror
from simk8s.state.pods import FAILED, NEVER, PENDING, RUNNING, SUCCEEDED, Loss

if TYPE_CHECKING:
    from simk8s.nodes.usage import NodeUsage

__all__ = ("INSTANT_PODS", "KubeletPool", "KubeletSettings", "PodTimes")

Timer = tuple[int, int]
"""(pod, epoch under which it was set)."""
Start = tuple[int, int, int, int]
"""(pod, epoch, last image there, last container started)."""
PATCH_POD_STATUS = kind("PATCH", "pods/status")
EVENTS = 3
"""Pulled, Created, Started: of each container."""


class KubeletPool:
    """Every kubelet and runtime of the cluster."""

    name = "kubelet"

    def __init__(
        self,
        clock: Clock,
        store: Store,
        client: Client,
        machines: Machines,
        draws: Generator,
        settings: KubeletSettings | PodTimes,
        lag_us: int,
        behaviours: Behaviours | None = None,
    ) -> None:
        self.behaviours = behaviours or Behaviours(store.cluster, 0)
        if isinstance(settings, PodTimes):
            settings = KubeletSettings(fake=settings)
        self._clock, self._store, self._client = clock, store, client
        self.machines = self._machines = machines
        self._settings, self._table = settings, store.cluster.pods
        self.roster = Roster(self._table)
        fake = settings.fake
        self._fake = fake is not None
        self._welcome = self._hear_of if fake is None else self._begin
        self._usage: NodeUsage | None = None
        self._fake_start_us = endless_us(draws, fake.start if fake else (0, 0))
        self._fake_stop_us = endless_us(draws, fake.stop if fake else (0, 0))
        self._status_us = 0 if fake else settings.status_us
        self.disorders = Disorders()
        self._cut = self.disorders.cut
        self._report = client.sender(store.set_phase)  # where they share a client
        self.client_of = self._client_of = self._own_client if fake is None else self._one_client
        deliver = clock.bell("kubelet/informers", Order.DELIVER, self._deliver)
        self._pods = store.pods.subscribe(deliver, lag_us, (BOUND, DELETING), (DELETED, ENDED))
        self._starts = clock.lane("kubelet/start", Order.RELEASE, self._started)
        self._ends = clock.lane("kubelet/end", Order.RELEASE, self._ended)
        self._stops = clock.lane("kubelet/stop", Order.RELEASE, self._stopped)
        self._wire(draws, lag_us)
        self._memories = (*self._containers.memories, self._lives.own, self._waiting.waits)
        """By pod, of those that do more than start and end: mostly nothing."""
        if fake is not None and fake.start == (0, 0):
            self._pods.bell.handler, self._ends.handler = delivering(self), ending(self)
        machines.listen(self._crashed, self._restored)

    def _wire(self, draws: Generator, lag_us: int) -> None:
        clock, store, settings = self._clock, self._store, self._settings
        seed = int(draws.integers(1 << 62))
        pleg_us, house_us = settings.pleg_period_us, settings.housekeeping_us
        loops = (1, 1) if self._fake else (pleg_us, house_us)
        self._relists = relists = Relists(seed, *loops, settings.image_gc_period_us)
        self._runtimes = runtimes = Runtimes(settings, draws, self.disorders.slow)
        self._lives = lives = Lives(store.cluster, self.behaviours, fake=self._fake)
        parts = (clock, store, self._client_of, settings, relists, runtimes)
        self._containers = Containers(*parts, lives, seed, self.disorders)
        self._waiting = Waiting(clock, store, self._client_of, self._begin, seed, lag_us)
        self._pulling = Pulling(*parts, self._way_done, self._images_on, seed, self.disorders)

    def kills(self) -> Kills:
        """How what runs is ended, for who measures it."""
        return Kills(
            self._clock,
            self._store,
            self._client_of,
            self._containers,
            self._lives,
            self._relists,
            self._status_us,
            self._pulling.reclaim,
            self._pulling.images,
        )

    def measure(self, usage: NodeUsage) -> None:
        """From now on somebody measures what pods use."""
        self._usage = self._containers.usage = usage
        self._pods.bell.handler, self._ends.handler = self._deliver, self._ended
        self._machines.listen(usage.crashed, usage.restored)

    def _own_client(self, row: int) -> Sender:  # and so a limit and a flow of its own
        return self._cut[row] if self._cut and row in self._cut else self._client.of(row)

    def _one_client(self, row: int) -> Sender:
        return self._cut[row] if self._cut and row in self._cut else self._client

    def add(self, row: int) -> None:
        """A node has joined."""
        self._machines.add(row)
        self.roster.add()
        self._relists.add(row)
        spec = self._store.cluster.nodes.specs[row]
        self._runtimes.add(spec.runtime)
        if row in self._store.joined:
            for asked in (GET_LEASE, POST_LEASE):
                self._client_of(row).note(asked)
        if spec.static_pods:
            mirror(self._store, row, spec)

    def _images_on(self, row: int) -> Iterator[str]:
        for pod in self.roster.live(row):
            yield from self._lives.of(pod).images

    def _deliver(self, now_us: int) -> None:
        for _, verb, pod in self._pods.drain(now_us):
            self._hear(verb, pod, now_us)

    def _hear(self, verb: Verb, pod: int, now_us: int) -> None:
        """Of a binding, a deletion, an end or that it is gone."""
        pods, node = self._table, self._table.node[pod]
        if verb is BOUND:
            if pods.phase[pod] == PENDING:
                self.roster.hear(pod)
                if self._cut and node in self._cut:
                    self.disorders.miss(node, pod)
                elif not self._machines.faults[node]:
                    self._welcome(pod, node, now_us)
        elif verb is DELETING:
            if self._cut and node in self._cut:
                self.disorders.miss(node, pod)
            elif not self._machines.faults[node]:
                self._terminate(pod, now_us)
        elif node != NEVER:
            self.roster.forget(pod, node)
            if any(self._memories):
                self._forget(pod)
            if self._usage is not None:
                self._containers.stopped(pod)

    def _forget(self, pod: int) -> None:
        """It has ended, or its kubelet has."""
        for memory in self._memories:
            memory.pop(pod, None)

    def adopt(self, pod: int) -> None:
        """A pod that runs as the run begins: what ends it is counted from now on."""
        pods, now_us, node = self._table, self._clock.now_us, self._table.node[pod]
        self.roster.hear(pod)
        pods.seen_us[pod] = pods.pulled_us[pod] = pods.started_us[pod] = now_us
        self._containers.adopt(pod, pods.epoch[pod], node, self._lives.of(pod), now_us)

    # --- starting

    def _hear_of(self, pod: int, node: int, now_us: int) -> None:
        reason, pressures = "", self._store.pressures.of
        if pressures and node in pressures:
            reason = EVICTED if pressed(self._store.cluster, pod, pressures[node]) else ""
        if self._usage is not None and self._usage.refusal(pod, node):
            reason = EVICTED
        reason = reason or refusal(self._store.cluster, pod, node, self.roster.of(node))
        if not reason:
            self._begin(pod, node, now_us)
            return
        pods = self._table
        pods.seen_us[pod] = now_us
        pods.loss[pod] = Loss.REJECTED
        pods.reasons[pod] = reason
        self.roster.forget(pod, node)
        self._client_of(node).note(POST_EVENT)
        self._client_of(node).write(self._store.set_phase, pod, FAILED, pods.epoch[pod])

    def _begin(self, pod: int, node: int, now_us: int) -> None:
        pods = self._table
        pods.seen_us[pod] = now_us
        pods.image_pull_us[pod] = pods.init_us[pod] = 0
        if self._fake:
            slow = self.disorders.slow.get(node, WHOLE)
            at_us = now_us + next(self._fake_start_us) * slow // WHOLE
            if at_us > now_us:
                self._starts.at(at_us, (pod, pods.epoch[pod], at_us, at_us))
            else:
                self._started(now_us, [(pod, pods.epoch[pod], at_us, at_us)])
            return
        life, client = self._lives.of(pod), self._client_of(node)
        if life.needs and self._waiting.holds(pod, node, life.needs, now_us):
            return
        admit_us, mount_us, sandbox_us, first_us = self._runtimes.start(node)
        t_us = now_us + admit_us
        if life.mounts:
            t_us += mount_us
            if life.token:
                client.note(POST_TOKEN)
        client.note(GET_POD, 2)  # before the two status PATCHes
        client.note(PATCH_POD_STATUS)  # Pending, with the start time
        if life.probes:
            self._containers.workers[pod] = t_us
        t_us = self._runtimes.sandbox(node, t_us, sandbox_us)
        step = life.steps[0]
        if life.direct and (
            not step.image or self._pulling.images.ready(node, step.image, step.policy, now_us)
        ):
            self._show(pod, pods.epoch[pod], node, t_us, t_us + first_us)
        else:
            self._pulling.walk(Way(pod, pods.epoch[pod], node, life, first_us, t_us))

    def _way_done(self, way: Way, started_us: int) -> None:
        self._show(way.pod, way.epoch, way.node, way.pulled_us, started_us)

    def _show(self, pod: int, epoch: int, node: int, pulled_us: int, started_us: int) -> None:
        """The status goes out when a relist has seen what was started."""
        shown_us = self._relists.seen(node, started_us) + self._status_us
        self._starts.at(shown_us, (pod, epoch, pulled_us, started_us))

    def _started(self, now_us: int, timers: list[Start]) -> None:
        pods = self._table
        if self.disorders.hung:
            timers = self.disorders.stall(self._starts, timers, self._node_of)
        said = self._containers.latest
        for pod, epoch, pulled_us, started_us in timers:
            if pods.epoch[pod] != epoch or pods.deletion_us[pod] != NEVER:
                continue
            pods.pulled_us[pod] = pulled_us
            pods.started_us[pod] = started_us
            life, node = self._lives.of(pod), pods.node[pod]
            if life.acts.lifetime_us != NEVER:
                pods.lifetime_us[pod] = life.acts.lifetime_us
            if not self._fake:
                self._client_of(node).note(POST_EVENT, EVENTS * len(life.steps))
            if not life.plain:
                seen_us = now_us - self._status_us
                self._containers.run((pod, epoch, node, life, started_us, seen_us))
                continue
            lifetime_us = pods.lifetime_us[pod]
            if lifetime_us >= 0:
                ended_us = self._relists.seen(node, started_us + lifetime_us) + self._status_us
                if ended_us <= now_us and not self._fake:
                    # Over before a relist saw it run.
                    self._client_of(node).write(self._store.set_phase, pod, SUCCEEDED, epoch)
                    continue
                self._ends.at(max(ended_us, now_us), (pod, epoch))
            if self._usage is not None:
                self._usage.start(pod, node, started_us)
            if said and pod in said:  # it has been said to be unready, by a late request perhaps
                said[pod] = True
            if self._fake and not self._cut:
                self._report(pod, RUNNING, epoch)
            else:
                self._client_of(node).write(self._store.set_phase, pod, RUNNING, epoch)

    def _node_of(self, timer: tuple[int, ...]) -> int:
        return self._table.node[timer[0]]

    def _ended(self, now_us: int, timers: list[Timer]) -> None:
        pods = self._table
        if self.disorders.hung:
            timers = self.disorders.stall(self._ends, timers, self._node_of)
        for pod, epoch in timers:
            if pods.epoch[pod] == epoch and pods.deletion_us[pod] == NEVER:
                if self._usage is not None:
                    self._containers.stopped(pod)
                if self._fake and not self._cut:
                    self._report(pod, SUCCEEDED, epoch)
                    continue
                client = self._client_of(pods.node[pod])
                if not self._fake:
                    client.note(GET_POD)
                client.write(self._store.set_phase, pod, SUCCEEDED, epoch)

    # --- stopping

    def _terminate(self, pod: int, now_us: int, grace_us: int | None = None) -> None:
        pods, node = self._table, self._table.node[pod]
        if grace_us is None:
            grace_us = max(0, pods.deletion_us[pod] - now_us)
        if self._fake:
            at_us = now_us + min(grace_us, next(self._fake_stop_us))
        else:
            at_us = self._gone_us(pod, node, now_us, grace_us)
        self._stops.at(at_us, (pod, pods.epoch[pod]))

    def _gone_us(self, pod: int, node: int, now_us: int, grace_us: int) -> int:
        """Containers stopped, seen by PLEG, cleaned up by housekeeping, reported."""
        life = self._lives.of(pod)
        if self._table.started_us[pod] == NEVER:
            stopped_us = now_us
        else:
            stopped_us = self._containers.killed(node, life, now_us, grace_us)
        client = self._client_of(node)
        client.note(POST_EVENT)  # Killing
        client.note(GET_POD, 2)
        client.note(PATCH_POD_STATUS)
        seen_us = self._relists.seen(node, stopped_us)
        return self._relists.cleaned(node, seen_us) + self._status_us

    def _stopped(self, now_us: int, timers: list[Timer]) -> None:
        pods = self._table
        if self.disorders.hung:
            timers = self.disorders.stall(self._stops, timers, self._node_of)
        for pod, epoch in timers:
            if pods.epoch[pod] == epoch:
                if pods.started_us[pod] != NEVER and pods.loss[pod] != Loss.NONE:
                    pods.lost_work_us[pod] += now_us - pods.started_us[pod]
                pods.reasons.pop(pod, None)
                self._containers.stopped(pod)
                self._client_of(pods.node[pod]).write(self._store.finalize_pod, pod)

    # --- machines

    def _crashed(self, row: int) -> None:
        pods, now_us = self._table, self._clock.now_us
        self._store.leases.stop(row)
        self._runtimes.crashed(row)
        self._pulling.crashed(row)
        self.disorders.crashed(row)
        for pod in self.roster.live(row):
            pods.epoch[pod] += 1
            self._forget(pod)
            if pods.started_us[pod] != NEVER:
                pods.lost_work_us[pod] += now_us - pods.started_us[pod]
                pods.started_us[pod] = NEVER

    def _restored(self, row: int) -> None:
        pods, now_us = self._table, self._clock.now_us
        if not self._store.cluster.nodes.exists[row]:
            return
        if row in self._cut:  # a kubelet that cannot ask the API knows of no pod
            self.disorders.unbooted[row] = None
            return
        self._store.leases.start(row)
        client = self._client_of(row)
        client.write(self._store.set_ready, row, True)
        for pod in self.roster.live(row):
            if pods.deletion_us[pod] != NEVER:
                self._terminate(pod, now_us)
            elif self._store.cluster.template_of(pod).restart_policy == "Never":
                if pods.loss[pod] == Loss.NONE:
                    pods.loss[pod] = Loss.NODE_CRASH
                client.write(self._store.set_phase, pod, FAILED, pods.epoch[pod])
            else:
                pods.restarts[pod] += pods.running_us[pod] != NEVER
                if pods.ready[pod] and not self._fake:
                    self._containers.tell(row, pod, pods.epoch[pod], False)
                self._begin(pod, row, now_us)
