"""Nodes crash and come back, each on its own: a renewal process per node.

Law: the k-th time to failure and the k-th repair of a node depend on its place among the selected
nodes alone: more nodes or a longer horizon change nothing for the others.

Mirrors: machines that fail independently, with exponential, Weibull, log-normal or any other
times. Departs: all machines are as good as new at the start and after each repair; `mtbf` counts
from the end of one failure to the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from simk8s.errors import Problem, UserError
from simk8s.faults.base import Context, Fault, FaultModel, NodeInfo
from simk8s.scenario.distributions import DurationDistribution
from simk8s.scenario.types import Model
from simk8s.units import MAX_DURATION_US

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_FAULTS = 1_000_000
"""Of one entry in one run: a bound, so that a typo in mtbf is an answer."""


class Params(Model):
    """`nodeCrash: {mtbf: {weibull: {shape: 0.7, scale: 30d}}, mttr: {exponential: {mean: 10m}}}`"""

    mtbf: DurationDistribution
    mttr: DurationDistribution
    # Labels that a node must have to be one of those that crash.
    selector: dict[str, str] = Field(default_factory=dict)


class NodeCrash(FaultModel):
    """Crashes of single nodes."""

    kind: ClassVar[str] = "nodeCrash"

    def __init__(self, params: Params) -> None:
        self._params = params

    def timeline(self, context: Context) -> Iterator[Fault]:
        """Faults up to and including the horizon, in order of time."""
        wanted = self._params.selector.items()
        nodes = [node for node in context.nodes if wanted <= node.labels.items()]
        if not nodes:
            return
        at_us, places, duration_us = self._draw(context, len(nodes))
        for at, place, duration in zip(
            at_us.tolist(), places.tolist(), duration_us.tolist(), strict=True
        ):
            yield self._fault(nodes[place], at, duration)

    def _fault(self, node: NodeInfo, at_us: int, duration_us: int) -> Fault:
        return Fault(at_us, self.kind, node.name, (node.row,), duration_us)

    def _draw(
        self, context: Context, n: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """(time, place, duration) of every crash, in order of time, then place.

        Round by round: round k draws the k-th life and the k-th repair of every node, each from a
        stream of its own.
        """
        import numpy as np

        from simk8s.kernel import draws

        life = draws.integers(self._params.mtbf, minimum=1, maximum=MAX_DURATION_US)
        repair = draws.integers(self._params.mttr, minimum=1, maximum=MAX_DURATION_US)
        fixed = np.zeros(n, np.int64)
        rounds: list[NDArray[np.int64]] = []
        total = 0
        while True:
            for_life, for_repair = context.generator.spawn(2)
            crash = fixed + life(for_life, n)
            duration = repair(for_repair, n)
            hit = np.flatnonzero(crash <= context.horizon_us)
            if not len(hit):
                break
            total += len(hit)
            _check_total(total)
            rounds.append(np.stack((crash[hit], hit, duration[hit])))
            fixed = np.where(crash <= context.horizon_us, crash + duration, MAX_DURATION_US)
        found = np.concatenate([np.empty((3, 0), np.int64), *rounds], axis=1)
        found = found[:, np.lexsort((found[1], found[0]))]
        return found[0], found[1], found[2]


def _check_total(total: int) -> None:
    """Refuse what would fill the memory before the simulation starts."""
    if total > MAX_FAULTS:
        text = f"more than {MAX_FAULTS:,} node crashes, which is the most that is supported"
        raise UserError(Problem("E105", text, hint="raise mtbf or shorten the duration"))
