"""Base of fault models that hit nodes by a schedule: only what is done to them differs.

Law: a group of nodes that fail together is one fault, named after what they share.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simk8s.faults._schedule import groups_of, strikes
from simk8s.faults.base import Context, Fault, FaultModel, NodeEffect


class NodeFaults(FaultModel):
    """Faults of nodes; `effect` None = the machines go down."""

    detail: str | None = None

    def __init__(self, params: Any) -> None:
        self._params = params
        self.effect: NodeEffect | None = None

    def timeline(self, context: Context) -> Iterator[Fault]:
        """Faults up to and including the horizon, in order of time."""
        groups = groups_of(self._params, context.nodes)
        for at_us, group, lasts_us in strikes(self._params, context, groups, self.kind):
            yield Fault(
                at_us,
                self.kind,
                group.name,
                group.rows,
                lasts_us,
                self.detail,
                effect=self.effect,
            )
