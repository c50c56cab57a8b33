"""least_stranded: the node and device where the pod strands the least GPU, counting what CPU it
takes from idle GPUs.

Ours; compared with FGD in docs/papers/fgd.md. Without `typical` in its parameters, what is typical
is learnt from the pods seen so far, anew whenever their number has doubled."""

from __future__ import annotations

from typing import ClassVar

from simk8s.placement.framework import Profile
from simk8s.strategies._typical import TypicalStrategy
from simk8s.strategies._typical_params import Params

__all__ = ["LeastStrandedStrategy", "Params"]


class LeastStrandedStrategy(TypicalStrategy):
    """Keep what typical pods can use."""

    name: ClassVar[str] = "least_stranded"
    profile: ClassVar[Profile] = Profile(scores=(("least_stranded", 1),))
