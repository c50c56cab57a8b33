"""Nodes are slow: pods start, stop and pull their images so many times slower there.

Law: what begins while a node is slow takes `factor` times as long; faults that overlap multiply.
Nothing else of the node changes, so the control plane notices nothing.

Mirrors: a worn disk, a throttled volume, a noisy neighbour under a virtual machine. Departs: what
pods do once they run is not slower; what is under way keeps the time it was given.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from simk8s.faults._of_nodes import NodeFaults
from simk8s.faults._when import NodesLasting
from simk8s.faults.base import SlowNode as Slow


class Params(NodesLasting):
    """`slowNode: {mtbf: {exponential: {mean: 30d}}, mttr: 1h, factor: 5}`"""

    factor: float = Field(gt=1, le=10_000)


class SlowNode(NodeFaults):
    """Slow nodes."""

    kind: ClassVar[str] = "slowNode"

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        self.effect = Slow(round(params.factor * 1_000))
        self.detail = f"{params.factor:g} times slower"
