"""next_fit: nodes as a ring, the nearer behind the last pod's node the better.

The strategy says where the last pod went (`last`); that node itself is the nearest.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import Query, Rows, Scope, ScorePlugin
from simk8s.placement.view import View


class NextFit(ScorePlugin):
    """Nodes in the ring less the steps to this one."""

    name: ClassVar[str] = "NextFit"
    scope: ClassVar[Scope] = Scope.CLUSTER

    def __init__(self) -> None:
        self.last = 0

    def key(self, query: Query, view: View) -> Hashable | None:
        """Nothing of the pod."""
        return ()

    def score(self, query: Query, view: View, rows: Rows) -> NDArray[Any]:
        """By distance, going forward."""
        count = view.nodes.n
        places = np.arange(count)[rows]
        return np.asarray(count - 1 - (places - self.last) % max(count, 1), np.int64)
