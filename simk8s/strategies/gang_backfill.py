"""gang_backfill: a job may overtake if that delays no reservation, as far as estimates tell."""

from __future__ import annotations

from typing import Any, ClassVar

from simk8s.strategies._gang_backfill_params import Params
from simk8s.strategies._gangs.planner import GangStrategy
from simk8s.strategies.base import Context

__all__ = ["GangBackfill", "Params"]


class GangBackfill(GangStrategy):
    """EASY or conservative backfill."""

    name: ClassVar[str] = "gang_backfill"

    def __init__(self, params: Any, context: Context) -> None:
        chosen: Params = params or Params()
        reservations = 1 if chosen.kind == "easy" else chosen.depth
        super().__init__(context, reservations, chosen.estimate)
