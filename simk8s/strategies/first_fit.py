"""first_fit: the first node, in the order in which nodes were added, that passes the filters."""

from __future__ import annotations

from typing import ClassVar

from simk8s.placement.framework import Profile
from simk8s.strategies._profile import ProfileStrategy


class FirstFit(ProfileStrategy):
    """No scores: the first feasible node."""

    name: ClassVar[str] = "first_fit"
    profile: ClassVar[Profile] = Profile(scores=())
