"""worst_fit: the node with the most left over after the pod."""

from __future__ import annotations

from typing import ClassVar

from simk8s.placement.framework import Profile
from simk8s.strategies._profile import ProfileStrategy


class WorstFitStrategy(ProfileStrategy):
    """Emptiest node first."""

    name: ClassVar[str] = "worst_fit"
    profile: ClassVar[Profile] = Profile(scores=(("worst_fit", 1),))
