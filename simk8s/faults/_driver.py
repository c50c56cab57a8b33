"""Merges the timelines of all fault models and lets them happen.

Law: at a fault's instant its machines go down or its effect begins, `duration_us` later they come
back and it ends; every moment of a fault (start, detected, tainted, end) is a row of the `faults`
table. A timeline is read one fault ahead, so that its length costs no memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from simk8s.errors import InvariantError
from simk8s.faults.base import (
    ClusterEffect,
    Context,
    ControlPlane,
    Damage,
    Fault,
    FaultModel,
    NodeEffect,
    NodeInfo,
    Nodes,
)
from simk8s.kernel.clock import Clock
from simk8s.kernel.phase import Phase as Order
from simk8s.record.writer import TableWriter
from simk8s.schema.enums import FaultPhase
from simk8s.state.cluster import TERMINAL, Cluster

if TYPE_CHECKING:
    from simk8s.kernel.streams import Streams

IDLE = "without effect"
"""How the detail of a fault begins that changed nothing."""
OUT_OF_THE_BLUE = "unreachable"
"""Kind of a node's silence that no fault explains."""


class _Begun(NamedTuple):
    """A fault that is going on."""

    fault: Fault
    rows: tuple[int, ...]
    hit: int
    lasts_us: int
    by_itself: bool


class FaultDriver:
    """Starts and ends faults; called by the control plane's controllers for what they notice."""

    def __init__(
        self,
        clock: Clock,
        cluster: Cluster,
        damage: Damage,
        rows: TableWriter,
        horizon_us: int,
        plane: ControlPlane | None = None,
    ) -> None:
        self._plane = plane
        self.nodes: Nodes | None = None
        self.idle: list[tuple[Fault, str]] = []
        """Faults that had no effect, and why."""
        self.base = Path()
        """What files of fault models are relative to."""
        self._cluster = cluster
        self._damage = damage
        self._append = rows.append
        self._horizon_us = horizon_us
        self._models: dict[str, FaultModel] = {}
        self._last: dict[int, Fault] = {}
        """The latest fault of each node."""
        self._starts = clock.lane("faults/start", Order.FAULT, self._start)
        self._ends = clock.lane("faults/end", Order.FAULT, self._end)

    def add(self, model: FaultModel) -> None:
        """Let this model's faults happen; its random stream is named after its kind."""
        number = 1 + sum(other.kind == model.kind for other in self._models.values())
        self._models[model.kind if number == 1 else f"{model.kind}-{number}"] = model

    def start(self, streams: Streams) -> None:
        """Make the timelines for the nodes that there are now, and arm their first faults."""
        if not self._models:
            return
        nodes = [
            NodeInfo(row, spec.name, spec.zone, spec.labels)
            for row, spec in enumerate(self._cluster.nodes.specs)
            if self._cluster.nodes.exists[row]
        ]
        for name, model in self._models.items():
            generator = streams.get(f"faults/{name}")
            context = Context(nodes, generator, self._horizon_us, self.base)
            self._arm(model.timeline(context), 0)

    def latest(self, node: int) -> Fault | None:
        """The latest fault of a node, over or not."""
        return self._last.get(node)

    def moment(self, now_us: int, phase: FaultPhase, node: int) -> None:
        """The control plane has noticed or tainted a node."""
        fault, name = self._last.get(node), self._cluster.nodes.specs[node].name
        kind, cause = OUT_OF_THE_BLUE, None
        if fault is not None:
            kind = fault.kind
            cause = None if fault.target == name else fault.target
        self._append((now_us, kind, phase, name, None, self._pods_on((node,)), cause))

    def _arm(self, timeline: Iterator[Fault], since_us: int) -> None:
        fault = next(timeline, None)
        if fault is None or fault.at_us > self._horizon_us:
            return
        if fault.at_us < since_us:
            raise InvariantError(f"{fault.kind}: a fault at {fault.at_us} us after {since_us} us")
        self._starts.at(fault.at_us, (fault, timeline))

    def _start(self, now_us: int, due: list[Any]) -> None:
        for fault, timeline in due:
            rows = tuple(row for row in fault.rows if self._cluster.nodes.exists[row])
            hit = self._pods_on(rows)
            self._last.update(dict.fromkeys(rows, fault))
            own_us = self._begin(fault, rows)
            if self._plane is not None and isinstance(fault.effect, ClusterEffect):
                hit = self._plane.pods_hit
                fault = self._told(fault, self._plane.idle)
            lasts_us = fault.duration_us if own_us is None else own_us
            self._note(now_us, fault, FaultPhase.START, lasts_us, hit)
            if lasts_us is not None:
                begun = _Begun(fault, rows, hit, lasts_us, own_us is not None)
                self._ends.at(now_us + lasts_us, begun)
            self._arm(timeline, now_us)

    def _told(self, fault: Fault, idle: str) -> Fault:
        """With the reason why it has no effect, if it has none."""
        if not idle:
            return fault
        self.idle.append((fault, idle))
        return replace(fault, detail=f"{IDLE}: {idle}")

    def _begin(self, fault: Fault, rows: tuple[int, ...]) -> int | None:
        """How long it takes, if the effect itself decides that."""
        effect = fault.effect
        if effect is None:
            self._damage.crash(rows)
        elif isinstance(effect, NodeEffect):
            if self.nodes is not None:
                self.nodes.begin(effect, rows)
        elif self._plane is not None:
            return self._plane.begin(effect)
        return None

    def _end(self, now_us: int, due: list[_Begun]) -> None:
        for fault, rows, hit, lasts_us, by_itself in due:
            effect = fault.effect
            if effect is None:
                self._damage.restore(rows)
            elif isinstance(effect, NodeEffect):
                if self.nodes is not None:
                    self.nodes.end(effect, rows)
            elif self._plane is not None and not by_itself:
                self._plane.end(effect)
            self._note(now_us, fault, FaultPhase.END, lasts_us, hit)

    def _note(
        self, now_us: int, fault: Fault, phase: FaultPhase, duration_us: int | None, hit: int
    ) -> None:
        row = (now_us, fault.kind, phase, fault.target, duration_us, hit, fault.detail)
        self._append(row)

    def _pods_on(self, rows: tuple[int, ...]) -> int:
        """Pods that are bound to these nodes and have not ended."""
        pods, listed = self._cluster.pods, self._cluster.nodes.pods_on
        return sum(
            pods.node[pod] == row and pods.phase[pod] not in TERMINAL
            for row in rows
            for pod in listed[row]
        )
