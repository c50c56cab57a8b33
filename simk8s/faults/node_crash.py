"""Nodes crash and come back: each on its own, in groups, at set times or as recorded.

Law: the k-th time to failure and the k-th repair of a node depend on its place among the selected
nodes alone: more nodes or a longer horizon change nothing for the others.

Mirrors: machines that fail independently, with exponential, Weibull, log-normal or any other
times; that lose their power or their switch together (`correlatedBy`); a trace of failures such as
LANL's. Departs: all machines are as good as new at the start and after each repair; `mtbf` counts
from the end of one failure to the next.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from simk8s.faults._of_nodes import NodeFaults
from simk8s.faults._when import NodesWhen
from simk8s.scenario.distributions import wrong


class Params(NodesWhen):
    """`nodeCrash: {mtbf: {weibull: {shape: 0.7, scale: 30d}}, mttr: {exponential: {mean: 10m}}}`

    Without an end (`mttr`, `for`) a machine is lost for good.
    """

    # Labels that a node must have; the same as select.labels.
    selector: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_selection(self) -> Params:
        if self.selector and self.select.labels:
            raise wrong("write either selector or select.labels")
        return self


class NodeCrash(NodeFaults):
    """Crashes of nodes."""

    kind: ClassVar[str] = "nodeCrash"

    def __init__(self, params: Params) -> None:
        if params.selector:
            select = params.select.model_copy(update={"labels": params.selector})
            params = params.model_copy(update={"select": select})
        super().__init__(params)
