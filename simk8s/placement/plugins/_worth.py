"""What a device with so much left is worth, in thousandths of a free one.

The cutting-stock problem: pack typical pods, in their proportions, on as few devices as possible.
Its dual prices say what part of a device each size costs in the cheapest packing; a remainder is
worth the dearest pods that it could hold. Solved by column generation: a small linear programme
(HiGHS) and a knapsack by turns.

Law: integers, 0 at 0 and 1000 at 1000, never falling. Prices are rounded to 10^-9 before they are
added up, so that the last bits of the solver decide nothing; sums are rounded down, so that two
remainders are never worth more than both in one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.plugins._devices import WHOLE
from simk8s.placement.plugins._typical import Typical

_MOST_ROUNDS = 500
_CLOSE = 1e-9
_SLACK = 1e-6

Pattern = dict[int, int]
"""Size -> how many pods of that size one device holds."""


def worth_of(typical: Sequence[Typical]) -> NDArray[np.int64]:
    """By milli left, 0 to 1000; of typical pods with GPUs."""
    demand: dict[int, int] = {}
    for pod in typical:
        devices = pod.shape.gpus if pod.shape.milli else 0
        if devices:
            demand[pod.shape.milli] = demand.get(pod.shape.milli, 0) + pod.pods * devices
    step = math.gcd(WHOLE, *demand)
    prices = {size: round(price, 9) for size, price in device_prices(demand, step).items()}
    best, _ = _knapsack(prices, step)
    top = best[-1] or 1.0
    return np.array([int(WHOLE * best[m // step] / top + _SLACK) for m in range(WHOLE + 1)])


def device_prices(demand: dict[int, int], step: int) -> dict[int, float]:
    """The part of a device that one pod of each size costs."""
    from scipy.optimize import linprog

    sizes = sorted(demand, reverse=True)
    wanted = -np.array([demand[size] for size in sizes], float)
    patterns: list[Pattern] = [{size: WHOLE // size} for size in sizes]
    prices: dict[int, float] = {}
    for _ in range(_MOST_ROUNDS):
        held = np.array([[float(p.get(size, 0)) for p in patterns] for size in sizes])
        found = linprog(np.ones(len(patterns)), A_ub=-held, b_ub=wanted, method="highs")
        prices = dict(zip(sizes, (-found.ineqlin.marginals).tolist(), strict=True))
        best, last = _knapsack(prices, step)
        if best[-1] <= 1.0 + _CLOSE:
            break
        patterns.append(_pattern(last, step))
    return prices


def _knapsack(prices: dict[int, float], step: int) -> tuple[list[float], list[int]]:
    """The dearest filling of 0, step, 2·step, ... 1000 milli, and the size put in last (0 = a
    step left empty).
    """
    best, last = [0.0], [0]
    for room in range(1, WHOLE // step + 1):
        value, size = best[room - 1], 0
        for one, price in prices.items():
            if one <= room * step and best[room - one // step] + price > value + _CLOSE:
                value, size = best[room - one // step] + price, one
        best.append(value)
        last.append(size)
    return best, last


def _pattern(last: list[int], step: int) -> Pattern:
    room = len(last) - 1
    found: Pattern = {}
    while room > 0:
        size = last[room]
        if size:
            found[size] = found.get(size, 0) + 1
        room -= size // step or 1
    return found
