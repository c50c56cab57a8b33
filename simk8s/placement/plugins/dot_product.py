"""dot_product: the node whose free CPU and GPU are least aligned with what the pod asks.

int(100 · (1 − Σ (free_r / M_r) · (asked_r / M_r) / 2)) over CPU and GPU, M_r the largest node's.
The idea is Tetris' (Grandl et al., SIGCOMM 2014) turned round: there the largest product wins,
here a small one, so that what is nearly full is filled first.

Mirrors: DotProd of the FGD paper's simulator (dimension extension merge, norm max). Departs: the
maxima are those of the cluster, not constants.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import Query, Rows, Scope, ScorePlugin
from simk8s.placement.view import View
from simk8s.state.resources import CPU, GPU


class DotProduct(ScorePlugin):
    """0..100, 100 where nothing is free that the pod asks for."""

    name: ClassVar[str] = "DotProduct"
    scope: ClassVar[Scope] = Scope.NODE

    def key(self, query: Query, view: View) -> Hashable | None:
        """CPU and GPU milli."""
        return query.requests.values[CPU], query.requests.values[GPU]

    def wakes(self, query: Query, view: View) -> bool:
        """Every pod is scored."""
        return True

    def score(self, query: Query, view: View, rows: Rows) -> NDArray[Any]:
        """In the original's order of operations, whose last bits it shares."""
        nodes, asked = view.nodes, query.requests.values
        product = np.zeros(len(nodes.exists[rows]))
        for resource in (CPU, GPU):
            most = float(nodes.allocatable[resource].max(initial=0))
            if most:
                product = product + nodes.free[resource][rows] / most * (asked[resource] / most)
        return np.asarray((100.0 * (1.0 - product / 2.0)).astype(np.int64))
