"""most_allocated: the default profile with MostAllocated in place of LeastAllocated and no
balancing.

Mirrors: kube-scheduler v1.36 with scoringStrategy MostAllocated, the usual bin-packing
configuration.
"""

from __future__ import annotations

from typing import ClassVar

from simk8s.placement.framework import Profile
from simk8s.strategies._profile import ProfileStrategy


class MostAllocatedStrategy(ProfileStrategy):
    """Fill the fullest node that still fits."""

    name: ClassVar[str] = "most_allocated"
    profile: ClassVar[Profile] = Profile(
        scores=(("taint_toleration", 3), ("node_affinity", 2), ("most_allocated", 1))
    )
