"""Tables of what solvers found on the way, and of what nobody could have beaten.

Law: a table of these that has no row is not written, so that a run without solver has the digest
that it had before there were such tables. `bounds` is not in the digest: it is looked at only where
somebody asks for it, and says nothing of what happened.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from simk8s.schema.columns import Column, Table, by_name, float64, int64


class Point(NamedTuple):
    """Of a curve: a stage had that value and bound at that deterministic time."""

    stage: str
    deterministic_time: float
    value: float
    bound: float


class Bounded(StrEnum):
    """What has a bound."""

    PODS = "pods"  # of that priority and above, on nodes: at most
    CPU = "cpu_milli"  # requested by pods on nodes: at most
    GPU = "gpu_milli"  # the same of GPUs
    NODES = "nodes"  # in use: at least


SOLVE_CURVE = Table(
    "solve_curve",
    "One row for every step of a solver: where a stage began, each improvement, where it ended. "
    "In deterministic time alone; what a machine's clock says is `wall_s` of `solves`.",
    (
        int64("solve", "row", "Row in solves, from 0."),
        Column("stage", "str", "", "What was sought."),
        float64("deterministic_time", "", "Solver's own deterministic time since the solve began."),
        float64("objective", "", "Value of the best plan then."),
        float64("bound", "", "Proven bound then."),
    ),
)

BOUNDS = Table(
    "bounds",
    "What was reached beside what no strategy could have beaten with the pods and nodes of that "
    "instant, at some instants and at the end; of comparisons, and of runs with --bounds. "
    "Not in the digest.",
    (
        int64("t_us", "us", "Instant."),
        Column("what", "enum", "", "Of what.", enum=Bounded),
        int64("priority", "", "Of pods: that priority and above.", null=True),
        int64("wanted", "", "What all pods ask for, those without a node included."),
        int64("reached", "", "What pods on nodes have."),
        int64("bound", "", "The most, of nodes the least, that is possible."),
        int64("capacity", "", "Allocatable; of pods what is wanted, of nodes all there are."),
    ),
)

SOLVER: dict[str, Table] = by_name((SOLVE_CURVE, BOUNDS))
EXACT = ("solve_curve",)
"""Of these, the ones that belong to the digest where they are."""
