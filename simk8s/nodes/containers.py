"""What happens to a pod whose containers run: probes, ends, crashes, restarts.

At every start of the containers the whole outlook is computed: when probes make the pod ready or
unready, when they kill it, when it ends by itself. Only what changes something is a timer.

Law: of the ways in which a run of the containers can end, the earliest counts, and nothing that
would come after it is ever armed. What ends is restarted or final as restartPolicy says; a restart
waits for its back-off. Status goes out one sync at a time.

Mirrors: kubelet v1.36 prober results, doBackOff (CrashLoopBackOff), getPhase, status manager.
Departs: the app containers of a pod behave alike and restart together; a workload's lifetime ends
its pod for good, whatever the restart policy, if the exit code is 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from simk8s.api.requests import GET_POD, POST_EVENT, RequestKind, request
from simk8s.api.store import Store
from simk8s.kernel.clock import Clock
from simk8s.kernel.phase import Phase as Order
from simk8s.nodes.backoff import CrashLoop, looked_us
from simk8s.nodes.disorders import Disorders, Sender
from simk8s.nodes.lives import Life, Lives
from simk8s.nodes.probes import Outlook, Run, outlook
from simk8s.nodes.relists import Relists
from simk8s.nodes.runtime import Runtimes
from simk8s.nodes.settings import KubeletSettings
from simk8s.state.pods import FAILED, NEVER, RUNNING, SUCCEEDED, Phase

if TYPE_CHECKING:
    from simk8s.nodes.usage import NodeUsage

KILLED = 137
LEAST_GRACE_US = 2_000_000
"""SIGTERM comes at least so long before SIGKILL."""


class End(NamedTuple):
    """How and when a run of the containers ends."""

    at_us: int
    code: int
    wanted: bool
    """By its lifetime: a clean end is final whatever restartPolicy says."""
    by_kubelet: bool = False
    reason: str = "Error"


Begun = tuple[int, int, int, Life, int, int]
"""(pod, epoch, node, life, started, seen running)."""


class Containers:
    """Pods that do more than start and end."""

    def __init__(
        self,
        clock: Clock,
        store: Store,
        client_of: Callable[[int], Sender],
        settings: KubeletSettings,
        relists: Relists,
        runtimes: Runtimes,
        lives: Lives,
        seed: int,
        disorders: Disorders | None = None,
    ) -> None:
        self._disorders = Disorders() if disorders is None else disorders
        self._clock, self._store, self._client_of = clock, store, client_of
        self._settings, self._relists, self._runtimes = settings, relists, runtimes
        self._lives, self._seed = lives, seed
        self._pods = store.cluster.pods
        self._fake = settings.fake is not None
        self._status_us = 0 if self._fake else settings.status_us
        self._flips = clock.lane("kubelet/probes", Order.RELEASE, self._flipped)
        self._exits = clock.lane("kubelet/exits", Order.RELEASE, self._ended)
        self._restarts = clock.lane("kubelet/restarts", Order.RELEASE, self._restarted)
        self.workers: dict[int, int] = {}
        """When the probe workers of a pod began to tick."""
        self._loops: dict[int, CrashLoop] = {}
        self.usage: NodeUsage | None = None
        """Who measures what pods use, if anybody does."""
        self.latest: dict[int, bool] = {}
        """What was last said of a pod's readiness."""
        self.memories: tuple[dict[int, Any], ...] = (self.workers, self._loops, self.latest)
        """By pod: to be forgotten with it."""

    def run(self, begun: Begun) -> None:
        """Containers run since `started` and the status that says so is sent now."""
        pod, epoch, node, life, started_us, seen_us = begun
        now_us = self._clock.now_us
        acts = life.acts
        hang_us = NEVER if acts.hang_us == NEVER else started_us + acts.hang_us
        base_us = self.workers.get(pod, started_us)
        up_us, ready_us = started_us + acts.startup_us, started_us + acts.ready_us
        run = Run(base_us, started_us, seen_us, up_us, hang_us, ready_us)
        ahead = combined([outlook(probes, run) for probes in life.probes], seen_us)
        end = self._end(pod, node, life, started_us, ahead)
        shown_us = None if end is None else self._shown(node, end)
        if end is not None and shown_us is not None and shown_us <= now_us:
            if not self._final(life, end):
                self.tell(node, pod, epoch, False, RUNNING)
            self._over(now_us, pod, epoch, node, end)
            return
        if self.usage is not None:
            self.usage.start(pod, node, started_us)
        ready = ahead.ready_us == seen_us
        self.tell(node, pod, epoch, ready, RUNNING)
        self._arm(pod, epoch, ahead, end, now_us)
        if end is not None:
            self._exits.at(shown_us, (pod, epoch, node, end))  # type: ignore[arg-type]

    def adopt(self, pod: int, epoch: int, node: int, life: Life, now_us: int) -> None:
        """Containers that have run for long: ready as they are, no probe fails by itself."""
        end = self._end(pod, node, life, now_us, Outlook(now_us))
        if end is not None:
            self._exits.at(self._shown(node, end), (pod, epoch, node, end))

    def _arm(self, pod: int, epoch: int, ahead: Outlook, end: End | None, now_us: int) -> None:
        """Timers for what the probes will change before the end."""
        last_us = NEVER if end is None else end.at_us
        for at_us, ready in ((ahead.ready_us, True), (ahead.unready_us, False)):
            before = at_us != NEVER and (last_us == NEVER or at_us < last_us)
            if before and not (ready and at_us == now_us - self._status_us):
                self._flips.at(max(at_us, now_us) + self._status_us, (pod, epoch, ready))

    def interrupt(self, pod: int, node: int, end: End) -> None:
        """What runs ends now, as nobody foresaw: the timers of this run fall through."""
        pods = self._pods
        pods.epoch[pod] += 1
        self._exits.at(self._shown(node, end), (pod, pods.epoch[pod], node, end))

    def stopped(self, pod: int) -> None:
        """Its containers use nothing any more."""
        if self.usage is not None:
            self.usage.stop(pod)

    def _end(self, pod: int, node: int, life: Life, started_us: int, ahead: Outlook) -> End | None:
        """The first of what can end this run."""
        acts, ends = life.acts, []
        if acts.crash_us != NEVER:
            ends.append(End(started_us + acts.crash_us, acts.exit_code or 1, False))
        if acts.run_us != NEVER:
            ends.append(End(started_us + acts.run_us, acts.exit_code, False))
        lifetime_us = self._pods.lifetime_us[pod]
        if lifetime_us >= 0:
            ends.append(End(started_us + lifetime_us, acts.exit_code, True))
        first = min(ends, key=lambda end: end.at_us, default=None)
        if ahead.killed_us == NEVER or (first is not None and first.at_us <= ahead.killed_us):
            return first
        grace_us = life.grace_us if ahead.grace_us == NEVER else ahead.grace_us
        at_us = self.killed(node, life, ahead.killed_us, grace_us)
        return End(at_us, KILLED, False, by_kubelet=True)

    def killed(self, node: int, life: Life, now_us: int, grace_us: int) -> int:
        """When containers that are told to stop are gone: hook, SIGTERM, SIGKILL, sidecars."""
        hook_us = min(life.pre_stop_us, grace_us)
        left_us = max(grace_us - hook_us, LEAST_GRACE_US)
        own_us = self._runtimes.stop_us(node) if life.acts.stop_us == NEVER else life.acts.stop_us
        taken_us = min(own_us, left_us)
        for _ in range(life.sidecars):
            sidecar_us = self._runtimes.stop_us(node)
            taken_us += min(sidecar_us, max(left_us - taken_us, LEAST_GRACE_US))
        return now_us + hook_us + taken_us

    def _shown(self, node: int, end: End) -> int:
        """When the end is in the status."""
        seen_us = end.at_us if end.by_kubelet else self._relists.seen(node, end.at_us)
        return seen_us + self._status_us

    def _final(self, life: Life, end: End) -> bool:
        if end.code == 0:
            return end.wanted or life.restart_policy != "Always"
        return life.restart_policy == "Never"

    def tell(
        self, node: int, pod: int, epoch: int, ready: bool, phase: Phase | None = None
    ) -> None:
        """Send a status; requests may overtake each other, so each carries the latest."""
        self.latest[pod] = ready
        self._client_of(node).write(self._status, pod, epoch, phase)

    def known_ready(self, pod: int) -> bool:
        """Whether its kubelet knows it to be ready, whatever has reached the API of that."""
        if pod in self.latest:
            return self.latest[pod]
        runs = self._pods.started_us[pod] != NEVER and self._lives.of(pod).plain
        return runs or bool(self._pods.ready[pod])

    @request("PATCH", "pods/status")
    def _status(self, pod: int, epoch: int, phase: Phase | None) -> bool:
        ready = self.latest.get(pod, False)
        if phase is None:
            return self._store.set_pod_ready(pod, ready, epoch)
        return self._store.set_phase(pod, phase, epoch, ready)

    def _note(self, node: int, asked: RequestKind, count: int = 1) -> None:
        """A fake kubelet sends nothing but its writes."""
        if not self._fake:
            self._client_of(node).note(asked, count)

    # --- timers

    def _node_of(self, timer: tuple[Any, ...]) -> int:
        pod: int = timer[0]
        return self._pods.node[pod]

    def _flipped(self, now_us: int, timers: list[tuple[int, int, bool]]) -> None:
        if self._disorders.hung:
            timers = self._disorders.stall(self._flips, timers, self._node_of)
        for pod, epoch, ready in timers:
            if self._pods.epoch[pod] == epoch:
                node = self._pods.node[pod]
                self._note(node, GET_POD)
                self.tell(node, pod, epoch, ready)

    def kill(self, pod: int, code: int, reason: str) -> None:
        """The app containers of a running pod end now, by somebody else's hand."""
        pods, now_us = self._pods, self._clock.now_us
        node, end = pods.node[pod], End(now_us, code, False, reason=reason)
        pods.epoch[pod] += 1  # what was foreseen does not happen
        self._exits.at(self._shown(node, end), (pod, pods.epoch[pod], node, end))

    def _ended(self, now_us: int, timers: list[tuple[int, int, int, End]]) -> None:
        if self._disorders.hung:
            timers = self._disorders.stall(self._exits, timers, self._node_of)
        for pod, epoch, node, end in timers:
            if self._pods.epoch[pod] == epoch and self._pods.deletion_us[pod] == NEVER:
                self._over(now_us, pod, epoch, node, end)

    def _over(self, now_us: int, pod: int, epoch: int, node: int, end: End) -> None:
        life = self._lives.of(pod)
        self.stopped(pod)
        self._note(node, GET_POD)
        if self._final(life, end):
            phase = FAILED if end.code else SUCCEEDED
            if end.code:
                self._pods.reasons[pod] = end.reason
                self._pods.exit_codes[pod] = end.code
            self._client_of(node).write(self._store.set_phase, pod, phase, epoch)
            return
        if self._pods.ready[pod]:
            self.tell(node, pod, epoch, False)
        self._restart(now_us - self._status_us, pod, epoch, node, end)

    def _restart(self, since_us: int, pod: int, epoch: int, node: int, end: End) -> None:
        """Arrange for the next start, the kubelet having seen the end at `since_us`."""
        loop = self._loops.get(pod)
        if loop is None:
            loop = self._loops[pod] = CrashLoop(self._settings.max_container_restart_us)
        at_us = due_us = loop.due_us(end.at_us, since_us)
        if due_us > since_us:
            at_us = looked_us(self._seed, pod, loop.restarts, since_us, due_us)
            self._pods.reasons[pod] = "CrashLoopBackOff"
            self._note(node, POST_EVENT)
        loop.restarted(end.at_us, at_us)
        started_us = at_us + (0 if self._fake else self._runtimes.container_us(node))
        seen_us = self._relists.seen(node, started_us)
        shown_us = max(seen_us + self._status_us, self._clock.now_us)
        work_us = end.at_us - self._pods.started_us[pod] if end.code else 0
        self._restarts.at(shown_us, (pod, epoch, node, started_us, shown_us, work_us))

    def _restarted(self, now_us: int, timers: list[tuple[int, int, int, int, int, int]]) -> None:
        pods = self._pods
        if self._disorders.hung:
            timers = self._disorders.stall(self._restarts, timers, self._node_of)
        for pod, epoch, node, started_us, shown_us, work_us in timers:
            if pods.epoch[pod] == epoch and pods.deletion_us[pod] == NEVER:
                pods.restarts[pod] += 1
                pods.lost_work_us[pod] += work_us
                pods.started_us[pod] = started_us
                pods.reasons.pop(pod, None)
                life = self._lives.of(pod)
                self._note(node, GET_POD)
                self._note(node, POST_EVENT, 2)  # Created, Started
                self.run((pod, epoch, node, life, started_us, shown_us - self._status_us))


def combined(outlooks: list[Outlook], seen_us: int) -> Outlook:
    """All containers together: ready with the last, unready or killed with the first."""
    if not outlooks:
        return Outlook(seen_us)
    ready = [one.ready_us for one in outlooks]
    unready = [one.unready_us for one in outlooks if one.unready_us != NEVER]
    killed = [(one.killed_us, one.grace_us) for one in outlooks if one.killed_us != NEVER]
    at_us, grace_us = min(killed, default=(NEVER, NEVER))
    return Outlook(
        NEVER if NEVER in ready else max(ready), min(unready, default=NEVER), at_us, grace_us
    )
