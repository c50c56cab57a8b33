"""Fragmentation of nodes: idle GPU milli that the typical pod cannot use.

Mirrors: section 3.6 of the notes on FGD; NodeGpuShareFragAmountScore of the public simulator
(hkust-adsl/kubernetes-scheduler-simulator). A pod that a node cannot hold leaves all of its idle
GPU as fragments; one that it can hold, the devices with less left than it asks.

The sum is taken as there: per class of reason in the order of the typical pods, then over the
classes; another order gives other last bits, and 50 points become 49. A running sum keeps it
(numpy's `sum` is pairwise where memory is contiguous, as it is for a single state).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.plugins._devices import Ints, States
from simk8s.placement.plugins._typical import Typical

Floats = NDArray[np.float64]


class Fragmentation:
    """F of node states, for one set of typical pods and models of GPU."""

    def __init__(self, typical: Sequence[Typical], models: Sequence[str]) -> None:
        without = [t for t in typical if not t.shape.gpus]
        pods = [t for t in typical if t.shape.gpus]
        self._cpu_share = _column([t.share for t in without])
        self._cpu_only = _column([t.shape.cpu for t in without])
        self._share = _column([t.share for t in pods])
        self._cpu = _column([t.shape.cpu for t in pods])
        self._gpus = _column([t.shape.gpus for t in pods])
        sizes = np.array([t.shape.milli for t in pods], np.int64)
        self._millis, self._size = np.unique(sizes, return_inverse=True)
        self._allowed: NDArray[np.bool_] | None = None
        if any(t.shape.models is not None for t in pods):
            self._allowed = np.array([[t.shape.accepts(m) for m in models] for t in pods])

    def __call__(self, states: States) -> Floats:
        """Milli-GPU, by state."""
        idle = states.left.sum(axis=0)
        lost, small, fits_gpu = self._gpu_pods(states.left, idle)
        fits_cpu = states.cpu >= self._cpu
        no_access: Floats | None = None
        if self._allowed is not None:
            allowed = self._allowed[:, states.model]
            no_access = _in_order(np.where(allowed, 0.0, lost))
            lost, small = lost * allowed, small * allowed
        lack_gpu = np.where(fits_gpu, small, lost)
        # In the order of the classes: both, GPU, CPU, CPU-only pods that fit, that do not fit.
        total = _in_order(np.where(fits_gpu | fits_cpu, 0.0, lost))
        total = total + _in_order(np.where(fits_cpu, lack_gpu, 0.0))
        total = total + _in_order(np.where(fits_gpu & ~fits_cpu, lost, 0.0))
        fits = states.cpu >= self._cpu_only
        without = self._cpu_share * idle
        total = total + _in_order(np.where(fits, without, 0.0))
        total = total + _in_order(np.where(fits, 0.0, without))
        return np.asarray(total if no_access is None else total + no_access)

    def _gpu_pods(self, left: Ints, idle: Ints) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """By typical pod and state: the share of all that is idle, the share of the devices that
        are too small, and whether there are enough large ones.
        """
        enough = left >= self._millis[:, None, None]
        large = enough.sum(axis=1, dtype=np.int32)
        small = idle - np.where(enough, left, 0).sum(axis=1)
        fits = large[self._size] >= self._gpus
        return self._share * idle, self._share * small[self._size], fits


def _in_order(terms: Floats) -> Floats:
    """The sum of the rows, first to last."""
    return np.cumsum(terms, axis=0)[-1] if len(terms) else np.zeros(terms.shape[1])


def _column(values: Sequence[float]) -> NDArray[np.float64]:
    return np.array(values, np.float64)[:, None]
