"""Counts of durations in buckets an eighth of a power of two wide.

Law: sum and count are exact, a percentile is the lower end of its bucket: at most an eighth too
low. Constant memory, however long the run.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_EXACT = 16
_FEW = 100
"""To add so many one by one is faster than to bring numpy in."""
_BUCKETS = 16 + 8 * 60


class Histogram:
    """Non-negative integers."""

    __slots__ = ("_counts", "count", "total")

    def __init__(self) -> None:
        self.count = 0
        self.total = 0
        self._counts = [0] * _BUCKETS

    def add(self, value: int) -> None:
        """One more."""
        self.count += 1
        self.total += value
        if value < _EXACT:
            self._counts[value] += 1
        else:
            shift = value.bit_length() - 4
            self._counts[(shift << 3) + (value >> shift)] += 1

    def add_all(self, values: NDArray[Any]) -> None:
        """Many more."""
        if len(values) < _FEW:
            for value in values.tolist():
                self.add(value)
            return
        self.count += len(values)
        self.total += int(values.sum(dtype=np.int64))
        wide = values.astype(np.int64)
        # The exponent of a float is the bit length of an integer below 2^53.
        shift = np.frexp(wide.astype(np.float64))[1].astype(np.int64) - 4
        shift = np.maximum(shift, 0)
        index = np.where(wide < _EXACT, wide, (shift << 3) + (wide >> shift))
        for place, many in enumerate(np.bincount(index).tolist()):
            self._counts[place] += many

    def zeros(self, count: int) -> None:
        """So many more that took no time."""
        self.count += count
        self._counts[0] += count

    def percentile(self, percent: int, of: int = 0) -> int:
        """The value below which so many lie; with `of`, as many zeros as are missing to that count
        are understood.
        """
        count = max(of, self.count)
        rank = (count - 1) * percent // 100 - (count - self.count)
        for index, many in enumerate(self._counts):
            if rank < many:
                return _lowest(index) if rank >= 0 else 0
            rank -= many
        return 0


def _lowest(index: int) -> int:
    if index < _EXACT:
        return index
    shift = (index >> 3) - 1
    return (index - (shift << 3)) << shift
