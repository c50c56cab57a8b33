"""random_fit: a node drawn uniformly from those that pass the filters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from simk8s.placement.base import Query
from simk8s.placement.framework import Profile
from simk8s.strategies._profile import ProfileStrategy
from simk8s.strategies._random_fit_params import Params
from simk8s.strategies.base import Context, Plan

__all__ = ["Params", "RandomFit"]


class RandomFit(ProfileStrategy):
    """Every feasible node is equally likely; draws come from the strategy's own stream."""

    name: ClassVar[str] = "random_fit"
    profile: ClassVar[Profile] = Profile(scores=(), ties="random")

    def __init__(self, params: Any, context: Context) -> None:
        super().__init__(params, context)
        self._context = context
        self._any_device = (params or Params()).devices == "random"

    def propose(self, pending: Sequence[Query], now_us: int) -> Plan:
        """One pod: a node, or why there is none; the device of a shared GPU, if asked to."""
        plan = super().propose(pending, now_us)
        gpu = pending[0].requests.gpu
        if self._any_device and plan.assignments and gpu.count == 1:
            chosen = plan.assignments[0]
            left = self._context.view.nodes.gpu_free[:, chosen.node]
            fitting = np.flatnonzero(left >= gpu.milli)
            device = int(fitting[self._context.draws.integers(len(fitting))])
            plan.assignments[0] = chosen._replace(devices=1 << device)
        return plan
