"""gpu_packing: GPU pods fill devices in use, then nodes in use, then idle nodes."""

from __future__ import annotations

from typing import ClassVar

from simk8s.placement.framework import Profile
from simk8s.strategies._profile import ProfileStrategy


class GpuPackingStrategy(ProfileStrategy):
    """Open as few devices as possible."""

    name: ClassVar[str] = "gpu_packing"
    profile: ClassVar[Profile] = Profile(scores=(("gpu_packing", 1),))
