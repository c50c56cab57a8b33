"""What is free through the whole of one job, so that no reservation is delayed by it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simk8s.placement.base import Query
from simk8s.strategies._gangs.fitting import Bools, Ints


class Window:
    """The least that is free between now and the estimated end of one job."""

    def __init__(self, least: Ints, rows: Sequence[int], alone: bool) -> None:
        self._least = least if alone else least.copy()
        self._rows, self._alone = rows, alone

    def allows(self, query: Query) -> Bools:
        """Where the pod delays no reservation."""
        enough: Bools = self._least >= amounts(query, self._rows)[:, None]
        found: Bools = np.logical_and.reduce(enough, axis=0)
        return found

    def take(self, query: Query, node: int) -> None:
        """One pod of the job is to go there."""
        if not self._alone:
            self._least[:, node] -= amounts(query, self._rows)


def amounts(query: Query, rows: Sequence[int]) -> Ints:
    """What a pod asks for, by rows of a profile."""
    values = query.requests.values
    return np.array([values[row] if row < len(values) else 0 for row in rows], np.int64)
