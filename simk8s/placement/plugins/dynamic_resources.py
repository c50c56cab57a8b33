"""DynamicResources: pods without resource claims fit everywhere and score 0.

Mirrors: kube-scheduler v1.36 plugins/dynamicresources for pods without ResourceClaims: scores 0
and, when nothing fits, has "no new claims to deallocate". Departs: claims are not modelled.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import SUCCESS, FilterPlugin, Query, Rows, ScorePlugin, Status
from simk8s.placement.events import Change
from simk8s.placement.view import View


class DynamicResources(FilterPlugin, ScorePlugin):
    """Nothing to say about pods without claims."""

    name: ClassVar[str] = "DynamicResources"
    statuses: ClassVar[tuple[Status, ...]] = (SUCCESS,)
    events: ClassVar[int] = Change.NONE

    def key(self, query: Query, view: View) -> Hashable | None:
        """All pods are alike."""
        return True

    def filter(self, query: Query, view: View, rows: Rows) -> NDArray[np.uint8]:
        """Every node fits."""
        return np.zeros(len(view.nodes.exists[rows]), np.uint8)

    def score(self, query: Query, view: View, rows: Rows) -> NDArray[Any]:
        """0 everywhere."""
        return np.zeros(len(view.nodes.exists[rows]), np.int64)
