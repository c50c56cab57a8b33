"""Strategies that score with what pods typically ask for, and choose the GPU device themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from simk8s.placement.base import Query
from simk8s.placement.plugins._devices import WHOLE
from simk8s.placement.plugins._kept import Kept
from simk8s.placement.plugins._typical import Census, Shape, Typical, typical_of
from simk8s.placement.view import View
from simk8s.strategies._profile import ProfileStrategy
from simk8s.strategies._typical_params import Params, TypicalPod
from simk8s.strategies.base import Context, Plan

__all__ = ["Params", "TypicalStrategy"]


class Expecting(Protocol):
    """A score that reads what is typical and knows the device that it scored."""

    kept: Kept

    def expect(self, typical: Sequence[Typical]) -> None:
        """From now on these pods are typical."""

    def device(self, query: Query, view: View, row: int) -> int:
        """The device of a shared GPU, −1 = none to choose."""


class TypicalStrategy(ProfileStrategy):
    """One score that expects typical pods: those given, otherwise those seen so far."""

    def __init__(self, params: Any, context: Context) -> None:
        super().__init__(params, context)
        params = params or Params()
        self._view = context.view
        self._score: Expecting = self.framework.scores[0][0]  # type: ignore[assignment]
        self._score.kept.on = context.incremental
        self._census: Census | None = None
        if params.typical is None:
            self._census = Census(params.popularity)
        else:
            counts: dict[Shape, int] = {}
            for pod in params.typical:
                counts[_shape(pod)] = counts.get(_shape(pod), 0) + pod.count
            self._score.expect(typical_of(counts, params.popularity))

    def propose(self, pending: Sequence[Query], now_us: int) -> Plan:
        """One pod: its best node and device, or why there is none."""
        if self._census is not None:
            typical = self._census.note(pending)
            if typical is not None:
                self._score.expect(typical)
        plan = super().propose(pending, now_us)
        gpu = pending[0].requests.gpu
        if plan.assignments and gpu.count == 1 and gpu.milli < WHOLE:
            chosen = plan.assignments[0]
            device = self._score.device(pending[0], self._view, chosen.node)
            if device >= 0:
                plan.assignments[0] = chosen._replace(devices=1 << device)
        return plan


def _shape(pod: TypicalPod) -> Shape:
    if not pod.gpus:
        return Shape(pod.cpu, 0, 0)
    models = frozenset(pod.gpu_models) or None
    return Shape(pod.cpu, pod.gpu_milli, pod.gpus, models, "|".join(pod.gpu_models))
