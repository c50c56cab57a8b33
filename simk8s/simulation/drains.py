"""`kubectl drain`: every pod of a node is evicted at once, and again after each 429.

Law: a pod is asked to go until it is being deleted or gone, or the drain's time is up. Who wants to
know is told once, when the last pod is gone, or why that will not be.

Mirrors: kubectl drain v1.36: the node is cordoned unless it is, all evictions in parallel, 5 s
between tries, deletion looked for once a second; pods of DaemonSets are ignored or in the way,
mirror pods are skipped, pods of nobody are in the way unless forced. Departs: ended pods stay; the
GETs that look for deletion cost nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from simk8s.api.client import Client
from simk8s.api.eviction import BROKEN, Answered
from simk8s.api.requests import request
from simk8s.api.watch import DELETED
from simk8s.kernel.phase import Phase as Order
from simk8s.simulation import membership
from simk8s.simulation.evicting import Evicting, Wish, bound, of_daemons
from simk8s.state.pods import GONE, NEVER

if TYPE_CHECKING:
    from simk8s.simulation.build import World

POLL_US = 1_000_000
Told = Callable[[int, str], None]
"""`told(now_us, error)`: a drain is over; no error = every pod is gone."""


@dataclass(frozen=True, slots=True)
class Options:
    """As the flags of kubectl."""

    grace_us: int | None = None
    timeout_us: int = 0
    ignore_daemon_sets: bool = True
    force: bool = False
    delete_emptydir_data: bool = True


AS_RECORDED = Options(force=True)


@dataclass(slots=True, eq=False)
class _Drain:
    node: int
    options: Options
    told: Told | None = None
    left: dict[int, int] = field(default_factory=dict)
    """Pods that are not known to be gone, and since when each is looked for (NEVER = not yet)."""
    over: bool = False


class Drains:
    """Drains nodes of a world."""

    def __init__(self, world: World, user: str) -> None:
        self._world = world
        self._cluster = world.cluster
        self._client = Client(world.clock, world.server, user)
        draws = world.streams.get("evictions")
        self._evicting = Evicting(world.clock, world.store, world.server, draws, "drain")
        self._waiting: dict[int, list[_Drain]] = {}
        """By pod: drains that end with it."""
        self._listening = False

    def begin(self, node: int) -> None:
        """Cordon a node and evict what is bound to it, without waiting for an answer."""
        if not self._cluster.nodes.specs[node].unschedulable:
            self._client.write(self._cordon, node)
        drain = _Drain(node, AS_RECORDED)
        for pod in bound(self._cluster, node):
            if not of_daemons(self._cluster, pod):
                self._ask(drain, pod)

    def drain(self, node: int, options: Options, told: Told) -> None:
        """Evict what is bound to a node that is cordoned, until it is gone."""
        self._listen()
        drain = _Drain(node, options, told)
        wrong = self._in_the_way(drain)
        now_us = self._world.clock.now_us
        if wrong:
            self._end(drain, now_us, wrong)
            return
        if options.timeout_us:
            self._timeouts.at(now_us + options.timeout_us, drain)
        for pod in drain.left:
            self._waiting.setdefault(pod, []).append(drain)
            self._ask(drain, pod)
        self._look(drain, now_us)

    def evict(self, pod: int, answered: Answered) -> None:
        """One eviction; a 429 is the asker's business."""
        self._evicting.evictions.evict(pod, answered)

    @request("PATCH", "nodes")
    def _cordon(self, node: int) -> bool:
        return membership.change(self._world, node, membership.cordoned) is not False

    def _in_the_way(self, drain: _Drain) -> str:
        """Note the pods that have to go; why none of them is asked to."""
        cluster, options = self._cluster, drain.options
        wrong: dict[str, list[str]] = {}
        for pod in bound(cluster, drain.node):
            if pod in cluster.pods.static:
                continue
            name = f"{cluster.template_of(pod).namespace}/{cluster.name_of(pod)}"
            if of_daemons(cluster, pod):
                if not options.ignore_daemon_sets:
                    wrong.setdefault("DaemonSet-managed pods", []).append(name)
                continue
            if not options.delete_emptydir_data and _keeps_data(cluster.template_of(pod)):
                wrong.setdefault("pods with local storage", []).append(name)
            if cluster.pods.owner[pod] == NEVER and not options.force:
                wrong.setdefault("pods that declare no controller", []).append(name)
            drain.left[pod] = NEVER
        return "; ".join(f"cannot delete {what}: {_few(names)}" for what, names in wrong.items())

    def _ask(self, drain: _Drain, pod: int) -> None:
        done = partial(self._answered, drain, pod)
        self._evicting.ask(Wish(pod, lambda: not drain.over, done, drain.options.grace_us))

    def _answered(self, drain: _Drain, pod: int, now_us: int, code: int) -> None:
        if drain.told is None or drain.over:
            return
        if code == BROKEN:
            name = self._cluster.name_of(pod)
            self._end(drain, now_us, f"pod {name} has more than one PodDisruptionBudget")
        elif self._cluster.pods.phase[pod] == GONE:
            self._gone(drain, pod, now_us)
        else:
            drain.left[pod] = now_us

    # --- waiting

    def _listen(self) -> None:
        """To pods, as long as somebody wants to know of an end."""
        if self._listening:
            return
        self._listening = True
        clock = self._world.clock
        bell = clock.bell("drain/pods", Order.DELIVER, self._hear)
        self._cursor = self._world.store.pods.subscribe(bell, 0, (DELETED,))
        self._polls = clock.lane("drain/polls", Order.ARRIVE, self._polled)
        self._timeouts = clock.lane("drain/timeouts", Order.ARRIVE, self._timed_out)

    def _hear(self, now_us: int) -> None:
        for _, verb, pod in self._cursor.drain(now_us):
            for drain in self._waiting.pop(pod, ()) if verb is DELETED else ():
                since_us = drain.left.get(pod, NEVER)
                if since_us != NEVER:  # otherwise the answer to its eviction tells
                    polls = -(-(now_us - since_us) // POLL_US)
                    self._polls.at(since_us + polls * POLL_US, (drain, pod))

    def _polled(self, now_us: int, due: list[tuple[_Drain, int]]) -> None:
        for drain, pod in due:
            self._gone(drain, pod, now_us)

    def _gone(self, drain: _Drain, pod: int, now_us: int) -> None:
        drain.left.pop(pod, None)
        self._look(drain, now_us)

    def _look(self, drain: _Drain, now_us: int) -> None:
        if not drain.left and not drain.over:
            self._end(drain, now_us, "")

    def _timed_out(self, now_us: int, due: list[_Drain]) -> None:
        for drain in due:
            if not drain.over:
                left = [self._cluster.name_of(pod) for pod in drain.left]
                self._end(drain, now_us, f"timed out, {len(left)} pods are left: {_few(left)}")

    def _end(self, drain: _Drain, now_us: int, error: str) -> None:
        drain.over = True
        for pod in drain.left:
            known = self._waiting.get(pod)
            if known and drain in known:
                known.remove(drain)
        if drain.told is not None:
            drain.told(now_us, error)


def _keeps_data(template: Any) -> bool:
    return any("emptyDir" in volume for volume in template.volumes)


def _few(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
