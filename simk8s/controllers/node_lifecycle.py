"""The node lifecycle controller: notices silent nodes, taints them, and knows when to hold back.

The monitor passes over the nodes every 5 s; only passes that find something are simulated, since
leases are functions of time (`_health.py`).

Law: NoSchedule taints follow conditions at once, through workers; NoExecute taints go through
their zone's line. The pass that marks a node Unknown still takes it for ready, so it joins the
line one pass later. When no zone has a ready node, the control plane takes itself to be at fault:
taints go, nobody is tainted, and silent nodes get a new grace period when that is over.
A node that joins loses the taint that it was admitted with, then gets labels that it lacks; each
of the two is a GET and a PATCH, and tried again when another has written the node in between.

Mirrors: pkg/controller/nodelifecycle v1.36: monitor 5 s, grace 50 s, eviction rate 0.1/s, in a
partly disrupted zone 0.01/s above 50 nodes and 0 below, poll of the lines every 100 ms, 8 nodes
side by side, a PATCH for each pod of a node that becomes Unknown, within the pass; a GET before
each PATCH of taints, reconcileNodeLabels. Departs: NoExecute taints meet no conflicts; passes
stay on whole multiples of the period, where the original drifts by its own work (so that 10
periods exceed 50 s there too); one that takes longer skips some; the pods' PATCHes cost calls and
change nothing; no startup grace, since nodes join with a lease; no exclude-disruption label.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Generator, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, ClassVar

from simk8s.api.requests import request
from simk8s.api.server import Operation
from simk8s.api.watch import Entry, Verb
from simk8s.controllers import _taints as taints
from simk8s.controllers._health import Health
from simk8s.controllers._node_lifecycle_params import Params
from simk8s.controllers._zones import Zone, ZoneState
from simk8s.controllers.base import DONE, Context, Controller, Pause, Result, Steps, Write
from simk8s.schema.enums import FaultPhase
from simk8s.state.selectors import Taint

MONITOR, LINES = "monitor", "lines"
"""Keys of the two loops; the other keys are node rows."""
POLL_US = 100_000
SIDE_BY_SIDE = 8
"""Workers for updates of nodes, and pieces of a pass that are done in parallel."""
EXECUTE = (taints.UNREACHABLE_EXECUTE, taints.NOT_READY_EXECUTE)
BACKOFF_US = 100_000
"""UpdateTaintBackoff and UpdateLabelBackoff: this and up to as much again."""
TRIES = 5
BETA_LABELS = {
    "kubernetes.io/os": "beta.kubernetes.io/os",
    "kubernetes.io/arch": "beta.kubernetes.io/arch",
}
Writes = Generator[Sequence[Write], list[Any], None]
Tries = Generator[Sequence[Write] | Pause, list[Any], None]


class NodeLifecycle(Controller):
    """Watches leases and conditions, writes conditions and taints."""

    name: ClassVar[str] = "node_lifecycle"
    # Those for node updates, and the two loops.
    workers: ClassVar[int] = SIDE_BY_SIDE + 2

    def __init__(self, params: Params, context: Context) -> None:
        self._params = params
        self._context = context
        self._store = store = context.store
        store.taints_new_nodes = True
        self._nodes = store.cluster.nodes
        self._mending: dict[int, None] = {}
        """Nodes whose taints and labels a worker is at."""
        self._waiting: OrderedDict[int, None] = OrderedDict()
        self._unheard: dict[int, None] = {}
        """Nodes that have joined since the last pass."""
        self._all_down = False
        self._health = Health(
            store, params.monitor_period, params.monitor_grace_period, params.eviction_rate
        )
        context.watches.watch(store.nodes, self._hear_nodes)
        context.watches.watch(store.leases.log, self._hear_leases)
        present = [node for node in range(self._nodes.n) if self._nodes.exists[node]]
        self._hear_nodes(context.now_us, [(0, Verb.ADDED, node) for node in present])

    # --- events

    def _hear_nodes(self, now_us: int, entries: list[Entry]) -> None:
        health = self._health
        for _, verb, node in entries:
            if verb is Verb.DELETED:
                health.remove(node)
                continue
            if verb is Verb.ADDED and node not in health.ready:
                health.add(node)
                if any(taint in EXECUTE for taint in self._nodes.specs[node].taints):
                    health.changed[node] = None
                if node in self._store.joined:
                    self._unheard[node] = None
            health.condition(node, self._store.ready[node])
            if self._wrong(node) != ((), ()) or self._unlabelled(node):
                self._context.queue.add(node)
        self._arm(now_us)

    def _hear_leases(self, now_us: int, entries: list[Entry]) -> None:
        for at_us, verb, node in entries:
            if verb is Verb.ADDED:
                self._health.speak(node)
            elif verb is Verb.DELETED:
                self._health.fall_silent(node, at_us)
        self._arm(now_us)

    def inherit(self, before: NodeLifecycle, now_us: int) -> None:
        """Conditions can be read that are Unknown; no heartbeat is known before the first pass."""
        self._health.begin_anew(now_us, before._health.unknown)
        self._arm(now_us)

    def _arm(self, now_us: int) -> None:
        """Let there be the next pass that will find something."""
        pass_us = self._health.next_pass_us(now_us)
        if pass_us is not None:
            self._context.queue.add_after(MONITOR, pass_us - now_us)

    # --- reconciling

    def reconcile(self, key: Any, now_us: int) -> Result | Steps:
        """A pass of the monitor, a turn of the lines, or one node's NoSchedule taints."""
        if key == LINES:
            return self._taint()
        if key == MONITOR:
            if self._health.next_pass_us(now_us) == now_us:
                return self._monitor(now_us)
            self._arm(now_us)
            return DONE
        if self._wrong(key) == ((), ()) and not self._unlabelled(key):
            return DONE
        if len(self._mending) == SIDE_BY_SIDE:
            self._waiting[key] = None
            return DONE
        return self._mend(key)

    def _wrong(self, node: int) -> tuple[taints.Taints, taints.Taints]:
        """NoSchedule taints that a node lacks, and those that it has no more reason for."""
        ready, spec = self._health.ready.get(node), self._nodes.specs[node]
        pressures = self._store.pressures.of
        quiet = ready and not spec.unschedulable and not spec.taints
        if ready is None or (quiet and node not in pressures):
            return (), ()
        wanted = []
        if node in pressures and node not in self._health.unknown:  # then they are Unknown, too
            wanted += [taints.PRESSURES[condition] for condition in pressures[node]]
        if not ready:
            unknown = node in self._health.unknown
            wanted.append(taints.UNREACHABLE_SCHEDULE if unknown else taints.NOT_READY_SCHEDULE)
        if spec.unschedulable:
            wanted.append(taints.UNSCHEDULABLE_SCHEDULE)
        has = [taint for taint in spec.taints if taint in taints.CONDITIONS]
        return (
            tuple(taint for taint in wanted if taint not in has),
            tuple(taint for taint in has if taint not in wanted),
        )

    def _unlabelled(self, node: int) -> dict[str, str]:
        """Labels that a node that joined should have beside those that its kubelet gave it."""
        if node not in self._store.joined or not self._nodes.exists[node]:
            return {}
        labels = self._nodes.specs[node].labels
        pairs = BETA_LABELS.items()
        return {beta: labels[key] for key, beta in pairs if key in labels and beta not in labels}

    def _mend(self, node: int) -> Steps:
        """NoSchedule taints that are missing, those that are too many, then labels."""
        self._mending[node] = None
        add, remove = self._wrong(node)
        if add:
            yield from self._try(node, taints.patch_version, (add, ()))
        if remove:
            yield from self._try(node, taints.patch_version, ((), remove))
        labels = self._unlabelled(node)
        if labels:
            yield from self._try(node, taints.label, (labels,))
        del self._mending[node]
        if self._waiting:
            self._context.queue.add(self._waiting.popitem(last=False)[0])
        return DONE

    def _try(self, node: int, patch: Operation, change: tuple[Any, ...]) -> Tries:
        """A GET and a PATCH, tried again when somebody else has written the node in between."""
        store = self._store
        for more in reversed(range(TRIES)):
            (seen,) = yield [Write(taints.version, (store, node))]
            (patched,) = yield [Write(patch, (store, node, seen, *change))]
            if patched is not False:
                return
            if more:
                yield Pause(BACKOFF_US + int(BACKOFF_US * self._context.draws.random()))

    def _swap(self, node: int, add: taints.Taints, remove: taints.Taints) -> Iterator[Write]:
        """SwapNodeControllerTaint: what is missing first, then what is there and should not be."""
        present = tuple(one for one in remove if one in self._nodes.specs[node].taints)
        for more, less in ((add, ()), ((), present)):
            if more or less:
                yield Write(taints.version, (self._store, node))
                yield Write(taints.patch, (self._store, node, more, less))

    # --- the monitor

    def _monitor(self, now_us: int) -> Steps:
        changed, expired = self._health.begin_pass(now_us)
        self._greet(now_us)
        nodes = [self._expire(node) for node in expired]
        yield from _side_by_side([*nodes, *(self._follow(node) for node in changed)])
        yield from self._disruption()
        now_us = self._context.now_us
        if any(zone.line for zone in self._health.zones.values()):
            self._context.queue.add_after(LINES, POLL_US - now_us % POLL_US)
        self._arm(now_us)
        return DONE

    def _greet(self, now_us: int) -> None:
        """An Event `RegisteredNode` about each new node."""
        for node in self._unheard:
            self._context.events.note(now_us, ("Node", node))
        self._unheard.clear()

    def _expire(self, node: int) -> Iterator[Write]:
        """A silent node becomes Unknown, its pods not ready; neither if it has spoken since."""
        yield Write(self._mark_unknown, (node,))
        if node not in self._health.unknown:
            return
        bound = self._store.cluster.pods.node
        # Pods that the scheduler only assumes are not listed in the API yet.
        for pod in list(self._nodes.pods_on[node]):
            if bound[pod] == node:
                yield Write(self._mark_not_ready, (pod, node))

    @request("PATCH", "pods/status")
    def _mark_not_ready(self, pod: int, node: int) -> bool:
        """PATCH of a pod's Ready condition; that it is not ready already is no conflict.

        A kubelet that is back puts right what is said of its pods: as if it had not been said.
        """
        if not self._store.leases.renewing(node):
            self._store.set_pod_ready(pod, False, self._store.cluster.pods.epoch[pod])
        return True

    @request("PUT", "nodes/status")
    def _mark_unknown(self, node: int) -> bool:
        """PUT nodes/status; refused where the kubelet has reported in the meantime."""
        store = self._store
        if not self._nodes.exists[node] or store.leases.renewing(node):
            return False
        changed = store.set_ready(node, False)
        self._health.lose(node)
        if changed:
            self._context.moments(self._context.now_us, FaultPhase.DETECTED, node)
        else:  # it was NotReady before, by its own word
            self._context.queue.add(node)
        return True

    def _follow(self, node: int) -> Iterator[Write]:
        """A node's NoExecute taint and its place in the line, after its condition."""
        ready = self._health.ready.get(node)
        if ready:
            yield from self._welcome(node)
        elif ready is False:
            wanted, other = self._evicting(node)
            present = self._nodes.specs[node].taints
            if other in present:
                yield from self._swap(node, (wanted,), (other,))
            elif wanted not in present:
                self._health.zone(node).line[node] = None

    def _welcome(self, node: int) -> Iterator[Write]:
        """Out of the line, and NoExecute taints off."""
        self._health.zone(node).line.pop(node, None)
        if any(taint in EXECUTE for taint in self._nodes.specs[node].taints):
            yield from self._swap(node, (), EXECUTE)

    def _evicting(self, node: int) -> tuple[Taint, Taint]:
        """The NoExecute taint that a node should have, and the one that it should not."""
        return EXECUTE if node in self._health.unknown else EXECUTE[::-1]

    # --- zones

    def _disruption(self) -> Writes:
        now_us = self._context.now_us
        zones = [zone for zone in self._health.zones.values() if zone.size]
        share = self._params.unhealthy_zone_threshold
        states = [zone.health(share) for zone in zones]
        all_down = bool(zones) and all(state is ZoneState.FULL for state in states)
        if all_down and not self._all_down:
            for zone in zones:
                zone.limiter.swap(0.0, now_us)
            yield from _side_by_side([self._amnesty(node) for node in self._health.ready])
        elif self._all_down and not all_down:
            self._health.forgive(now_us)
        for zone, state in zip(zones, states, strict=True):
            if not all_down and (self._all_down or state is not zone.state):
                zone.limiter.swap(self._rate(zone, state), now_us)
            zone.state = state
        self._all_down = all_down

    def _amnesty(self, node: int) -> Iterator[Write]:
        """As if the node were ready; the next pass puts it back into a line that stands still."""
        if self._health.ready.get(node) is False:
            self._health.changed[node] = None
        yield from self._welcome(node)

    def _rate(self, zone: Zone, state: ZoneState) -> float:
        if state is not ZoneState.PARTIAL:
            return self._params.eviction_rate
        large = zone.size > self._params.large_cluster_size_threshold
        return self._params.secondary_eviction_rate if large else 0.0

    def _taint(self) -> Steps:
        """One turn of the lines: whoever is first and has a token."""
        for zone in list(self._health.zones.values()):
            while zone.line and zone.limiter.take(self._context.now_us):
                node = next(iter(zone.line))
                del zone.line[node]
                if self._health.ready.get(node) is False:
                    wanted, other = self._evicting(node)
                    tainted = False
                    for write in self._swap(node, (wanted,), (other,)):
                        results = yield [write]
                        done = write.op is taints.patch and results[0] is not False
                        tainted = tainted or done
                    if tainted:
                        self._context.moments(self._context.now_us, FaultPhase.TAINTED, node)
        return self._next_turn(self._context.now_us)

    def _next_turn(self, now_us: int) -> Result:
        """The next poll of the lines at which one has a token."""
        zones = [zone for zone in self._health.zones.values() if zone.line]
        tokens = [zone.limiter.next_us(now_us) for zone in zones]
        times = [token for token in tokens if token is not None]
        if not times:
            return DONE
        poll_us = max(-(-min(times) // POLL_US), now_us // POLL_US + 1) * POLL_US
        return Result(requeue_after_us=poll_us - now_us)


def _side_by_side(tasks: Iterable[Iterator[Write]]) -> Writes:
    """Tasks one after another on a few workers; a task has one write in flight."""
    waiting = iter(tasks)
    running: list[Iterator[Write]] = []
    while True:
        running += islice(waiting, SIDE_BY_SIDE - len(running))
        if not running:
            return
        batch = []
        for task in tuple(running):
            one = next(task, None)
            if one is None:
                running.remove(task)
            else:
                batch.append(one)
        if batch:
            yield batch
