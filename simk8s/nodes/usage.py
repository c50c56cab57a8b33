"""What pods really use, and what that does to them: throttling, starvation, OOM kills, evictions.

Every node with pods that have a usage is a load: sums of curves. A load has one timer, for the
first instant at which something happens to it; where nothing can (the peaks of all together stay
below every level) it has none, however its curves go up and down.

Law: a container is killed at the first instant at which its pod is above its memory limit; a node
whose pods are above the limit of `kubepods` loses the one that is worst by the kernel's score, at
once; CPU above the limit is not given, and where pods want more than the node has they share it by
weight. What is used is counted exactly (usage_ledger).

Mirrors: CFS bandwidth and weights, cgroup memory limits, mm/oom_kill.c as set up by kubelet
v1.36; kubelet's node status every 10 s. Departs: usage counts from the relist that saw the
containers run; throttling gives the limit at once instead of in periods of 100 ms; memory that is
cached or reclaimable is not told apart; no swap.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simk8s.api.store import Store
from simk8s.kernel.clock import Clock
from simk8s.kernel.phase import Phase as Order
from simk8s.kernel.streams import counter_hash
from simk8s.nodes.cpu_shares import divide
from simk8s.nodes.curves import FOREVER_US
from simk8s.nodes.disorders import Sender
from simk8s.nodes.eviction import EvictionManager, Hands, refuses
from simk8s.nodes.kills import Kills
from simk8s.nodes.loads import NEVER, NO_WORK, Load, Meter, room_of
from simk8s.nodes.qos import CRITICAL, Qos, badness, oom_score_adj
from simk8s.nodes.settings import UsageSettings
from simk8s.nodes.usage_curves import CurveMaker
from simk8s.nodes.usage_facts import NO_LIMIT, FactTable
from simk8s.nodes.usage_ledger import CAPPED, DEMAND, MEMORY, USED, Ledger, Used
from simk8s.scenario.usage import Usage
from simk8s.state.selectors import MEMORY_PRESSURE, NO_SCHEDULE, Taint, tolerated

_STATUS = 6
_MEMORY_TAINT = Taint(MEMORY_PRESSURE, "", NO_SCHEDULE)
UsageOf = Callable[[int], Usage | None]
"""What is said of the usage of a pod."""


class NodeUsage:
    """Of all nodes."""

    def __init__(
        self,
        clock: Clock,
        store: Store,
        client_of: Callable[[int], Sender],
        settings: UsageSettings,
        usage_of: UsageOf,
        maker: CurveMaker,
        kills: Kills,
        seed: int,
    ) -> None:
        self._clock, self._store, self._client_of = clock, store, client_of
        self._settings, self._usage_of, self._maker = settings, usage_of, maker
        self._kills, self._seed = kills, seed
        self._cluster = store.cluster
        self._facts = FactTable(store.cluster)
        self._loads: dict[int, Load] = {}
        self._nodes: dict[int, int] = {}
        """Nodes of the pods that are metered."""
        self.ledger = Ledger()
        self.ooms = self.node_ooms = self.evictions = 0
        self._timers = clock.lane("kubelet/usage", Order.RELEASE, self._due)
        self._reports = clock.lane("kubelet/pressure", Order.RELEASE, self._report)
        hands = Hands(
            self._evict,
            kills.reclaim,
            kills.images.bytes_of,
            lambda pod: self._cluster.pods.priority[pod],
            self._spared,
            lambda pod: self._cluster.template_of(pod).grace_us,
        )
        self._manager = EvictionManager(settings.eviction, seed, hands)

    # --- pods come and go

    def start(self, pod: int, node: int, started_us: int) -> None:
        """The containers of a pod run, since `started_us`."""
        usage = self._usage_of(pod)
        if usage is None or pod in self._nodes:
            return
        now_us, facts = self._clock.now_us, self._facts.of(pod)
        curves = self._maker.of(usage, pod, lambda: self._cluster.name_of(pod), facts, started_us)
        limit = facts.limits[0] if self._settings.cpu_quota else NO_LIMIT
        demand = curves.cpu[0]
        capped = demand if limit == NO_LIMIT else demand.capped(limit)
        left = NO_WORK if usage.work is None else usage.work * 1000
        meter = Meter(pod, node, facts, curves, capped, left, 0, now_us)
        self._nodes[pod] = node
        load = self.load(node)
        if not load.live:
            self._count(meter, now_us)
        else:
            self.ledger.begin(pod, MEMORY, *curves.memory, now_us)
        load.add(meter, now_us)
        self._changed(load, now_us)

    def stop(self, pod: int) -> None:
        """They run no more. Whoever is not metered is nobody's business."""
        node = self._nodes.pop(pod, None)
        if node is not None:
            load, now_us = self._loads[node], self._clock.now_us
            self._drop(load, load.meters[pod], now_us)
            self._changed(load, now_us)

    def crashed(self, node: int) -> None:
        """Everything on a node is gone."""
        load, now_us = self._loads.get(node), self._clock.now_us
        if load is None:
            return
        for meter in list(load.meters.values()):
            del self._nodes[meter.pod]
            self._drop(load, meter, now_us)
        load.pressure = None
        self._changed(load, now_us)

    def restored(self, node: int) -> None:
        """A kubelet that has just started sees no pressure."""
        self._send(node, ())

    def hog(self, node: int, *, memory: int = 0, disk: int = 0, pids: int = 0) -> None:
        """Something that is no pod uses so much more (or less) of a node from now on."""
        load = self.load(node)
        load.memory.extra += memory
        load.disk.extra += disk
        load.pids.extra += pids
        self._changed(load, self._clock.now_us)

    def load(self, node: int) -> Load:
        """What is known of a node."""
        found = self._loads.get(node)
        if found is None:
            own = self._settings
            spec, spared = self._cluster.nodes.specs[node], own.eviction.spared_bytes
            room = room_of(spec, own.reserved_in_use_percent, spared, own.pids)
            found = self._loads[node] = Load(node, room)
            found.calm = self._manager.calm(found)
        return found

    def used(self, now_us: int) -> Used:
        """Twice the integrals of all pods up to now."""
        return self.ledger.read(now_us)

    def _drop(self, load: Load, meter: Meter, now_us: int) -> None:
        if not load.live:
            self._uncount(meter, now_us)
        else:
            self.ledger.end(meter.pod, MEMORY, meter.curves.memory[0], now_us)
        load.remove(meter)

    def _count(self, meter: Meter, now_us: int) -> None:
        """A pod that gets all the CPU that its limit lets through, and its memory."""
        demand, origin_us = meter.curves.cpu
        memory, memory_us = meter.curves.memory
        if demand.flat and memory.flat:
            self.ledger.level(demand.peak, meter.capped.peak, memory.peak, now_us)
            return
        begin, pod = self.ledger.begin, meter.pod
        begin(pod, DEMAND, demand, origin_us, now_us)
        begin(pod, CAPPED, meter.capped, origin_us, now_us)
        begin(pod, USED, meter.capped, origin_us, now_us)
        begin(pod, MEMORY, memory, memory_us, now_us)

    def _uncount(self, meter: Meter, now_us: int) -> None:
        demand, memory = meter.curves.cpu[0], meter.curves.memory[0]
        if demand.flat and memory.flat:
            self.ledger.level(-demand.peak, -meter.capped.peak, -memory.peak, now_us)
            return
        end, pod = self.ledger.end, meter.pod
        end(pod, DEMAND, demand, now_us)
        end(pod, CAPPED, meter.capped, now_us)
        end(pod, USED, meter.capped, now_us)
        end(pod, MEMORY, memory, now_us)

    def _changed(self, load: Load, now_us: int) -> None:
        """Pods have come or gone: what may happen next?"""
        load.helpless = False
        live = load.working > 0 or load.cpu_peak > load.room.cpu_milli
        if live != load.live:
            self._switch(load, now_us, live=live)
        if live:
            self._settle(load, now_us)
        if load.pressure is not None:
            load.pressure.changed = True
        self._arm(load, now_us)

    def _switch(self, load: Load, now_us: int, *, live: bool) -> None:
        """From sums of what pods want to what they get, or back."""
        for meter in load.meters.values():
            if live:
                self._uncount(meter, now_us)
                self.ledger.begin(meter.pod, MEMORY, *meter.curves.memory, now_us)
            else:
                self.ledger.end(meter.pod, MEMORY, meter.curves.memory[0], now_us)
                self._count(meter, now_us)
        load.live = live
        if not live:
            self._rate(load, (0, 0, 0), now_us)
            load.cpu_us = NEVER

    # --- CPU

    def _rate(self, load: Load, rates: tuple[int, int, int], now_us: int) -> None:
        for which, before, after in zip((DEMAND, CAPPED, USED), load.rates, rates, strict=True):
            if before != after:
                self.ledger.change(which, after - before, now_us)
        load.rates = rates

    def _settle(self, load: Load, now_us: int) -> None:
        """Share out CPU until the next change of demand, or until a pod's work is done."""
        meters = list(load.meters.values())
        demand, wanted, next_us = 0, [], FOREVER_US
        for meter in meters:
            if meter.left > 0:
                meter.left = max(meter.left - meter.rate * (now_us - meter.seen_us), 0)
            meter.seen_us = now_us
            curve, origin_us = meter.curves.cpu
            offset_us = now_us - origin_us
            demand += curve.value(offset_us)
            wanted.append(meter.capped.value(offset_us) if meter.left else 0)
            end_us = curve.piece(offset_us).end_us
            if end_us < FOREVER_US:
                next_us = min(next_us, origin_us + end_us)
        requests = [meter.facts.requests[0] for meter in meters]
        classes = [meter.facts.qos for meter in meters]
        room, version = load.room.cpu_milli, self._settings.cgroup
        granted = divide(wanted, requests, classes, room, version)
        for meter, rate in zip(meters, granted, strict=True):
            meter.rate = rate
            if not meter.left:
                next_us = now_us  # it is done
            elif meter.left > 0 and rate:
                next_us = min(next_us, now_us - (-meter.left // rate))
        self._rate(load, (demand, sum(wanted), sum(granted)), now_us)
        load.cpu_us = NEVER if next_us == FOREVER_US else next_us

    # --- time passes

    def _arm(self, load: Load, now_us: int) -> None:
        """One timer for what comes first."""
        if self._calm(load):
            if load.armed_us != NEVER:
                load.version += 1
                load.armed_us = NEVER
            return
        found = list(load.ooms.values())
        if load.cpu_us != NEVER:
            found.append(load.cpu_us)
        full_us = None
        if not load.helpless:
            full_us = load.memory.passes(load.room.memory_bytes, now_us)
        times = (full_us, self._manager.next_us(load, now_us))
        found += [time for time in times if time is not None]
        at_us = max(min(found), now_us) if found else NEVER
        if at_us != load.armed_us:
            load.version += 1
            load.armed_us = at_us
            if at_us != NEVER:
                self._timers.at(at_us, (load, load.version))

    def _calm(self, load: Load) -> bool:
        """Nothing can happen, however the curves go."""
        if load.ooms or load.full or load.cpu_us != NEVER or load.pressure is not None:
            return False
        memory, disk, pids = load.calm
        return (
            load.memory.peak + load.memory.extra <= memory
            and load.pids.peak + load.pids.extra <= pids
            and load.disk.peak + load.disk.extra + self._kills.images.bytes_of(load.node) <= disk
        )

    def _due(self, now_us: int, timers: list[tuple[Load, int]]) -> None:
        for load, version in timers:
            if load.version == version:
                load.armed_us = NEVER
                self._look(load, now_us)

    def _look(self, load: Load, now_us: int) -> None:
        for pod in [pod for pod, at_us in load.ooms.items() if at_us <= now_us]:
            self.ooms += 1
            self._end(pod, self._kills.oom)
        while load.memory.value(now_us) > load.room.memory_bytes:
            worst = self._worst(load, now_us)
            if worst is None:
                load.helpless = True
                break
            self.ooms += 1
            self.node_ooms += 1
            self._end(worst, self._kills.oom)
        before = self._manager.conditions(load)
        self._manager.look(load, now_us)
        if self._manager.conditions(load) != before:
            self._promise(load.node, now_us)
        if load.live and load.cpu_us != NEVER and load.cpu_us <= now_us:
            self._settle(load, now_us)
            for meter in [m for m in load.meters.values() if m.left == 0]:
                self._end(meter.pod, self._kills.finish)
        self._arm(load, now_us)

    def _end(self, pod: int, how: Callable[[int, int], None]) -> None:
        node = self._nodes[pod]
        self.stop(pod)
        how(pod, node)

    def _worst(self, load: Load, now_us: int) -> int | None:
        """Whom the kernel kills: the highest score, then the first."""
        capacity, worst = load.room.capacity_bytes, None
        for pod, meter in load.meters.items():
            curve, origin_us = meter.curves.memory
            used, facts = curve.value(now_us - origin_us), meter.facts
            priority = self._cluster.pods.priority[pod]
            adj = oom_score_adj(facts.qos, facts.asked, capacity, priority)
            score = badness(used, adj, capacity)
            if used > 0 and (worst is None or score > worst[0]):
                worst = (score, pod)
        return None if worst is None else worst[1]

    # --- eviction

    def _evict(self, pod: int, node: int, grace_us: int) -> int:
        self.evictions += 1
        return self._kills.evict(pod, node, grace_us)

    def _spared(self, pod: int) -> bool:
        """Critical, or going already."""
        return self._critical(pod) or self._kills.leaving(pod)

    def _critical(self, pod: int) -> bool:
        pods = self._cluster.pods
        return pod in pods.static or pods.priority[pod] >= CRITICAL

    def refusal(self, pod: int, node: int) -> bool:
        """Whether the kubelet of a node under pressure rejects a pod."""
        load = self._loads.get(node)
        if load is None or load.pressure is None:
            return False
        template = self._cluster.template_of(pod)
        return refuses(
            self._manager.conditions(load),
            critical=self._critical(pod),
            best_effort=self._facts.of(pod).qos is Qos.BEST_EFFORT,
            tolerates=lambda: tolerated(template.tolerations, _MEMORY_TAINT),
        )

    def _promise(self, node: int, now_us: int) -> None:
        """The next node status will have it."""
        period = max(self._settings.node_status_us, 1)
        phase = int(period * counter_hash(self._seed, _STATUS, node))
        self._reports.at(now_us + (phase - now_us) % period, node)

    def _report(self, now_us: int, nodes: list[Any]) -> None:
        for node in nodes:
            self._send(node, self._manager.conditions(self._loads[node]))

    def _send(self, node: int, conditions: tuple[str, ...]) -> None:
        if self._store.pressures.measured(node) != frozenset(conditions):
            self._client_of(node).write(self._store.set_pressures, node, conditions)
