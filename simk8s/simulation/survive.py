"""N+1: would everything still fit if a zone, a rack or some nodes were lost?

Law: a run is looked at, never changed: at each moment every loss is played on a copy of what the
scheduler knows. The lost nodes are tainted as unreachable and take nobody; the pods that ran there
and have an owner are placed again one by one, the highest priority first, with preemption, by the
strategy's own filters and scores. Daemons and static pods go with their node; a pod without an
owner does not come back.

Mirrors: what node lifecycle, controllers and scheduler would have arrived at once the dust has
settled. Departs: nothing takes time, budgets bind nobody, and no node is added.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from simk8s.errors import Problem, UserError
from simk8s.kernel.phase import Phase
from simk8s.placement import cycle
from simk8s.placement.base import PluginError, Query
from simk8s.placement.diagnosis import put
from simk8s.placement.preemption import preempt
from simk8s.placement.search import Search
from simk8s.placement.select import Selector
from simk8s.placement.view import Overlay, View
from simk8s.schema.labels import RACK_LABEL, ZONE_LABEL
from simk8s.simulation.build import Options, World, build
from simk8s.state.cluster import TERMINAL
from simk8s.state.pods import NEVER
from simk8s.state.resources import CPU, MEMORY, PODS
from simk8s.state.selectors import Taint

if TYPE_CHECKING:
    from simk8s.scenario.load import Loaded

LOST = Taint("node.kubernetes.io/unreachable", "", "NoSchedule")
MOST_LOSSES = 2_000
"""Of one kind; beyond that the fullest nodes are tried."""
SAMPLES = 20
"""Random sets of nodes that are tried beside the fullest ones."""


@dataclass(frozen=True, slots=True)
class Loss:
    """Nodes that are lost together."""

    name: str
    rows: tuple[int, ...]


@dataclass(slots=True)
class Homeless:
    """Pods of one owner that found no node, and why the first of them did not."""

    owner: str
    pods: int
    of: int
    """How many of it were on the lost nodes."""
    why: str


@dataclass(slots=True)
class Outcome:
    """What one loss at one moment would do."""

    at_us: int
    loss: str
    nodes: int
    displaced: int = 0
    placed: int = 0
    preempted: int = 0
    """Pods of lower priority that had to make room; they are placed again or homeless, too."""
    bare: int = 0
    """Pods without an owner: gone for good."""
    with_their_node: int = 0
    """Daemons and static pods."""
    homeless: list[Homeless] = field(default_factory=list)
    cpu_left: float = 0.0
    memory_left: float = 0.0
    """Share of the nodes that are left which nobody requests afterwards."""

    @property
    def unplaced(self) -> int:
        return sum(line.pods for line in self.homeless)

    @property
    def survives(self) -> bool:
        """Whether all that has an owner runs again."""
        return not self.homeless


def survive(loaded: Loaded, lose: str, moments: int = 4, seed: int | None = None) -> list[Outcome]:
    """Run the scenario and play every loss at so many moments, evenly spread up to the end.

    `lose` is `zone`, `rack`, the key of a label, or `node:K`. UserError where no node has it.
    """
    chosen = loaded.scenario.seed if seed is None else seed
    horizon_us = loaded.scenario.duration
    world = build(loaded, seed=chosen, horizon_us=horizon_us, options=Options())
    found: list[Outcome] = []

    def look(now_us: int, _: Sequence[Any]) -> None:
        found.extend(outcomes(world, lose, now_us))

    lane = world.clock.lane("survive", Phase.SAMPLE, look)
    for moment in range(1, moments + 1):
        lane.at(horizon_us * moment // moments, None)
    world.start()
    world.clock.run(horizon_us)
    if not found and moments:
        # Nothing was left to happen before the first of them.
        found.extend(outcomes(world, lose, world.clock.now_us))
    return found


def outcomes(world: World, lose: str, now_us: int) -> Iterator[Outcome]:
    """Every loss of a kind, played on the world as it stands."""
    for loss in losses(world, lose):
        yield play(world, loss, now_us)


def losses(world: World, lose: str) -> list[Loss]:
    """What may be lost, by name; UserError where nothing may."""
    kind, colon, number = lose.partition(":")
    if kind == "node" and (not colon or (number.isdecimal() and int(number))):
        return _sets(world, int(number or 1))
    label = {"zone": ZONE_LABEL, "rack": RACK_LABEL}.get(lose, lose)
    nodes = world.cluster.nodes
    found: dict[str, list[int]] = {}
    for row in np.flatnonzero(nodes.exists).tolist():
        value = nodes.specs[row].labels.get(label)
        if value is not None:
            found.setdefault(value, []).append(row)
    if not found:
        hint = "lose zone, rack, the key of a label, or node:K"
        raise UserError(Problem("E401", f"no node has the label {label!r}", hint=hint))
    return [Loss(f"{lose} {value}", tuple(rows)) for value, rows in sorted(found.items())]


def _sets(world: World, size: int) -> list[Loss]:
    """Every node alone; of more, the fullest together and some at random."""
    nodes = world.cluster.nodes
    rows = np.flatnonzero(nodes.exists)
    if size >= len(rows):
        text = f"node:{size} are all nodes; there are {len(rows)}"
        raise UserError(Problem("E401", text))
    full = _requested(world, rows)
    order = rows[np.lexsort((rows, -full))]
    if size == 1:
        kept = order[:MOST_LOSSES].tolist()
        return [Loss(f"node {nodes.specs[row].name}", (row,)) for row in kept]
    found = [Loss(f"the {size} fullest nodes", tuple(order[:size].tolist()))]
    draws = world.streams.get(f"survive/{size}/{world.clock.now_us}")
    for number in range(1, SAMPLES + 1):
        chosen = np.sort(draws.choice(rows, size, replace=False))
        found.append(Loss(f"{size} nodes, sample {number}", tuple(chosen.tolist())))
    return found


def _requested(world: World, rows: Any) -> Any:
    """The larger share of cpu or memory that is requested, per row."""
    nodes = world.cluster.nodes
    there = np.maximum(nodes.allocatable[[CPU, MEMORY]][:, rows], 1)
    return (1 - nodes.free[[CPU, MEMORY]][:, rows] / there).max(axis=0)


def play(world: World, loss: Loss, now_us: int) -> Outcome:
    """One loss on a copy of the world as it stands."""
    nodes = world.cluster.nodes
    before = [(row, nodes.specs[row]) for row in loss.rows]
    for row, spec in before:
        nodes.set_spec(row, replace(spec, taints=(*spec.taints, LOST)))
    try:
        return _play(world, loss, now_us)
    finally:
        for row, spec in before:
            nodes.set_spec(row, spec)


def _play(world: World, loss: Loss, now_us: int) -> Outcome:
    outcome = Outcome(now_us, loss.name, len(loss.rows))
    overlay = View(world.cluster).overlay()
    displaced = list(_displaced(world, overlay, loss.rows, outcome))
    # Whoever tolerates every taint would go back to where nothing runs.
    overlay.nodes.free[PODS, list(loss.rows)] = 0
    outcome.displaced = len(displaced)
    _Placing(world, overlay, outcome).place(displaced)
    left = np.setdiff1d(np.flatnonzero(overlay.nodes.exists), loss.rows)
    free = overlay.nodes.free[[CPU, MEMORY]][:, left].sum(axis=1)
    there = np.maximum(overlay.nodes.allocatable[[CPU, MEMORY]][:, left].sum(axis=1), 1)
    outcome.cpu_left, outcome.memory_left = (free / there).tolist()
    return outcome


def _displaced(
    world: World, overlay: Overlay, rows: Iterable[int], outcome: Outcome
) -> Iterator[int]:
    """Pods that look for another node; all of a lost node leave it."""
    pods = world.cluster.pods
    for row in rows:
        for pod in list(overlay.pods_on(row)):
            overlay.remove(pod, row)
            if pods.phase[pod] in TERMINAL or pods.deletion_us[pod] != NEVER:
                continue
            if pod in pods.static or pods.pinned.get(pod, NEVER) != NEVER:
                outcome.with_their_node += 1
            elif pods.owner[pod] == NEVER:
                outcome.bare += 1
            else:
                yield pod


class _Placing:
    """Places pods one by one on an overlay, the highest priority first."""

    def __init__(self, world: World, overlay: Overlay, outcome: Outcome) -> None:
        self._cluster = world.cluster
        self._overlay = overlay
        self._outcome = outcome
        assert world.strategy is not None
        self._framework_of = world.strategy.framework_of
        self._draws = np.random.default_rng(0)
        self._selectors: dict[int, Selector] = {}
        self._refused: dict[tuple[int, ...], str] = {}
        """Pods of which one found no node: equal ones will not either, until something leaves."""

    def place(self, displaced: Sequence[int]) -> None:
        """Fill in what became of them."""
        pods = self._cluster.pods
        waiting = sorted(displaced, key=lambda pod: (-pods.priority[pod], pod))
        total = Counter(pods.owner[pod] for pod in waiting)
        lines: dict[int, Homeless] = {}
        at = 0
        while at < len(waiting):
            pod = waiting[at]
            at += 1
            why, victims = self._one(pod)
            if victims:
                again = self._again(victims)
                total.update(pods.owner[victim] for victim in again)
                waiting[at:] = sorted(
                    [*waiting[at:], *again], key=lambda pod: (-pods.priority[pod], pod)
                )
            if why is None:
                self._outcome.placed += 1
                continue
            owner = pods.owner[pod]
            line = lines.setdefault(owner, Homeless(self._name(pod), 0, total[owner], why))
            line.pods += 1
        for owner, line in lines.items():
            line.of = total[owner]
        self._outcome.homeless = sorted(lines.values(), key=lambda line: (-line.pods, line.owner))

    def _again(self, victims: Sequence[int]) -> list[int]:
        """Those of the pods that made room that look for another node."""
        pods = self._cluster.pods
        self._outcome.preempted += len(victims)
        owned = [pod for pod in victims if pods.owner[pod] != NEVER]
        self._outcome.bare += len(victims) - len(owned)
        return [pod for pod in owned if pods.pinned.get(pod, NEVER) == NEVER]

    def _name(self, pod: int) -> str:
        owner = self._cluster.owner_name(self._cluster.pods.owner[pod])
        return owner or self._cluster.name_of(pod)

    def _one(self, pod: int) -> tuple[str | None, tuple[int, ...]]:
        """(why there is no node, or None; pods that made room)."""
        cluster, pods = self._cluster, self._cluster.pods
        query = Query(pod, cluster.template_of(pod), cluster.requests_of(pod), pods.priority[pod])
        alike = (query.template.id, query.requests.id, query.priority, pods.owner[pod])
        if alike in self._refused:
            return self._refused[alike], ()
        framework = self._framework_of(query)
        selector = self._selectors.get(id(framework))
        if selector is None:
            selector = Selector(framework, self._overlay, self._draws, search=Search(100))
            self._selectors[id(framework)] = selector
        try:
            choice = selector.select(query)
        except PluginError as error:
            return str(error), ()
        if choice is not None:
            put(self._overlay, pod, choice.node)
            return None, ()
        verdict = cycle.verdict(framework, query, self._overlay)
        found = preempt(framework, query, self._overlay, verdict.resolvable)
        if found is None:
            self._refused[alike] = verdict.message
            return verdict.message, ()
        for victim in found.victims:
            self._overlay.remove(victim, found.node)
        put(self._overlay, pod, found.node)
        self._refused.clear()
        return None, found.victims
