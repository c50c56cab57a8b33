"""random_fit: a node drawn uniformly from those that pass the filters."""

from __future__ import annotations

from typing import ClassVar

from simk8s.placement.framework import Profile
from simk8s.strategies._profile import ProfileStrategy


class RandomFit(ProfileStrategy):
    """Every feasible node is equally likely; draws come from the strategy's own stream."""

    name: ClassVar[str] = "random_fit"
    profile: ClassVar[Profile] = Profile(scores=(), ties="random")
