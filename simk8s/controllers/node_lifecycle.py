"""The node lifecycle controller: notices silent nodes, taints them, and knows when to hold back.

A pass of the monitor happens every 5 s, and only the passes that find something are simulated:
the pass at which a silent node is noticed is computed from its lease, which is a function of
time. A node heard of last at r is probed at the first pass after r, and is Unknown at the first
pass at least a grace period (50 s) later.

Law: NoSchedule taints follow conditions at once, through workers; NoExecute taints go through
their zone's line. The pass that marks a node Unknown still takes it for ready, so it joins the
line one pass later. When no zone has a ready node, the control plane takes itself to be at fault:
taints go, nobody is tainted, and silent nodes get a new grace period when it is over.

Mirrors: pkg/controller/nodelifecycle v1.36: monitor 5 s, grace 50 s, eviction rate 0.1/s, in a
partly disrupted zone 0.01/s above 50 nodes and 0 below, poll of the line every 100 ms, 8 workers,
a pod-status PATCH for each pod of a node that becomes Unknown. Departs: passes stay on whole
multiples of the period, where the original drifts by its own work (so that 10 periods exceed
50 s there too); one that takes longer skips some; the pods' PATCHes cost calls and change
nothing; no startup grace, since nodes join with a lease.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field

from simk8s.api.watch import Entry, Verb
from simk8s.controllers import _taints as taints
from simk8s.controllers._zones import EvictionLimiter, Zone, ZoneState
from simk8s.controllers.base import DONE, Context, Controller, Flags, Result, Steps, Write
from simk8s.scenario.types import Count, Duration, Number, Share
from simk8s.schema.enums import FaultPhase

MONITOR, TAINT = "monitor", "taint"
"""Keys of the two loops; the other keys are node rows."""
POLL_US = 100_000
PARALLEL = 8
"""Requests that a pass has in flight at once."""
Writes = Generator[Sequence[Write], list[Any], None]
Rate = Annotated[Number, Field(ge=0)]


class Params(Flags):
    """kube-controller-manager's flags, without the `node-` in front; rates are per second."""

    workers: Annotated[Count, Field(gt=0)] = 10
    monitor_period: Annotated[Duration, Field(gt=0)] = 5_000_000
    monitor_grace_period: Duration = 50_000_000
    eviction_rate: Rate = 0.1
    secondary_eviction_rate: Rate = 0.01
    large_cluster_size_threshold: Count = 50
    unhealthy_zone_threshold: Share = 0.55


class NodeLifecycle(Controller):
    """Watches leases and conditions, writes conditions and taints."""

    name: ClassVar[str] = "node_lifecycle"

    def __init__(self, params: Params, context: Context) -> None:
        self._params = params
        self._context = context
        self._store = store = context.store
        self._nodes = store.cluster.nodes
        self._zones: dict[str, Zone] = {}
        self._ready: dict[int, bool] = {}
        """What is known of the Ready condition, by node."""
        self._silent: dict[int, int] = {}
        """Nodes that have fallen silent and are not Unknown yet, and when they are due."""
        self._unknown: dict[int, None] = {}
        self._join: dict[int, None] = {}
        """Nodes to look at in the next pass: not ready and not in a line, or ready again."""
        self._touched = False
        self._all_down = False
        self._floor_us = 0
        self._due_us: int | None = None
        context.watches.watch(store.nodes, self._hear_nodes)
        context.watches.watch(store.leases.log, self._hear_leases)
        present = [node for node in range(self._nodes.n) if self._nodes.exists[node]]
        self._hear_nodes(context.now_us, [(0, Verb.ADDED, node) for node in present])

    # --- events

    def _hear_nodes(self, now_us: int, entries: list[Entry]) -> None:
        for _, verb, node in entries:
            if verb is Verb.ADDED:
                self._zone(node).size += 1
                self._ready[node] = True
            elif verb is Verb.DELETED:
                self._forget(node)
            if verb is not Verb.DELETED:
                self._condition(node, self._store.ready[node])
                if self._wrong(node) != ((), ()):
                    self._context.queue.add(node)
            if verb is not Verb.UPDATED:
                self._touched = True
                self._want(self._pass_after(now_us))

    def _hear_leases(self, now_us: int, entries: list[Entry]) -> None:
        for at_us, verb, node in entries:
            if verb is Verb.ADDED:
                self._silent.pop(node, None)
            elif verb is Verb.DELETED and node in self._ready and node not in self._unknown:
                self._silent[node] = self._due(node, at_us)
                self._want(self._silent[node])

    def _zone(self, node: int) -> Zone:
        name = self._nodes.specs[node].zone
        zone = self._zones.get(name)
        if zone is None:
            limiter = EvictionLimiter(self._params.eviction_rate)
            zone = self._zones[name] = Zone(limiter)
        return zone

    def _condition(self, node: int, ready: bool) -> None:
        """Take in a node's Ready condition."""
        if self._ready.get(node) in (None, ready):
            return
        self._ready[node] = ready
        self._zone(node).not_ready += 1 if not ready else -1
        self._join[node] = None
        if ready:
            self._unknown.pop(node, None)

    def _forget(self, node: int) -> None:
        zone, ready = self._zone(node), self._ready.pop(node, None)
        if ready is None:
            return
        zone.size -= 1
        zone.not_ready -= not ready
        for known in (zone.line, self._silent, self._unknown, self._join):
            known.pop(node, None)

    # --- times

    def _pass_after(self, t_us: int) -> int:
        """The first pass at or after an instant."""
        period_us = self._params.monitor_period
        return -(-t_us // period_us) * period_us

    def _due(self, node: int, stopped_us: int) -> int:
        """The pass at which a node that has fallen silent is noticed."""
        last_us = self._store.leases.last_renewal_us(node, stopped_us)
        probed_us = max(self._pass_after(last_us + 1), self._floor_us)
        return self._pass_after(probed_us + self._params.monitor_grace_period)

    def _want(self, t_us: int) -> None:
        """Let there be a pass at `t_us`."""
        if self._due_us is None or t_us < self._due_us:
            self._due_us = t_us
            self._context.queue.add_after(MONITOR, t_us - self._context.now_us)

    def _plan(self, now_us: int) -> Result:
        """When the next pass has to be; passes in between would find nothing."""
        self._due_us = None
        if self._join or self._touched:
            self._want(self._pass_after(now_us + 1))
        elif self._silent:
            self._want(max(min(self._silent.values()), self._pass_after(now_us + 1)))
        return DONE

    # --- reconciling

    def reconcile(self, key: Any, now_us: int) -> Result | Steps:
        """A pass of the monitor, a turn of the tainting loop, or one node's NoSchedule taints."""
        if key == MONITOR:
            if self._due_us is None or now_us < self._due_us:
                return DONE
            return self._monitor(now_us)
        if key == TAINT:
            return self._taint()
        add, remove = self._wrong(key)
        if not add and not remove:
            return DONE
        return self._patch_once(key, add, remove)

    def _wrong(self, node: int) -> tuple[taints.Taints, taints.Taints]:
        """NoSchedule taints that a node lacks, and those that it has no more reason for."""
        if node not in self._ready:
            return (), ()
        spec, wanted = self._nodes.specs[node], []
        if not self._ready[node]:
            unknown = node in self._unknown
            wanted.append(taints.UNREACHABLE_SCHEDULE if unknown else taints.NOT_READY_SCHEDULE)
        if spec.unschedulable:
            wanted.append(taints.UNSCHEDULABLE_SCHEDULE)
        if not wanted and not spec.taints:
            return (), ()
        has = [taint for taint in spec.taints if taint in taints.CONDITIONS]
        return (
            tuple(taint for taint in wanted if taint not in has),
            tuple(taint for taint in has if taint not in wanted),
        )

    def _patch_once(self, node: int, add: taints.Taints, remove: taints.Taints) -> Steps:
        yield [self._patch(node, add, remove)]
        return DONE

    def _patch(self, node: int, add: taints.Taints, remove: taints.Taints) -> Write:
        return Write(taints.patch, (self._store, node, add, remove))

    # --- the monitor

    def _monitor(self, now_us: int) -> Steps:
        observed = list(self._join)
        self._join.clear()
        self._touched = False
        expired = [node for node, due_us in self._silent.items() if due_us <= now_us]
        yield from _side_by_side(self._pass(observed, expired))
        yield from self._disruption()
        if any(zone.line for zone in self._zones.values()):
            self._context.queue.add_after(TAINT, POLL_US - self._context.now_us % POLL_US)
        return self._plan(self._context.now_us)

    def _pass(self, observed: list[int], expired: list[int]) -> Iterator[Write]:
        for node in expired:
            self._silent.pop(node, None)
            yield Write(self._mark_unknown, (node,))
            bound = self._store.cluster.pods.node
            for pod in list(self._nodes.pods_on[node]):
                if bound[pod] == node:
                    yield Write(_mark_not_ready)
        for node in observed:
            if node not in self._ready:
                continue
            if self._ready[node]:
                yield from self._welcome(node)
            else:
                yield from self._queue_up(node)

    def _welcome(self, node: int) -> Iterator[Write]:
        """A node that is ready loses its place in the line and its NoExecute taints."""
        self._zone(node).line.pop(node, None)
        own = (taints.UNREACHABLE_EXECUTE, taints.NOT_READY_EXECUTE)
        if any(taint in own for taint in self._nodes.specs[node].taints):
            yield self._patch(node, (), own)

    def _queue_up(self, node: int) -> Iterator[Write]:
        """A node that is not ready joins the line, or swaps the taint that it has."""
        wanted, other = self._evicting(node)
        present = self._nodes.specs[node].taints
        if other in present:
            yield self._patch(node, (wanted,), (other,))
        elif wanted not in present:
            self._zone(node).line[node] = None

    def _evicting(self, node: int) -> tuple[taints.Taint, taints.Taint]:
        """The NoExecute taint that a node should have, and the one that it should not."""
        if node in self._unknown:
            return taints.UNREACHABLE_EXECUTE, taints.NOT_READY_EXECUTE
        return taints.NOT_READY_EXECUTE, taints.UNREACHABLE_EXECUTE

    def _mark_unknown(self, node: int) -> bool:
        """PUT nodes/status; refused where the kubelet has reported in the meantime."""
        store = self._store
        if node not in self._ready or not self._nodes.exists[node] or store.leases.renewing(node):
            return False
        changed = store.set_ready(node, False)
        self._unknown[node] = None
        self._condition(node, False)
        self._join[node] = None
        if changed:
            self._context.moments(self._context.now_us, FaultPhase.DETECTED, node)
        else:  # it was NotReady before, by its own word
            self._context.queue.add(node)
        return True

    # --- zones

    def _disruption(self) -> Writes:
        now_us = self._context.now_us
        zones = [zone for zone in self._zones.values() if zone.size]
        share = self._params.unhealthy_zone_threshold
        states = [zone.health(share) for zone in zones]
        all_down = bool(zones) and all(state is ZoneState.FULL for state in states)
        if all_down and not self._all_down:
            yield from _side_by_side(self._amnesty(zones, now_us))
        elif self._all_down and not all_down:
            self._floor_us = now_us
            for node in self._silent:
                self._silent[node] = self._due(node, now_us)
        for zone, state in zip(zones, states, strict=True):
            if not all_down and (self._all_down or state is not zone.state):
                zone.limiter.swap(self._rate(zone, state), now_us)
            zone.state = state
        self._all_down = all_down

    def _amnesty(self, zones: list[Zone], now_us: int) -> Iterator[Write]:
        """No zone has a ready node: evictions stop and taints go; the next pass queues again."""
        for zone in zones:
            zone.limiter.swap(0.0, now_us)
        for node, ready in self._ready.items():
            yield from self._welcome(node)
            if not ready:
                self._join[node] = None

    def _rate(self, zone: Zone, state: ZoneState) -> float:
        if state is not ZoneState.PARTIAL:
            return self._params.eviction_rate
        large = zone.size > self._params.large_cluster_size_threshold
        return self._params.secondary_eviction_rate if large else 0.0

    def _taint(self) -> Steps:
        for zone in list(self._zones.values()):
            while zone.line and zone.limiter.take(self._context.now_us):
                node = next(iter(zone.line))
                del zone.line[node]
                if self._ready.get(node) is False:
                    wanted, other = self._evicting(node)
                    results = yield [self._patch(node, (wanted,), (other,))]
                    if results[0] is not False:
                        self._context.moments(self._context.now_us, FaultPhase.TAINTED, node)
        return self._next_turn(self._context.now_us)

    def _next_turn(self, now_us: int) -> Result:
        """The next poll of the lines at which one has a token."""
        tokens = [zone.limiter.next_us(now_us) for zone in self._zones.values() if zone.line]
        times = [token for token in tokens if token is not None]
        if not times:
            return DONE
        poll_us = -(-min(times) // POLL_US) * POLL_US
        return Result(requeue_after_us=max(poll_us, now_us - now_us % POLL_US + POLL_US) - now_us)


def _mark_not_ready() -> bool:
    """PATCH of a pod's Ready condition, which is not stored here."""
    return True


def _side_by_side(writes: Iterator[Write]) -> Writes:
    """Writes with at most so many in flight."""
    batch: list[Write] = []
    for one in writes:
        batch.append(one)
        if len(batch) == PARALLEL:
            yield batch
            batch = []
    if batch:
        yield batch
