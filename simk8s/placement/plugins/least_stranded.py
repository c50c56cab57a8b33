"""least_stranded: the node on which the pod strands the least GPU.

What a node is still worth is the GPU that typical pods could use there: the sum of its devices'
worth, or, if its free CPU is enough for less than that, as much GPU as typical pods ask beside
that CPU. The score is the change of that worth. A pod without GPU on a node with CPU to spare
changes nothing; on one where the idle GPUs need the CPU, it does.

What a device with L milli left is worth is how much of a device the cheapest packing of typical
pods would save if it had L milli more (the dual prices of the cutting-stock problem over typical
shares of a device): 600 left is worth 500 if only halves come. Nothing is tuned.

Mirrors: nothing in Kubernetes; ours, measured against FGD in docs/papers/fgd.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import Query, Rows
from simk8s.placement.plugins._by_shape import ByShape
from simk8s.placement.plugins._devices import WHOLE, States, after, before, best_per_row
from simk8s.placement.plugins._typical import Typical
from simk8s.placement.plugins._worth import worth_of
from simk8s.placement.view import View

_NEVER = -(1 << 40)


class LeastStranded(ByShape):
    """Worth after less worth before, in milli-GPU; at most a little above 0."""

    name: ClassVar[str] = "LeastStranded"

    def __init__(self) -> None:
        super().__init__()
        self._worth = np.arange(WHOLE + 1, dtype=np.int64)
        self._gpu_per_cpu = (0, 0)

    def expect(self, typical: Sequence[Typical]) -> None:
        """From now on these pods are typical."""
        with_gpu = [t for t in typical if t.shape.gpus]
        if with_gpu:
            self._worth = worth_of(with_gpu)
            gpu = sum(t.pods * t.shape.gpu_milli for t in with_gpu)
            self._gpu_per_cpu = gpu, sum(t.pods * t.shape.cpu for t in with_gpu)
        self.kept.clear()

    def fresh(self, query: Query, view: View, rows: Rows) -> NDArray[np.int64]:
        """The best of the ways in which the pod could be there."""
        now = before(view, rows)
        options = after(query, now)
        change = self._value(options.states) - self._value(now)[options.place]
        return best_per_row(change, options, len(now.cpu), _NEVER)

    def finish(self, query: Query, view: View, rows: Rows, raw: NDArray[Any]) -> NDArray[np.int64]:
        """Not below 0, which in a ranking means that the pod does not fit."""
        return np.asarray(raw - raw.min(initial=0), np.int64)

    def _value(self, states: States) -> NDArray[np.int64]:
        devices = self._worth[states.left.clip(0, WHOLE)].sum(axis=0)
        gpu, cpu = self._gpu_per_cpu
        if not cpu:
            return np.asarray(devices, np.int64)
        return np.asarray(np.minimum(devices, states.cpu.clip(0) * gpu // cpu), np.int64)

    def device(self, query: Query, view: View, row: int) -> int:
        """The device of a shared GPU on that node: the best one, of several the one with the
        least left; −1 = none to choose.
        """
        now = before(view, np.array([row]))
        options = after(query, now)
        if not len(options.device) or options.device[0] < 0:
            return -1
        value = self._value(options.states).tolist()
        left = now.left[options.device, 0].tolist()
        best = max(range(len(value)), key=lambda option: (value[option], -left[option]))
        return int(options.device[best])
