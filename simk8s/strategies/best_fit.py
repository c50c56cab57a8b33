"""best_fit: the node with the least left over after the pod."""

from __future__ import annotations

from typing import Any, ClassVar

from simk8s.placement.framework import Profile
from simk8s.strategies._best_fit_params import Params
from simk8s.strategies._profile import ProfileStrategy
from simk8s.strategies.base import Context

__all__ = ["BestFitStrategy", "Params"]

_SCORES = {"fine": "best_fit", "percent": "best_fit_percent"}


class BestFitStrategy(ProfileStrategy):
    """Tightest node first."""

    name: ClassVar[str] = "best_fit"

    def __init__(self, params: Any, context: Context) -> None:
        score = _SCORES[(params or Params()).steps]
        super().__init__(params, context, Profile(scores=((score, 1),)))
