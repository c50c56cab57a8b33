"""The provider takes spot machines back, two minutes (or 30 s) after it has said so.

Law: with the notice the termination handler cordons and taints the node and, with `drain`, evicts
its pods, budgets allowing; at the deadline the machine is gone for good, whoever is still on it.
Once the node is NotReady the cloud node lifecycle controller finds that there is no instance any
more, and deletes the node object. With `replacedAfter` a new machine joins.

Mirrors: EC2 spot interruption notices (120 s) and GCE and Azure preemption (30 s); aws-node-
termination-handler (cordon, taint, drain by evictions, refused ones again after 5 s), cloud-node-
lifecycle controller (5 s). Departs: no rebalance recommendation; DaemonSet and static pods are left
as kubectl drain leaves them; the handler's own pod is not simulated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from pydantic import Field, model_validator

from simk8s.faults._of_nodes import NodeFaults
from simk8s.faults._when import NodesWhen
from simk8s.faults.base import Context, Fault, Reclaim
from simk8s.scenario.distributions import wrong
from simk8s.scenario.types import Duration


class Params(NodesWhen):
    """`spotReclamation: {select: {labels: {pool: spot}}, mtbf: {exponential: {mean: 20h}}}`"""

    notice: Duration = 120_000_000
    drain: bool = True
    replaced_after: Duration | None = Field(default=None)

    @model_validator(mode="after")
    def _for_good(self) -> Params:
        if self.duration is not None or self.mttr is not None:
            raise wrong("a reclaimed machine does not come back; write replacedAfter for another")
        return self


class SpotReclamation(NodeFaults):
    """Spot machines that are taken back."""

    kind: ClassVar[str] = "spotReclamation"

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        self.effect = Reclaim(params.notice, params.drain, params.replaced_after)
        self.detail = f"notice {params.notice / 1_000_000:g} s"

    def timeline(self, context: Context) -> Iterator[Fault]:
        """Faults up to and including the horizon, in order of time; none of them ends."""
        for fault in super().timeline(context):
            yield replace(fault, duration_us=None)
