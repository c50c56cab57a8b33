"""One node and what its pods use: meters of pods, sums by resource, what the node has.

Law: what is summed here is what the meters say; a pod is on one node at a time.

Mirrors: the cgroup `kubepods`, which is limited to capacity less what is reserved, so that pods
come to its end whether or not the system uses its share (pkg/kubelet/cm, v1.36). Departs: of the
CPU that is reserved `reservedInUse` percent is used; a hog outside of the pods takes from
`kubepods` at once, as if the system needed all of its memory.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simk8s.nodes.curves import Curve
from simk8s.nodes.spaces import Space
from simk8s.nodes.usage_curves import NONE, Curves
from simk8s.nodes.usage_facts import NO_LIMIT, Facts
from simk8s.state.nodes import NodeSpec
from simk8s.state.resources import CPU, EPHEMERAL, MEMORY

if TYPE_CHECKING:
    from simk8s.nodes.eviction import Pressure

NEVER = -1
NO_WORK = -1


@dataclass(slots=True)
class Meter:
    """A pod whose containers run."""

    pod: int
    node: int
    facts: Facts
    curves: Curves
    capped: Curve
    """What its CPU limit lets through."""
    left: int = NO_WORK
    """Of its work, in milli-CPU · µs."""
    rate: int = 0
    """CPU that it gets, where it is settled."""
    seen_us: int = 0

    @property
    def steady(self) -> bool:
        """Whether it wants the same CPU all the time."""
        return self.curves.cpu[0].flat


@dataclass(frozen=True, slots=True)
class Room:
    """What a node has for its pods, whether or not they may request it."""

    cpu_milli: int
    memory_bytes: int
    """The limit of `kubepods`: where pods have more, the kernel kills."""
    capacity_bytes: int
    disk_bytes: int
    pids: int


def room_of(spec: NodeSpec, in_use_percent: int, spared_bytes: int, pids: int) -> Room:
    """`spared_bytes`: of what is not allocatable, kept free for the eviction threshold."""
    may, has = spec.allocatable, {**spec.allocatable, **spec.capacity}
    memory = has.get(MEMORY, 0)
    return Room(
        has.get(CPU, 0) - (has.get(CPU, 0) - may.get(CPU, 0)) * in_use_percent // 100,
        min(memory, may.get(MEMORY, 0) + spared_bytes),
        memory,
        has.get(EPHEMERAL, 0),
        pids,
    )


@dataclass(slots=True)
class Load:
    """See the module."""

    node: int
    room: Room
    meters: dict[int, Meter] = field(default_factory=dict)
    memory: Space = field(default_factory=Space)
    disk: Space = field(default_factory=Space)
    pids: Space = field(default_factory=Space)
    cpu_peak: int = 0
    """The most that all may use at once."""
    working: int = 0
    """Pods that end when their work is done."""
    live: bool = False
    """Settled at every change of demand, since there may be too little CPU or work to be done."""
    rates: tuple[int, int, int] = (0, 0, 0)
    """Demand, capped and used CPU, while it is live."""
    cpu_us: int = NEVER
    """When it has to be settled next."""
    ooms: dict[int, int] = field(default_factory=dict)
    """Pods that come to their memory limit, and when."""
    full: dict[int, int] = field(default_factory=dict)
    """Pods that come to their limit of local storage, and when."""
    pressure: Pressure | None = None
    helpless: bool = False
    """Full, and none of its pods could be killed for it."""
    calm: tuple[int, int, int] = (0, 0, 0)
    """Memory, disk and processes up to which nothing can happen."""
    armed_us: int = NEVER
    version: int = 0

    def add(self, meter: Meter, now_us: int) -> None:
        """A pod begins to use resources."""
        pod, curves = meter.pod, meter.curves
        self.meters[pod] = meter
        self.memory.add(pod, *curves.memory)
        if curves.disk[0] is not NONE:
            self.disk.add(pod, *curves.disk)
        if curves.pids[0] is not NONE:
            self.pids.add(pod, *curves.pids)
        self.cpu_peak += meter.capped.peak
        self.working += meter.left != NO_WORK
        limits = meter.facts.limits
        if limits[1] != NO_LIMIT or limits[2] != NO_LIMIT:
            self._limits(meter, now_us)

    def _limits(self, meter: Meter, now_us: int) -> None:
        """When it comes to its own limits."""
        pod, curves = meter.pod, meter.curves
        for place, found, (curve, origin_us) in (
            (1, self.ooms, curves.memory),
            (2, self.full, curves.disk),
        ):
            limit = meter.facts.limits[place]
            if limit != NO_LIMIT and curve.peak > limit:
                offset_us = curve.passes(limit, now_us - origin_us)
                if offset_us is not None:
                    found[pod] = origin_us + offset_us

    def remove(self, meter: Meter) -> None:
        """It uses them no more."""
        pod, curves = meter.pod, meter.curves
        del self.meters[pod]
        self.memory.remove(pod, curves.memory[0])
        if curves.disk[0] is not NONE:
            self.disk.remove(pod, curves.disk[0])
        if curves.pids[0] is not NONE:
            self.pids.remove(pod, curves.pids[0])
        self.cpu_peak -= meter.capped.peak
        self.working -= meter.left != NO_WORK
        self.ooms.pop(pod, None)
        self.full.pop(pod, None)
