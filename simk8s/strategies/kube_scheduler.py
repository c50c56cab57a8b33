"""kube_scheduler: the default profile of kube-scheduler, as far as its plugins exist here.

Mirrors: kube-scheduler v1.36 default profile (unschedulable, node name, taints, node affinity,
resources fit; taints 3, node affinity 2, least allocated 1, balanced allocation 1). Departs: no
topology spread, inter-pod affinity, volumes or image locality; every node is scored.
"""

from __future__ import annotations

from typing import ClassVar

from simk8s.placement.framework import Profile
from simk8s.strategies._profile import ProfileStrategy


class KubeScheduler(ProfileStrategy):
    """The default profile."""

    name: ClassVar[str] = "kube_scheduler"
    profile: ClassVar[Profile] = Profile()
