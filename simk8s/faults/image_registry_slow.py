"""The image registry is slow: pulls take so many times as long.

Law: pulls that begin while it lasts have their answers and their bytes `factor` times later.

Mirrors: a registry or its uplink under load. Departs: pulls under way keep the time they were
given.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from simk8s.faults._of_cluster import ClusterFaults
from simk8s.faults._when import Lasting
from simk8s.faults.base import Context, RegistrySlow


class Params(Lasting):
    """`imageRegistrySlow: {at: 6h, for: 1h, factor: 8}`"""

    factor: float = Field(gt=1, le=10_000)


class ImageRegistrySlow(ClusterFaults):
    """A slow registry."""

    kind: ClassVar[str] = "imageRegistrySlow"
    target = "registry"

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        self._slow = RegistrySlow(round(params.factor * 1_000))
        self.detail = f"{params.factor:g} times slower"

    def effect(self, context: Context, number: int) -> RegistrySlow:
        """The same each time."""
        return self._slow
