"""gpu_clustering: GPU pods go where pods of their own kind are."""

from __future__ import annotations

from typing import ClassVar

from simk8s.placement.framework import Profile
from simk8s.strategies._profile import ProfileStrategy


class GpuClusteringStrategy(ProfileStrategy):
    """Shared devices, single GPUs, pairs and so on each on nodes of their own."""

    name: ClassVar[str] = "gpu_clustering"
    profile: ClassVar[Profile] = Profile(scores=(("gpu_clustering", 1),))
