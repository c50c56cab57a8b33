"""best_fit: the node with the least left over after the pod."""

from __future__ import annotations

from typing import ClassVar

from simk8s.placement.framework import Profile
from simk8s.strategies._profile import ProfileStrategy


class BestFitStrategy(ProfileStrategy):
    """Tightest node first."""

    name: ClassVar[str] = "best_fit"
    profile: ClassVar[Profile] = Profile(scores=(("best_fit", 1),))
