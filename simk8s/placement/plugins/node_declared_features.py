"""NodeDeclaredFeatures: a pod needs no feature that a node would have to declare.

Mirrors: kube-scheduler v1.36 plugins/nodedeclaredfeatures for pods that use no such feature.
Departs: features are not modelled, so every node passes.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import SUCCESS, FilterPlugin, Query, Rows, Status
from simk8s.placement.events import Change
from simk8s.placement.view import View


class NodeDeclaredFeatures(FilterPlugin):
    """Nothing to say."""

    name: ClassVar[str] = "NodeDeclaredFeatures"
    statuses: ClassVar[tuple[Status, ...]] = (SUCCESS,)
    events: ClassVar[int] = Change.NODE_ADD

    def key(self, query: Query, view: View) -> Hashable | None:
        """Skipped."""
        return None

    def filter(self, query: Query, view: View, rows: Rows) -> NDArray[np.uint8]:
        """Every node fits."""
        return np.zeros(len(view.nodes.exists[rows]), np.uint8)
