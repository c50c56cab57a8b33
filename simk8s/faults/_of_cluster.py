"""Base of fault models that hit the cluster as a whole by a schedule.

Law: one target; nothing depends on the nodes.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any

from simk8s.faults._schedule import Group, strikes
from simk8s.faults.base import ClusterEffect, Context, Fault, FaultModel


class ClusterFaults(FaultModel):
    """Faults with an effect and no nodes."""

    target: str
    detail: str | None = None

    def __init__(self, params: Any) -> None:
        self._params = params

    @abstractmethod
    def effect(self, context: Context, number: int) -> ClusterEffect:
        """What the n-th of them does."""

    def timeline(self, context: Context) -> Iterator[Fault]:
        """Faults up to and including the horizon, in order of time."""
        groups = [Group(self.target, ())]
        found = strikes(self._params, context, groups, self.kind)
        for number, (at_us, group, lasts_us) in enumerate(found):
            effect = self.effect(context, number)
            yield Fault(at_us, self.kind, group.name, (), lasts_us, self.detail, effect=effect)
