"""What scores by a pod's CPU and GPUs share that are computed afresh only where nodes changed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import Query, Rows, Scope, ScorePlugin
from simk8s.placement.plugins._kept import Kept
from simk8s.placement.plugins._typical import shape_of
from simk8s.placement.view import View


class ByShape(ScorePlugin):
    """Base; `kept` is to be cleared when anything else changes that scores depend on."""

    scope: ClassVar[Scope] = Scope.CLUSTER

    def __init__(self) -> None:
        self.kept = Kept()

    def key(self, query: Query, view: View) -> Hashable | None:
        """CPU and GPUs; memory does not count."""
        return shape_of(query)

    def wakes(self, query: Query, view: View) -> bool:
        """Every pod is scored."""
        return True

    @abstractmethod
    def fresh(self, query: Query, view: View, rows: Rows) -> NDArray[np.int64]:
        """The scores of these rows as they are now."""

    def score(self, query: Query, view: View, rows: Rows) -> NDArray[Any]:
        """As kept, or computed where nodes have changed."""
        return self.kept.of(shape_of(query), view, rows, lambda some: self.fresh(query, view, some))
