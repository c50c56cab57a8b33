"""best_fit_percent: best fit over CPU and GPU in steps of a percent, spread over 0..100.

int(100 · (1 − (½ left_cpu / M_cpu + ½ left_gpu / M_gpu))), left after the pod and M_r the largest
node's, then stretched so that the worst feasible node has 0 and the best 100 (all 0 if equal).

Mirrors: BestFit of the FGD paper's simulator with its min-max normalisation. Departs: the
maxima are those of the cluster, not constants.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import MAX_NODE_SCORE, Query, Rows, Scope
from simk8s.placement.plugins._cpu_and_gpu import CpuAndGpu
from simk8s.placement.view import View


class BestFitPercent(CpuAndGpu):
    """0..100 among the nodes that are feasible at the moment."""

    name: ClassVar[str] = "BestFitPercent"
    scope: ClassVar[Scope] = Scope.CLUSTER

    def half(self, free: NDArray[Any], asked: int, most: float) -> NDArray[np.float64]:
        """What is left after the pod."""
        return np.asarray(0.5 * (free - asked) / most)

    def finish(self, query: Query, view: View, rows: Rows, raw: NDArray[Any]) -> NDArray[np.int64]:
        """Min-max, in integers."""
        low, high = (int(raw.min()), int(raw.max())) if len(raw) else (0, 0)
        if low == high:
            return np.zeros(len(raw), np.int64)
        return np.asarray((raw - low) * MAX_NODE_SCORE // (high - low), np.int64)
