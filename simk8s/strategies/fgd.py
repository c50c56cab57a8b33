"""fgd: fragmentation gradient descent, the node and device where the pod leaves least idle GPU that
typical pods could not use.

Mirrors: FGD of Weng et al., USENIX ATC 2023. Departs: without `typical` in its parameters, what
is typical is learnt from the pods seen so far, anew whenever their number has doubled."""

from __future__ import annotations

from typing import ClassVar

from simk8s.placement.framework import Profile
from simk8s.strategies._typical import TypicalStrategy
from simk8s.strategies._typical_params import Params

__all__ = ["FgdStrategy", "Params"]


class FgdStrategy(TypicalStrategy):
    """Least growth of fragmentation."""

    name: ClassVar[str] = "fgd"
    profile: ClassVar[Profile] = Profile(scores=(("fgd", 1),))
