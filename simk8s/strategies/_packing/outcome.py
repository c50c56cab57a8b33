"""What a solve reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from simk8s.schema.solver import Point
from simk8s.strategies._packing.instance import PackingInstance, Placement
from simk8s.strategies._packing.objective import evaluate, goals


class Status(StrEnum):
    """`optimal`: proved on all nodes; `optimal_reduced`: proved on the candidates;
    `feasible`: some goal is open."""

    OPTIMAL = "optimal"
    OPTIMAL_REDUCED = "optimal_reduced"
    FEASIBLE = "feasible"


@dataclass(frozen=True, slots=True)
class Stage:
    """What became of one goal. `proved`: no placement that is as good in the goals before is
    better in this one; `everywhere`: on all nodes, not on the candidates only."""

    name: str
    value: int
    bound: int
    hint: int
    proved: bool
    everywhere: bool
    deterministic_time: float

    @property
    def gap(self) -> float:
        return abs(self.bound - self.value) / max(abs(self.value), abs(self.bound), 1)


@dataclass(frozen=True, slots=True)
class Solve:
    """A placement on all nodes and how it was found.

    `objective`, `bound`, `gap` and `hint_objective` are those of the goal `decided_by`: the first
    that is not proved; if all are, the first in which the hint was beaten; otherwise the last.
    `hint_objective` is None if the hint was beaten in an earlier goal already. A bound holds for
    the candidates; they are all that matters (`exact`) unless the limit cut some off. `size` is
    the number of pods, `candidates` that of nodes looked at.
    """

    placement: Placement
    status: Status
    objective: int
    bound: int
    gap: float
    hint_objective: int | None
    deterministic_time: float
    size: int
    candidates: int
    exact: bool
    stages: tuple[Stage, ...]
    decided_by: str
    curve: tuple[Point, ...] = ()


def report(
    instance: PackingInstance,
    placement: Placement,
    stages: Sequence[Stage],
    candidates: int,
    exact: bool,
    curve: Sequence[Point] = (),
) -> Solve:
    # A goal that was left open may have been raised while a later one was sought.
    final = evaluate(instance, placement, goals(instance))
    stages = tuple(replace(s, value=v) for s, v in zip(stages, final, strict=True))
    decided = _deciding(stages)
    stage = stages[decided]
    comparable = all(s.value == s.hint for s in stages[:decided])
    return Solve(
        placement=placement,
        status=_status(stages),
        objective=stage.value,
        bound=stage.bound,
        gap=stage.gap,
        hint_objective=stage.hint if comparable else None,
        deterministic_time=sum(s.deterministic_time for s in stages),
        size=instance.pod_count,
        candidates=candidates,
        exact=exact,
        stages=stages,
        decided_by=stage.name,
        curve=tuple(curve),
    )


def _deciding(stages: tuple[Stage, ...]) -> int:
    for i, stage in enumerate(stages):
        if not stage.proved:
            return i
    beaten = [i for i, stage in enumerate(stages) if stage.value != stage.hint]
    return beaten[0] if beaten else len(stages) - 1


def _status(stages: tuple[Stage, ...]) -> Status:
    if not all(stage.proved for stage in stages):
        return Status.FEASIBLE
    everywhere = all(stage.everywhere for stage in stages)
    return Status.OPTIMAL if everywhere else Status.OPTIMAL_REDUCED
