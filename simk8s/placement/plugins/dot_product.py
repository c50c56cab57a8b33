"""dot_product: the node whose free CPU and GPU are least aligned with what the pod asks.

int(100 · (1 − Σ (free_r / M_r) · (asked_r / M_r) / 2)) over CPU and GPU, M_r the largest node's.
The idea is Tetris' (Grandl et al., SIGCOMM 2014) turned round: there the largest product wins,
here a small one, so that what is nearly full is filled first.

Mirrors: DotProd of the FGD paper's simulator (dimension extension merge, norm max). Departs: the
maxima are those of the cluster, not constants.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import Scope
from simk8s.placement.plugins._cpu_and_gpu import CpuAndGpu


class DotProduct(CpuAndGpu):
    """0..100, 100 where nothing is free that the pod asks for."""

    name: ClassVar[str] = "DotProduct"
    scope: ClassVar[Scope] = Scope.NODE

    def half(self, free: NDArray[Any], asked: int, most: float) -> NDArray[np.float64]:
        """What is free, by what is asked."""
        return np.asarray(free / most * (asked / most) * 0.5)
