"""The pods of an instance: groups of pods that are alike, and what they ask of GPUs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
Mask = NDArray[np.uint8]
BoolArray = NDArray[np.bool_]

#: One whole device.
DEVICE_MILLI = 1000


@dataclass(frozen=True, slots=True)
class GpuDemand:
    """`devices` distinct devices of one node, `milli` of each (1000 = the device for itself)."""

    devices: int
    milli: int = DEVICE_MILLI

    def __post_init__(self) -> None:
        if self.devices < 1 or not 1 <= self.milli <= DEVICE_MILLI:
            raise ValueError(f"GPU demand of {self.devices} devices, {self.milli} milli each")

    @property
    def whole(self) -> bool:
        return self.milli == DEVICE_MILLI

    @property
    def total(self) -> int:
        return self.devices * self.milli


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """`count` pods that are alike in all that matters here.

    `allowed` is nonzero where every filter other than resources lets them in (None: everywhere);
    `per_node` bounds how many may share a node (a host port: 1).
    """

    count: int
    requests: IntArray
    priority: int = 0
    allowed: Mask | None = None
    gpu: GpuDemand | None = None
    per_node: int | None = None

    @property
    def shared(self) -> bool:
        """Takes parts of devices."""
        return self.gpu is not None and not self.gpu.whole
