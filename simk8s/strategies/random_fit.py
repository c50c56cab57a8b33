"""random_fit: a node drawn uniformly from those that pass the filters.

On two streams it is two strategies that are equally good: what a comparison of them calls a winner
is a false one (`python -m benchmarks.false_winners`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from numpy.random import PCG64, Generator, SeedSequence

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
        own = params or Params()
        context = replace(context, draws=_stream(context.draws, own.stream))
        super().__init__(params, context)
        self._context = context
        self._any_device = own.devices == "random"

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


def _stream(draws: Generator, number: int) -> Generator:
    """The strategy's own stream, or another one below it."""
    sequence = draws.bit_generator.seed_seq
    if not number or not isinstance(sequence, SeedSequence):
        return draws
    key = (*sequence.spawn_key, number)
    return Generator(PCG64(SeedSequence(sequence.entropy, spawn_key=key)))
