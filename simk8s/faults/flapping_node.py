"""Nodes come and go: for a while they are cut off and back again, over and over.

Law: within each time of flapping a node is away for `down`, back for `up`, and so on; every time
away is a fault of its own. The last one ends when the flapping does.

Mirrors: a loose cable, a flapping port or link aggregation. Departs: all nodes of one group flap
in step.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, model_validator

from simk8s.faults._of_nodes import NodeFaults
from simk8s.faults._schedule import Group, groups_of, strikes
from simk8s.faults._when import NodesLasting
from simk8s.faults.base import Context, Fault, Partition
from simk8s.scenario.distributions import DurationDistribution, wrong
from simk8s.units import MAX_DURATION_US

if TYPE_CHECKING:
    from numpy.random import Generator

Away = tuple[int, int, Group, int]
"""(from, place, group, until)."""


class Params(NodesLasting):
    """`flappingNode: {select: {names: "node-1*"}, at: 6h, for: 30m, down: 70s, up: 30s}`"""

    down: DurationDistribution
    up: DurationDistribution
    # Cut off from the control plane, or down altogether.
    how: Literal["partition", "crash"] = Field(default="partition")

    @model_validator(mode="after")
    def _moves(self) -> Params:
        if self.trace is not None:
            raise wrong("a trace says when nodes are away: use nodeCrash or networkPartition")
        return self


class FlappingNode(NodeFaults):
    """Flapping nodes."""

    kind: ClassVar[str] = "flappingNode"

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        self._up, self._down = params.up, params.down
        self.effect = Partition() if params.how == "partition" else None

    def timeline(self, context: Context) -> Iterator[Fault]:
        """Faults up to and including the horizon, in order of time."""
        waiting: list[Away] = []
        groups = groups_of(self._params, context.nodes)
        own = context.generator.spawn(1)[0].spawn(len(groups))
        streams = dict(zip((group.name for group in groups), own, strict=True))
        found = strikes(self._params, context, groups, self.kind)
        for number, (at_us, group, lasts_us) in enumerate(found):
            while waiting and waiting[0][0] < at_us:
                yield self._away(heappop(waiting))
            assert lasts_us is not None, "flapping ends"
            flaps = streams[group.name].spawn(1)[0]
            for away in self._flaps(flaps, at_us, lasts_us, group, number):
                if away[0] <= context.horizon_us:
                    heappush(waiting, away)
        while waiting:
            yield self._away(heappop(waiting))

    def _away(self, away: Away) -> Fault:
        at_us, _, group, until_us = away
        lasts_us = until_us - at_us
        return Fault(at_us, self.kind, group.name, group.rows, lasts_us, effect=self.effect)

    def _flaps(
        self, generator: Generator, at_us: int, lasts_us: int, group: Group, number: int
    ) -> Iterator[Away]:
        """The times away of one time of flapping."""
        from simk8s.kernel import draws

        up, down = (
            draws.integers(law, minimum=1, maximum=MAX_DURATION_US)
            for law in (self._up, self._down)
        )
        end_us = at_us + lasts_us
        while at_us < end_us:
            back_us = min(end_us, at_us + int(down(generator, 1)[0]))
            yield at_us, number, group, back_us
            at_us = back_us + int(up(generator, 1)[0])
