"""dot_product: the node whose free CPU and GPU are least aligned with the pod's (DotProd, after
Tetris)."""

from __future__ import annotations

from typing import ClassVar

from simk8s.placement.framework import Profile
from simk8s.strategies._profile import ProfileStrategy


class DotProductStrategy(ProfileStrategy):
    """Fill what is nearly full of what the pod asks for."""

    name: ClassVar[str] = "dot_product"
    profile: ClassVar[Profile] = Profile(scores=(("dot_product", 1),))
