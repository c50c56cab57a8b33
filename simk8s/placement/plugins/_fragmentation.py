"""Fragmentation of nodes: idle GPU milli that the typical pod cannot use.

*Mirrors:* section 3.6 of the notes on FGD; NodeGpuShareFragAmountScore of the public simulator
(hkust-adsl/kubernetes-scheduler-simulator). A pod that a node cannot hold leaves all of its idle
GPU as fragments; one that it can hold, the devices with less left than it asks.

The sum is taken as there: per class of reason in the order of the typical pods, then over the
classes; another order gives other last bits, and 50 points become 49.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.plugins._devices import States
from simk8s.placement.plugins._typical import Typical

Floats = NDArray[np.float64]
LACK_BOTH, LACK_GPU, LACK_CPU, CPU_FITS, CPU_LACKS, NO_ACCESS = range(6)


class Fragmentation:
    """F of node states, for one set of typical pods and models of GPU."""

    def __init__(self, typical: Sequence[Typical], models: Sequence[str]) -> None:
        self._typical = typical
        self._accepts = [
            None if t.shape.models is None else np.array([t.shape.accepts(m) for m in models])
            for t in typical
        ]

    def __call__(self, states: States) -> Floats:
        """Milli-GPU, by state."""
        left, count = states.left, len(states.cpu)
        idle = left.sum(axis=0).astype(np.float64)
        sums = np.zeros((6, count))
        roomy: dict[int, tuple[NDArray[np.intp], Floats]] = {}
        for typical, accepts in zip(self._typical, self._accepts, strict=True):
            shape = typical.shape
            lost = typical.share * idle
            fits_cpu = states.cpu >= shape.cpu
            if not shape.gpus:
                sums[CPU_FITS] += np.where(fits_cpu, lost, 0.0)
                sums[CPU_LACKS] += np.where(fits_cpu, 0.0, lost)
                continue
            if shape.milli not in roomy:
                large = left >= shape.milli
                small = np.where(large, 0, left).sum(axis=0)
                roomy[shape.milli] = large.sum(axis=0), small.astype(np.float64)
            devices, small_left = roomy[shape.milli]
            if accepts is not None:
                allowed = accepts[states.model]
                sums[NO_ACCESS] += np.where(allowed, 0.0, lost)
                lost = np.where(allowed, lost, 0.0)
                small_left = np.where(allowed, small_left, 0.0)
            fits_gpu = devices >= shape.gpus
            part = typical.share * small_left
            sums[LACK_GPU] += np.where(fits_gpu, np.where(fits_cpu, part, 0.0), fits_cpu * lost)
            sums[LACK_CPU] += np.where(fits_gpu & ~fits_cpu, lost, 0.0)
            sums[LACK_BOTH] += np.where(fits_gpu | fits_cpu, 0.0, lost)
        total = sums[0]
        for line in sums[1:]:
            total = total + line
        return total
