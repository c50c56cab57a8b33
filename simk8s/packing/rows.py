"""Rows that hold for every placement on a class of nodes: Σ coefficient · pods ≤ limit.

* plain: no more of a resource than there is;
* rounded (k = 1, 2, 3): of what takes more than 1/(k+1) of a node, no more than k fit, what takes
  more than 2/(k+1) counts twice, and so on (the sum of ⌈(k+1)·a⌉ − 1 over what fits into 1 is ≤ k);
* priced: no device holds more than its dearest filling (`device_rows`).

Law: a row is named by what it is about, not by the pods, so that a multiplier found for coarser
pods can be charged to all of them. Coefficients are in parts of one node: `limit` is then at most
the number of nodes, and a plan that uses u nodes of the class keeps Σ ≤ u as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simk8s.packing.device_rows import WHOLE, dearest, rounding
from simk8s.packing.fleet import Fleet, Pods
from simk8s.packing.problem import IntArray

FloatArray = NDArray[np.float64]
ROUNDINGS = (0, 1, 2, 3)
"""0: not rounded."""
GPU, PRICED = -1, -2
"""In the place of a resource."""


class Row(NamedTuple):
    """Of class `c`: a resource, all devices together or prices number `k`."""

    c: int
    resource: int
    k: int


@dataclass(slots=True)
class Rows:
    """The rows of one fleet, for its own pods or others that stand for them."""

    fleet: Fleet
    prices: list[dict[int, int]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    limits: list[float] = field(default_factory=list)
    _scales: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, fleet: Fleet) -> Rows:
        """Those that can bind, without prices but the rounded ones."""
        found = cls(fleet)
        for c in range(len(fleet.nodes)):
            mine = fleet.room[:, c] > 0
            for r in range(len(fleet.largest)):
                found._add(c, r, fleet.pods.requests[mine, r], int(fleet.total[r, c]))
            gpu = (fleet.pods.devices * fleet.pods.milli)[mine]
            found._add(c, GPU, gpu, sum(k * v for k, v in fleet.left[c].items()))
        sizes = set(fleet.pods.milli[fleet.pods.devices > 0].tolist())
        for k in ROUNDINGS[1:]:
            if sizes:
                found.price(rounding(sizes, k))
        return found

    def _largest(self, c: int, r: int) -> int:
        return int(self.fleet.largest_gpu[c] if r == GPU else self.fleet.largest[r, c])

    def _add(self, c: int, r: int, asked: IntArray, total: int) -> None:
        largest, nodes = self._largest(c, r), int(self.fleet.nodes[c])
        if not asked.any() or not largest:
            return
        for k in ROUNDINGS:
            if k and asked.max() * (k + 1) <= largest:
                continue
            self.rows.append(Row(c, r, k))
            self.limits.append(float(nodes) if k else total / largest)
            self._scales.append(float(k or largest))

    def price(self, prices: dict[int, int]) -> None:
        """One row more of each class with devices."""
        self.prices.append(prices)
        fleet = self.fleet
        full = dearest(prices, {left for each in fleet.left for left in each} | {WHOLE})
        for c, left in enumerate(fleet.left):
            limit = sum(count * full[milli] for milli, count in left.items())
            if limit:
                nodes = int(fleet.nodes[c]) if fleet.alike else 1
                self.rows.append(Row(c, PRICED, len(self.prices) - 1))
                self.limits.append(float(nodes))
                self._scales.append(limit / nodes)

    def coefficients(self, i: int, pods: Pods) -> FloatArray:
        """Of row i, for each group of `pods`."""
        c, r, k = self.rows[i]
        if r == PRICED:
            prices = self.prices[k]
            each = np.array([prices.get(milli, 0) for milli in pods.milli.tolist()], np.int64)
            return np.asarray(each * pods.devices / self._scales[i])
        asked = pods.devices * pods.milli if r == GPU else pods.requests[:, r]
        if k:
            asked = np.maximum(-(-(k + 1) * asked // self._largest(c, r)) - 1, 0)
        return np.asarray(asked / self._scales[i])
