"""The image registry does not answer: what is not on a node cannot be pulled.

Law: pulls that begin while it lasts fail (ErrImagePull, then ImagePullBackOff) and are tried again
by their back-off of 10 s doubled up to 5 min, so that a pod may start minutes after the outage.
Images that are on the node are used as ever, unless they are pulled Always.

Mirrors: an outage of a registry, kubelet v1.36 image manager. Departs: pulls under way come
through.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from simk8s.faults._of_cluster import ClusterFaults
from simk8s.faults._when import Lasting, Names
from simk8s.faults.base import Context, RegistryOutage
from simk8s.scenario.types import Duration


class Params(Lasting):
    """`imageRegistryOutage: {at: 6h, for: 10m, images: ["docker.io/*"]}`"""

    # Names of images, with `*`; all of them if none are given.
    images: Names = Field(default_factory=list)
    # Until a pull has failed: refused at once, or a connection that times out.
    answer: Duration = 0


class ImageRegistryOutage(ClusterFaults):
    """Outages of a registry."""

    kind: ClassVar[str] = "imageRegistryOutage"
    target = "registry"

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        self._outage = RegistryOutage(tuple(params.images), params.answer)
        self.detail = ", ".join(params.images) or None

    def effect(self, context: Context, number: int) -> RegistryOutage:
        """The same each time."""
        return self._outage
