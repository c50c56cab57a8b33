"""What is to be packed anew, and what a plan is: pods that run, pods that wait, and nodes.

Pods that are alike (requests, priority, where they may go) are one group and counted, not told
apart: `running[g, n]` of them are on node n, `pending[g]` on none. A plan says how many stay
where they are and how many come to a node. Whoever comes was pending, as long as there are such,
and has moved otherwise; whoever runs, does not stay and is not among those that come is evicted.

Law: arrays are read-only here; `Plan.disturbed` is what the same plan costs pod by pod if pods of
a group are told apart as cheaply as possible (1 for an eviction, 2 for a move).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
EVICTED, MOVED = 1, 2
"""What one pod's going and one pod's moving count in a stage `DISTURBED`."""


@dataclass(frozen=True, eq=False)
class Problem:
    """`capacity` is what the pods of the problem may take of each node together.

    `keep`: nobody who runs may end up nowhere. `most_moved` bounds how many running pods leave
    their node, `must` how many pods of a group have to be placed.
    """

    requests: IntArray
    """`[G, R]`."""
    priority: IntArray
    pending: IntArray
    running: IntArray
    """`[G, N]`."""
    capacity: IntArray
    """`[R, N]`."""
    allowed: BoolArray | None = None
    """`[G, N]`: where pods may come to; those that run there may stay in any case."""
    fixed: BoolArray | None = None
    """`[G, N]`: who runs there stays."""
    busy: BoolArray | None = None
    """`[N]`: in use whatever the plan, by pods that are not of the problem."""
    keep: bool = False
    most_moved: int | None = None
    must: dict[int, int] = field(default_factory=dict)
    limits: Sequence[tuple[tuple[int, ...], int]] = ()
    """(groups, how many of their running pods may leave their nodes at most)."""

    @property
    def groups(self) -> int:
        return int(self.requests.shape[0])

    @property
    def nodes(self) -> int:
        return int(self.capacity.shape[1])

    @cached_property
    def idle(self) -> IntArray:
        """Nodes that are in use only if the plan uses them."""
        busy = np.zeros(self.nodes, np.bool_) if self.busy is None else self.busy
        return np.flatnonzero(~busy)

    @cached_property
    def counts(self) -> IntArray:
        """Pods of each group."""
        return np.asarray(self.pending + self.running.sum(axis=1))

    @cached_property
    def tiers(self) -> tuple[int, ...]:
        """Distinct priorities, the highest first."""
        return tuple(sorted({int(p) for p in self.priority[self.counts > 0]}, reverse=True))

    @cached_property
    def room(self) -> IntArray:
        """`[G, N]`: how many of a group a node could hold if it had nothing else."""
        most = np.tile(self.counts[:, None], (1, self.nodes))
        for r in range(self.capacity.shape[0]):
            asked = self.requests[:, r : r + 1]
            fits = np.maximum(self.capacity[r], 0)[None, :] // np.maximum(asked, 1)
            np.minimum(most, np.where(asked > 0, fits, most), out=most)
        return most

    @cached_property
    def may_come(self) -> IntArray:
        """`[G, N]`: how many could come to a node."""
        return self.room if self.allowed is None else np.where(self.allowed, self.room, 0)


@dataclass(frozen=True, eq=False)
class Plan:
    """`stay[g, n]` of those that run on n, `come[g, n]` more."""

    stay: IntArray
    come: IntArray

    @classmethod
    def now(cls, problem: Problem) -> Plan:
        """Everything stays, nobody comes."""
        return cls(problem.running.copy(), np.zeros_like(problem.running))

    @property
    def placed(self) -> IntArray:
        """`[G]`."""
        return np.asarray(self.stay.sum(axis=1) + self.come.sum(axis=1))

    def left(self, problem: Problem) -> IntArray:
        """Pods of each group that have left the node on which they ran."""
        return np.asarray(problem.running.sum(axis=1) - self.stay.sum(axis=1))

    def moved(self, problem: Problem) -> IntArray:
        """Of these, those that run elsewhere."""
        return np.asarray(np.maximum(self.come.sum(axis=1) - problem.pending, 0))

    def disturbed(self, problem: Problem) -> IntArray:
        """What that costs, by group."""
        return np.asarray(EVICTED * self.left(problem) + (MOVED - EVICTED) * self.moved(problem))

    def used(self, problem: Problem) -> IntArray:
        """`[R, N]`."""
        return np.asarray(problem.requests.T @ (self.stay + self.come))

    def is_valid(self, problem: Problem) -> bool:
        """Whether it breaks nothing that the problem says."""
        placed, left = self.placed, self.left(problem)
        ok = bool(
            (self.stay >= 0).all()
            and (self.come >= 0).all()
            and (self.stay <= problem.running).all()
            and (self.come <= problem.may_come).all()
            and (placed <= problem.counts).all()
            and (self.used(problem) <= np.maximum(problem.capacity, 0)).all()
        )
        if problem.fixed is not None:
            ok = ok and bool((self.stay == problem.running)[problem.fixed].all())
        if problem.keep:
            ok = ok and bool((placed >= problem.running.sum(axis=1)).all())
        if problem.most_moved is not None:
            ok = ok and int(left.sum()) <= problem.most_moved
        ok = ok and all(placed[g] >= least for g, least in problem.must.items())
        return ok and all(left[list(groups)].sum() <= most for groups, most in problem.limits)


class Aim(StrEnum):
    """What a stage seeks."""

    PLACED = "placed"
    DISTURBED = "disturbed"
    NODES = "nodes"


@dataclass(frozen=True, slots=True)
class Stage:
    """One goal: as many placed, as few disturbed or nodes as possible, of pods of that priority
    and above."""

    aim: Aim
    priority: int = 0

    @property
    def name(self) -> str:
        return self.aim if self.aim is Aim.NODES else f"{self.aim}_{self.priority}"

    @property
    def maximise(self) -> bool:
        return self.aim is Aim.PLACED

    def value(self, problem: Problem, plan: Plan) -> int:
        """What a plan is worth in this stage."""
        if self.aim is Aim.NODES:
            used = (plan.stay + plan.come).sum(axis=0) > 0
            return int((used if problem.busy is None else used & ~problem.busy).sum())
        each = plan.placed if self.maximise else plan.disturbed(problem)
        return int(each[problem.priority >= self.priority].sum())

    def better(self, one: int, other: int) -> bool:
        return one > other if self.maximise else one < other


def stages_by_priority(problem: Problem) -> tuple[Stage, ...]:
    """From the top: place the most of that priority and above, then disturb the least of them."""
    return tuple(Stage(aim, tier) for tier in problem.tiers for aim in (Aim.PLACED, Aim.DISTURBED))


def compare(stages: Sequence[Stage], one: Sequence[int], other: Sequence[int]) -> int:
    """1 if the first is better in the first stage where they differ, −1 if worse, else 0."""
    for stage, a, b in zip(stages, one, other, strict=True):
        if a != b:
            return 1 if stage.better(a, b) else -1
    return 0
