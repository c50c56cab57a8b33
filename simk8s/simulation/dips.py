"""One workload's replicas over time: what it wants, what it has, and every dip in between.

Law: integrals are exact: whole microseconds between changes, times whole pods. A dip is open
exactly while fewer are available than wanted; one that takes no time is none. Until a workload was
complete for the first time it starts up, and nothing is damage.

A rollout or scaling that loses a pod to anything but its own controller ends there as HIT, and a
dip of the kind damage begins: from then on everything that is missing counts as damage.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from simk8s.faults.base import Fault
from simk8s.schema.damage import DipCause, DipKind, DipOutcome

Named = tuple[str, str, int]
"""(kind, target, start) of a fault."""
PLANNED = (DipKind.ROLLOUT, DipKind.SCALE)


class Taken(NamedTuple):
    """How an available pod went."""

    cause: DipCause
    node: int
    fault: Fault | None = None
    seen: bool = True
    """Whether the API server knows."""

    @property
    def planned(self) -> bool:
        """Its own controller did it, as far as is known."""
        return self.cause is DipCause.DELETED


@dataclass(slots=True, eq=False)
class Dip:
    """From the first replica that is missing until there are enough."""

    kind: DipKind
    cause: DipCause
    start_us: int
    desired: int
    fault: Fault | None = None
    detected_us: int | None = None
    replaced_us: int | None = None
    end_us: int | None = None
    outcome: DipOutcome = DipOutcome.OPEN
    depth: int = 0
    depth_us: int = 0
    missed_us: int = 0
    pods_hit: int = 0
    nodes: dict[int, None] = field(default_factory=dict)
    faults: dict[Named, None] = field(default_factory=dict)
    unseen: dict[int, None] = field(default_factory=dict)
    """Pods that are gone without the API server knowing."""
    steps: list[tuple[int, int, int]] = field(default_factory=list)

    def hit(self, pod: int, taken: Taken, now_us: int) -> None:
        """A pod was taken, not by its own controller."""
        self.pods_hit += 1
        self.nodes[taken.node] = None
        if taken.fault is not None:
            fault = taken.fault
            self.faults[fault.kind, fault.target, fault.at_us] = None
        if not taken.seen:
            self.unseen[pod] = None
        elif self.detected_us is None:
            self.detected_us = now_us

    def notice(self, now_us: int) -> None:
        """The API server learns of what it did not know."""
        if self.detected_us is None and self.end_us is None:
            self.detected_us = now_us


@dataclass(slots=True, eq=False)
class Workload:
    """Replicas of one owner."""

    kind: str
    key: str
    created_us: int
    since_us: int
    """Of the last change."""
    number: int = 0
    deleted_us: int | None = None
    complete_us: int | None = None
    desired: int = 0
    last_desired: int = 0
    """What was wanted before it was deleted."""
    available: int = 0
    rolling: bool = False
    template_hash: str = ""
    desired_us: int = 0
    missed_us: dict[DipKind, int] = field(default_factory=lambda: dict.fromkeys(DipKind, 0))
    below_us: int = 0
    worst: int = 0
    worst_us: int | None = None
    damages: int = 0
    dip: Dip | None = None
    dips: list[Dip] = field(default_factory=list)
    data: Data | None = None

    def want(self, now_us: int, desired: int) -> None:
        """Another number of replicas is wanted."""
        before = self.desired
        if desired == before:
            return
        self._elapse(now_us)
        self.desired = desired
        if desired > self.available:
            if self.dip is None:
                started = self.complete_us is not None
                kind = DipKind.SCALE if started else DipKind.STARTUP
                self._open(kind, DipCause(kind.value), now_us, desired)
            return
        if desired and self.complete_us is None:
            self.complete_us = now_us
        self._close(now_us, DipOutcome.SCALED_DOWN)

    def gain(self, now_us: int, bound_us: int) -> None:
        """A pod is available that was not; `bound_us`: when it was bound to its node."""
        if now_us != self.since_us:
            self._elapse(now_us)
        self.available += 1
        dip = self.dip
        if dip is None:
            return
        if bound_us > dip.start_us and bound_us > (dip.replaced_us or 0):
            dip.replaced_us = bound_us
        if self.available >= self.desired:
            if self.complete_us is None:
                self.complete_us = now_us
            self._close(now_us, DipOutcome.CONVERGED)

    def shed(self, now_us: int) -> None:
        """A pod is not available any more that was one too many."""
        if now_us != self.since_us:
            self._elapse(now_us)
        self.available -= 1

    def lose(self, now_us: int, pod: int, taken: Taken) -> None:
        """A pod is not available any more."""
        self._elapse(now_us)
        self.available -= 1
        if self.available >= self.desired:
            return
        if self.dip is not None and self.dip.kind in PLANNED and not taken.planned:
            self._close(now_us, DipOutcome.HIT)
        if self.dip is None:
            if self.complete_us is None:
                self._open(DipKind.STARTUP, DipCause.STARTUP, now_us, self.desired)
            elif self.rolling and taken.planned:
                self._open(DipKind.ROLLOUT, DipCause.ROLLOUT, now_us, self.desired)
            else:
                self._open(DipKind.DAMAGE, taken.cause, now_us, self.desired, taken.fault)
        if not taken.planned and self.dip is not None:
            self.dip.hit(pod, taken, now_us)

    def finish(self, now_us: int) -> None:
        """The run is over; what is open stays so."""
        self._elapse(now_us)
        if self.dip is not None:
            self._keep(self.dip, now_us)

    def _elapse(self, now_us: int) -> None:
        """Count the time since the last change as it was."""
        spent_us = now_us - self.since_us
        if not spent_us:
            return
        if self.complete_us is not None:
            self.desired_us += self.desired * spent_us
        dip = self.dip
        if dip is not None:
            missing = self.desired - self.available
            dip.missed_us += missing * spent_us
            if missing > dip.depth:
                dip.depth, dip.depth_us = missing, self.since_us
            if dip.kind is DipKind.DAMAGE:
                dip.steps.append((self.since_us, self.desired, self.available))
        self.since_us = now_us

    def _open(
        self, kind: DipKind, cause: DipCause, now_us: int, desired: int, fault: Fault | None = None
    ) -> None:
        self.dip = Dip(kind, cause, now_us, desired, fault, depth_us=now_us)

    def _close(self, now_us: int, outcome: DipOutcome) -> None:
        dip, self.dip = self.dip, None
        if dip is not None and now_us > dip.start_us:
            dip.end_us, dip.outcome = now_us, outcome
            self._keep(dip, now_us)

    def _keep(self, dip: Dip, now_us: int) -> None:
        self.missed_us[dip.kind] += dip.missed_us
        if now_us == dip.start_us:
            return
        if dip.kind is DipKind.DAMAGE:
            self.damages += 1
            self.below_us += now_us - dip.start_us
            if dip.depth > self.worst:
                self.worst, self.worst_us = dip.depth, dip.depth_us
            if dip.end_us is not None:
                dip.steps.append((dip.end_us, self.desired, self.available))
        self.dips.append(dip)


@dataclass(slots=True)
class Data:
    """Ordinals of a StatefulSet with claims: how long each was out of service."""

    start: int
    out_us: int = 0
    since_us: dict[int, int] = field(default_factory=dict)
    """Ordinals that are out, and since when."""

    def lost(self, now_us: int, ordinal: int) -> None:
        """Its pod is not available any more."""
        self.since_us[ordinal] = now_us

    def back(self, now_us: int, ordinal: int) -> None:
        """Its pod is available; for the first time, if it is not known to be out."""
        self.out_us += now_us - self.since_us.pop(ordinal, now_us)

    def keep(self, now_us: int, replicas: int) -> None:
        """Ordinals beyond are not wanted any more."""
        for ordinal in list(self.since_us):
            if not self.start <= ordinal < self.start + replicas:
                self.back(now_us, ordinal)

    def finish(self, now_us: int) -> None:
        """The run is over: what is out counts until here."""
        for ordinal in list(self.since_us):
            self.back(now_us, ordinal)
