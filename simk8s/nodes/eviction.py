"""Node-pressure eviction: what a kubelet does when its node is short of memory, disk or processes.

The eviction manager looks every 10 s. Whether it would find anything is arithmetic on the curves
of the node's pods, so only the looks that change something are simulated.

Law: one look evicts one pod (or all that are over their own limit of local storage); the next
comes when that pod is cleaned up. A condition holds from the look that saw its threshold met until
the transition period has passed since the last that did. Critical pods are never evicted.

Mirrors: pkg/kubelet/eviction/{eviction_manager,helpers}.go, v1.36: monitor 10 s, thresholds with
grace period and minimum reclaim, memory first, ranking by usage above request, priority, amount
above the request; grace 1 s (hard) or evictionMaxPodGracePeriod (soft, no more than the pod's own),
wait for the clean-up up to 30 s in steps of 1 s; image collection before pods for disk signals.
Departs: statistics are of the instant of the look, where cAdvisor's may be 10 s old; no memcg
notifier; inodes are not modelled; images and pods share one file system; pods that are leaving are
not picked; PID pressure ranks by processes of the pod.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from simk8s.kernel.streams import counter_hash
from simk8s.nodes.loads import Load, Meter
from simk8s.nodes.settings import EvictionSettings, Threshold
from simk8s.nodes.spaces import Space
from simk8s.state.selectors import DISK_PRESSURE, MEMORY_PRESSURE, PID_PRESSURE

SECOND = 1_000_000
HARD_GRACE_US = SECOND
CLEANUP_US, POLL_US = 30 * SECOND, SECOND
_MONITOR = 5
MEMORY, DISK, PIDS = "memory", "disk", "pids"
SIGNALS: dict[str, tuple[str, str]] = {
    "memory.available": (MEMORY, MEMORY_PRESSURE),
    "nodefs.available": (DISK, DISK_PRESSURE),
    "imagefs.available": (DISK, DISK_PRESSURE),
    "pid.available": (PIDS, PID_PRESSURE),
}
"""What a signal is of, and the condition that it makes true (by the key of its taint)."""


@dataclass(slots=True)
class Pressure:
    """What the eviction manager of one node remembers."""

    since: dict[Threshold, int] = field(default_factory=dict)
    """Thresholds that are met, and since when."""
    acting: tuple[Threshold, ...] = ()
    """Those whose grace period is over."""
    last: dict[str, int] = field(default_factory=dict)
    """Conditions, and when they were last observed."""
    looked_us: int = -1
    next_us: int | None = None
    """The look after an eviction."""
    changed: bool = False
    """Pods have come or gone since the last look."""


class Ranked(NamedTuple):
    """Why one pod goes before another."""

    within: bool
    """Uses no more than it requests."""
    priority: int
    above: int
    """Less what it uses above its request."""
    pod: int


def ranked(
    meters: Iterable[Meter], what: str, now_us: int, priority: Callable[[int], int]
) -> list[Ranked]:
    """Pods in the order in which they are evicted."""
    found = []
    for meter in meters:
        curve, origin_us = getattr(meter.curves, what)
        used = curve.value(now_us - origin_us)
        asked = 0 if what == PIDS else meter.facts.requests[1 if what == MEMORY else 2]
        within = what != PIDS and used <= asked
        found.append(Ranked(within, priority(meter.pod), asked - used, meter.pod))
    return sorted(found)


class Hands(NamedTuple):
    """What the manager can do."""

    evict: Callable[[int, int, int], int]
    """(pod, node, grace) -> when it is cleaned up."""
    reclaim: Callable[[int], None]
    """Remove all unused images of a node."""
    image_bytes: Callable[[int], int]
    priority: Callable[[int], int]
    spared: Callable[[int], bool]
    """Whether a pod may not be evicted now."""
    grace_us: Callable[[int], int]


class EvictionManager:
    """Of all nodes; what it remembers of one is in its load."""

    def __init__(self, settings: EvictionSettings, seed: int, hands: Hands) -> None:
        self._settings, self._seed, self._hands = settings, seed, hands
        self._thresholds = [t for t in settings.thresholds if t.signal in SIGNALS]

    def calm(self, load: Load) -> tuple[int, int, int]:
        """Memory, disk (without images) and processes that are below every threshold."""
        room = load.room
        least = {MEMORY: room.memory_bytes, DISK: room.disk_bytes, PIDS: room.pids}
        capacity = {MEMORY: room.capacity_bytes, DISK: room.disk_bytes, PIDS: room.pids}
        kept = dict.fromkeys(least, 0)
        for threshold in self._thresholds:
            what = SIGNALS[threshold.signal][0]
            kept[what] = max(kept[what], threshold.below(capacity[what]))
        return least[MEMORY] - kept[MEMORY], least[DISK] - kept[DISK], least[PIDS] - kept[PIDS]

    # --- when

    def next_us(self, load: Load, now_us: int) -> int | None:
        """The next look that would find something new."""
        held = load.pressure
        if held is not None and held.next_us is not None:
            return held.next_us
        found = [t for t in self._changes(load, held, now_us) if t is not None]
        if not found:
            return None
        return self._look_us(load, held, max(min(found), now_us))

    def _changes(self, load: Load, held: Pressure | None, now_us: int) -> Iterable[int | None]:
        yield min(load.full.values(), default=None)
        since = {} if held is None else held.since
        for threshold in self._thresholds:
            space, level, kept = self._of(load, threshold)
            if threshold not in since:
                yield space.passes(level, now_us)
                continue
            yield space.falls(kept if held and threshold in held.acting else level, now_us)
            if held is not None and threshold not in held.acting:
                yield since[threshold] + threshold.grace_us
        if held is None:
            return
        if held.changed and held.acting:
            yield now_us
        observed = {SIGNALS[t.signal][1] for t in since}
        for condition, last_us in held.last.items():
            if condition not in observed:
                yield last_us + self._settings.transition_us

    def _look_us(self, load: Load, held: Pressure | None, t_us: int) -> int:
        """The first look at or after an instant that is later than the last one."""
        period = self._settings.interval_us
        if held is None or held.looked_us < 0:
            first = int(period * counter_hash(self._seed, _MONITOR, load.node))
            return t_us + (first - t_us) % period
        t_us = max(t_us, held.looked_us + 1)
        return t_us + (held.looked_us - t_us) % period

    def _of(self, load: Load, threshold: Threshold) -> tuple[Space, int, int]:
        """Usage, the level above which it is too much, and the level that is enough again."""
        what = SIGNALS[threshold.signal][0]
        if what == MEMORY:
            space, capacity, room = load.memory, load.room.capacity_bytes, load.room.memory_bytes
        elif what == DISK:
            space, capacity = load.disk, load.room.disk_bytes
            room = capacity - self._hands.image_bytes(load.node)
        else:
            space, capacity = load.pids, load.room.pids
            room = capacity
        return space, room - threshold.below(capacity), room - threshold.resolved(capacity)

    # --- what

    def look(self, load: Load, now_us: int) -> None:
        """One round of the monitor, if it is due."""
        if self.next_us(load, now_us) != now_us:
            return
        held = load.pressure
        if held is None:
            held = load.pressure = Pressure()
        held.next_us, held.changed = None, False
        before_us = held.looked_us
        held.looked_us = now_us
        if self._storage_limits(load, held, now_us):
            return
        self._observe(load, held, now_us, before_us)
        acting = sorted(held.acting, key=lambda t: SIGNALS[t.signal][0] != MEMORY)
        if acting:
            self._act(load, held, acting[0], now_us)
        elif not held.last and not held.since:
            held.acting = ()

    def _observe(self, load: Load, held: Pressure, now_us: int, before_us: int) -> None:
        """Which thresholds are met, since when, and what that makes of the conditions."""
        met: dict[Threshold, int] = {}
        for threshold in self._thresholds:
            space, level, kept = self._of(load, threshold)
            used = space.value(now_us)
            if used > level or (threshold in held.acting and used > kept):
                met[threshold] = held.since.get(threshold, now_us)
        for threshold in held.since:
            # Looks that would have changed nothing have seen it met until the one before this.
            last_us = max(before_us, now_us - self._settings.interval_us)
            held.last[SIGNALS[threshold.signal][1]] = last_us
        for threshold in met:
            held.last[SIGNALS[threshold.signal][1]] = now_us
        held.since = met
        held.acting = tuple(t for t in met if now_us - met[t] >= t.grace_us)
        over = now_us - self._settings.transition_us
        held.last = {c: last_us for c, last_us in held.last.items() if last_us > over}

    def _act(self, load: Load, held: Pressure, threshold: Threshold, now_us: int) -> None:
        what = SIGNALS[threshold.signal][0]
        if what == DISK:
            self._hands.reclaim(load.node)
            if not self._still(load, held.acting, now_us):
                return
        grace_us = HARD_GRACE_US
        for one in ranked(load.meters.values(), what, now_us, self._hands.priority):
            if self._hands.spared(one.pod):
                continue
            if threshold.grace_us:
                own_us = self._hands.grace_us(one.pod)
                grace_us = max(min(self._settings.max_grace_us, own_us), SECOND)
            self._wait(held, self._hands.evict(one.pod, load.node, grace_us), now_us)
            return

    def _still(self, load: Load, acting: Iterable[Threshold], now_us: int) -> bool:
        """Whether removing images was not enough."""
        for threshold in acting:
            space, level, _ = self._of(load, threshold)
            if space.value(now_us) > level:
                return True
        return False

    def _storage_limits(self, load: Load, held: Pressure, now_us: int) -> bool:
        """Evict all pods that use more local storage than their limit."""
        over = [pod for pod, at_us in load.full.items() if at_us <= now_us]
        gone = []
        for pod in over:
            del load.full[pod]
            if not self._hands.spared(pod):
                gone.append(self._hands.evict(pod, load.node, HARD_GRACE_US))
        if gone:
            self._wait(held, max(gone), now_us)
        return bool(gone)

    def _wait(self, held: Pressure, gone_us: int, now_us: int) -> None:
        """For what was evicted to be cleaned up, then look again."""
        polls = max(-(-(gone_us - now_us) // POLL_US), 1) * POLL_US
        held.next_us = now_us + min(polls, CLEANUP_US)

    # --- conditions

    def conditions(self, load: Load) -> tuple[str, ...]:
        """Conditions that are true, as keys of their taints, in order of their names."""
        held = load.pressure
        return () if held is None else tuple(sorted(held.last))


def refuses(
    conditions: Iterable[str], *, critical: bool, best_effort: bool, tolerates: Callable[[], bool]
) -> bool:
    """Whether a kubelet under pressure rejects a pod (managerImpl.Admit)."""
    present = list(conditions)
    if not present or critical:
        return False
    if present == [MEMORY_PRESSURE]:
        return best_effort and not tolerates()
    return True
