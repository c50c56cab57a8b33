"""fgd: fragmentation gradient descent, the node whose fragmentation grows least.

The score is int(100 · sigmoid((F before − F after) / 1000)), F the idle GPU milli that typical
pods cannot use (see `_fragmentation`); of the devices that a part of a GPU could come from, the
best one counts. The strategy says what is typical; without that, every node is alike.

Mirrors: FGDScore of Weng et al., *Beware of Fragmentation*, USENIX ATC 2023, decision for
decision (`python -m benchmarks.papers.fgd`). Departs: of several shared devices for one pod,
which the trace does not have, the first that fit are looked at, not the tightest.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from functools import cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import Query, Rows
from simk8s.placement.plugins._by_shape import ByShape
from simk8s.placement.plugins._devices import Options, States, after, before, best_per_row
from simk8s.placement.plugins._fragmentation import Fragmentation
from simk8s.placement.plugins._typical import Typical
from simk8s.placement.view import View


class Fgd(ByShape):
    """0..99, 50 where fragmentation stays as it is."""

    name: ClassVar[str] = "FGD"

    def __init__(self) -> None:
        super().__init__()
        self._typical: tuple[Typical, ...] = ()
        self._measure = Fragmentation((), ())
        self._models = 0

    def expect(self, typical: Sequence[Typical]) -> None:
        """From now on these pods are typical."""
        self._typical = tuple(typical)
        self._models = 0
        self.kept.clear()

    def score(self, query: Query, view: View, rows: Rows) -> NDArray[Any]:
        """As kept; what is measured knows the models of GPUs that are there."""
        models = view.nodes.gpu_models
        if self._models != len(models):
            self._models = len(models)
            self._measure = Fragmentation(self._typical, models)
        return super().score(query, view, rows)

    def fresh(self, query: Query, view: View, rows: Rows) -> NDArray[np.int64]:
        """The best of the ways in which the pod could be there."""
        now = before(view, rows)
        options = after(query, now)
        return best_per_row(self._points(now, options, view, rows), options, len(now.cpu), 0)

    def _points(self, now: States, options: Options, view: View, rows: Rows) -> NDArray[np.int64]:
        was = self.kept.of("F", view, rows, lambda some: self._measure(before(view, some)))
        return points(was[options.place] - self._measure(options.states))

    def device(self, query: Query, view: View, row: int) -> int:
        """The device of a shared GPU on that node: the first of the best; −1 = none to choose."""
        rows = np.array([row])
        now = before(view, rows)
        options = after(query, now)
        if not len(options.device):
            return -1
        return int(options.device[self._points(now, options, view, rows).argmax()])


def points(falls: NDArray[np.float64]) -> NDArray[np.int64]:
    """int(100 · sigmoid(fall / 1000)), for many falls of F in milli-GPU."""
    return np.searchsorted(_steps(), falls, side="right")


@cache
def _steps() -> NDArray[np.float64]:
    """The smallest fall that is worth 1, 2, ... 99 points: `math.exp` of scalars is the same on
    every CPU, numpy's is not.
    """
    return np.array([_least(score) for score in range(1, 100)])


def _score(fall: float) -> int:
    return int(100.0 * (1.0 / (1.0 + math.exp(-fall / 1000.0))))


def _least(score: int) -> float:
    """By bisection over all doubles."""
    low, high = _ordinal(-10_000.0), _ordinal(10_000.0)
    while high - low > 1:
        middle = (low + high) // 2
        if _score(_double(middle)) >= score:
            high = middle
        else:
            low = middle
    return _double(high)


def _ordinal(value: float) -> int:
    bits: int = struct.unpack("<q", struct.pack("<d", value))[0]
    return bits if bits >= 0 else -(bits & ((1 << 63) - 1))


def _double(ordinal: int) -> float:
    bits = ordinal if ordinal >= 0 else -ordinal | (1 << 63)
    value: float = struct.unpack("<d", struct.pack("<Q", bits))[0]
    return value
