"""What a scheduling strategy is: pending pods in, a plan out.

A plan is data. The scheduler validates each placement against the cluster as it is when the plan
arrives, before it acts.

* A *per-pod* strategy (`batch` None) gets one pod at a time, in queue order.
* A *batch* strategy gets up to `batch.max_pods` pods once that many are pending or the oldest has
  waited `batch.window_us`; one plan is in flight at a time.

Law: a strategy draws randomness from `context.draws` alone, reads no clock, and writes nothing it
was handed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

from numpy.random import Generator

from simk8s.catalog import Catalog, CatalogLike
from simk8s.errors import InvariantError
from simk8s.placement.base import NO_EFFORT, Effort, Query
from simk8s.placement.cycle import Verdict
from simk8s.placement.framework import Framework
from simk8s.placement.search import Search
from simk8s.placement.view import View
from simk8s.schema.solver import Point

GANG_SCHEDULING = "GangScheduling"
"""Feature gate: pods of a PodGroup are popped and proposed together."""


@dataclass(frozen=True, slots=True)
class Batch:
    """When a batch strategy is called. One that `keeps` what it rejects gets no pod twice, may
    place it in any later plan, and is asked, perhaps about nobody, whenever something has changed.
    """

    max_pods: int
    window_us: int
    keeps: bool = False


class Assignment(NamedTuple):
    """One pod on one node; `devices` None = the node table's own choice of GPUs."""

    pod: int
    node: int
    score: int | None = None
    feasible: int = 0
    devices: int | None = None


@dataclass(frozen=True, slots=True)
class Solve:
    """What a solver says of one plan (a row of the `solves` table)."""

    candidates: int
    status: str
    objective: float | None
    bound: float | None
    gap: float | None
    hint_objective: float | None
    deterministic_time: float
    wall_s: float | None = None
    curve: tuple[Point, ...] = ()
    """How it got there."""


class Move(NamedTuple):
    """A running pod that is asked to leave, and where the one made for it is to go."""

    pod: int
    node: int


@dataclass(frozen=True, slots=True)
class Relocation:
    """Room for a pod on `node` by moving others, none of which ends up nowhere."""

    node: int
    moves: tuple[Move, ...]


class Plan:
    """Placements, and for every pod without one why. `evaluated` = node evaluations, `read` =
    what plugins went through before; both cost time. (One a cycle: no dataclass, whose defaults
    would take as long as a filter, and what few plans have is the class's until it is set.)
    """

    relocations: Mapping[int, Relocation] = MappingProxyType({})
    """Of rejected pods, those for which others are to be moved."""
    evictions: tuple[int, ...] = ()
    """Running pods that are to be deleted, as by preemption."""
    again = False
    """A strategy that keeps pods has more to say right after this plan."""

    def __init__(
        self,
        assignments: list[Assignment] | None = None,
        rejected: list[tuple[int, Verdict]] | None = None,
        evaluated: int = 0,
        read: Effort = NO_EFFORT,
        latency_us: int | None = None,
        solve: Solve | None = None,
    ) -> None:
        self.assignments = [] if assignments is None else assignments
        self.rejected = [] if rejected is None else rejected
        self.evaluated = evaluated
        self.read = read
        self.latency_us = latency_us
        self.solve = solve


class QueueRow(NamedTuple):
    """One resource of one queue: a row of the table `queues`, without its instant."""

    queue: str
    resource: str
    nominal: int | None
    used: int
    waiting: int
    admitted: int
    evicted: int
    waited_us: int


@dataclass(frozen=True, slots=True)
class Context:
    """What a strategy is built with; `base` is what paths of its parameters are relative to."""

    view: View
    draws: Generator
    incremental: bool = True
    base: Path = Path()
    catalog: CatalogLike = field(default_factory=Catalog)


@dataclass(frozen=True, slots=True)
class Settings:
    """What a strategy's configuration says of the scheduler around it."""

    initial_backoff_us: int = 1_000_000
    max_backoff_us: int = 10_000_000
    qps: float = 50.0
    burst: int = 100
    features: frozenset[str] = frozenset()
    """Feature gates that are on and that the scheduler itself must know of."""
    left_out: frozenset[str] = frozenset()
    """Gates of the queue (PreEnqueue) that some profile leaves out."""


class Strategy(ABC):
    """Base of strategies. `Params` (a pydantic model) may stand beside the class; `framework` is
    what fits.
    """

    name: ClassVar[str]
    batch: Batch | None = None
    settings: Settings = Settings()
    framework: Framework

    @abstractmethod
    def __init__(self, params: Any, context: Context) -> None:
        """Build from validated parameters."""

    def handles(self, query: Query) -> bool:
        """Whether the pod is this scheduler's at all."""
        return True

    def framework_of(self, query: Query) -> Framework:
        """What fits, for one pod."""
        return self.framework

    def search_of(self, query: Query) -> Search:
        """A copy of how the search for that pod would start, for explanations."""
        return Search()

    @abstractmethod
    def propose(self, pending: Sequence[Query], now_us: int) -> Plan:
        """Place the pending pods (exactly one for a per-pod strategy)."""

    def queue_rows(self) -> Iterable[QueueRow]:
        """What its queues hold and have done so far, if it has queues."""
        return ()

    def propose_together(self, pending: Sequence[Query], now_us: int) -> Plan:
        """Place pods of one PodGroup, each on top of those before it. Asked of strategies that
        have the feature GangScheduling alone.
        """
        raise InvariantError(f"{self.name} places no groups")
