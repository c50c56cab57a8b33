"""requested_to_capacity_ratio: the default profile with RequestedToCapacityRatio in place of
LeastAllocated and no balancing; by default a line from 0 at idle to 10 at full, which packs.

Mirrors: kube-scheduler v1.36 with scoringStrategy RequestedToCapacityRatio.
"""

from __future__ import annotations

from typing import Any, ClassVar

from simk8s.placement.framework import Profile
from simk8s.strategies._profile import ProfileStrategy
from simk8s.strategies._ratio_params import Params
from simk8s.strategies.base import Context

__all__ = ["Params", "RequestedToCapacityRatioStrategy"]

_PLUGIN = "requested_to_capacity_ratio"


class RequestedToCapacityRatioStrategy(ProfileStrategy):
    """A broken line says which utilisation is preferred."""

    name: ClassVar[str] = "requested_to_capacity_ratio"

    def __init__(self, params: Any, context: Context) -> None:
        scores = (("taint_toleration", 3), ("node_affinity", 2), (_PLUGIN, 1))
        args = {_PLUGIN: (params or Params()).model_dump()}
        super().__init__(params, context, Profile(scores=scores, args=args))
