"""Which devices of a node a GPU pod gets.

Best fit: whole devices are the free ones with the lowest index; a part of a device comes from the
device with the least left that still holds it, the lowest index on ties.
"""

from __future__ import annotations

import numpy as np

from simk8s.strategies._packing.pods import DEVICE_MILLI, GpuDemand, IntArray


def best_fit(left: list[int], gpu: GpuDemand) -> tuple[int, ...] | None:
    """Devices for one pod, ascending; None if it does not fit."""
    fitting = [d for d, milli in enumerate(left) if milli >= gpu.milli]
    if len(fitting) < gpu.devices:
        return None
    if not gpu.whole:
        fitting.sort(key=lambda d: (left[d], d))
    return tuple(sorted(fitting[: gpu.devices]))


def opened(devices: IntArray, gpu: GpuDemand) -> IntArray:
    """How many whole free devices of each node `best_fit` would begin (feasible nodes only)."""
    if gpu.whole:
        return np.full(devices.shape[1], gpu.devices, dtype=np.int64)
    partial = (devices >= gpu.milli) & (devices < DEVICE_MILLI)
    return np.asarray(np.maximum(gpu.devices - partial.sum(axis=0, dtype=np.int64), 0))


def least_left(devices: IntArray, gpu: GpuDemand) -> IntArray:
    """Milli of the fullest device that still holds the pod; `DEVICE_MILLI` if it must open one."""
    return np.asarray(np.where(devices >= gpu.milli, devices, DEVICE_MILLI).min(axis=0))
