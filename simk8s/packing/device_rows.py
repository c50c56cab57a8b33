"""What a device can hold, said with prices: whatever part of a device each size is said to cost, no
device holds more than its dearest filling.

Law: `dearest` is exact: a knapsack over integers. So every row made here holds for every packing,
whatever prices it was made from.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np

from simk8s.packing.problem import IntArray

WHOLE = 1000
"""Milli of a device."""
SCALE = 10_000
"""Of a price."""
_TIMES = 1000


def dearest(prices: Mapping[int, int], rooms: Iterable[int]) -> dict[int, int]:
    """Room in milli -> the most that pods put there can cost together."""
    rooms = sorted(set(rooms))
    step = math.gcd(*prices, *rooms) or 1
    best: IntArray = np.zeros(max(rooms, default=0) // step + 1, np.int64)
    useful = [(size // step, price) for size, price in prices.items() if price > 0]
    for at in range(1, len(best)):
        fits = [best[at - size] + price for size, price in useful if size <= at]
        best[at] = max(best[at - 1], *fits) if fits else best[at - 1]
    return {room: int(best[room // step]) for room in rooms}


def rounding(sizes: Iterable[int], k: int) -> dict[int, int]:
    """More than 1/(k+1) of a device counts one, more than 2/(k+1) two, ..."""
    return {size: -(-(k + 1) * size // WHOLE) - 1 for size in sizes}


def cheapest(demand: Mapping[int, float]) -> dict[int, int]:
    """Prices at which so many pods of each size together cost the most devices."""
    from simk8s.placement.plugins._worth import device_prices  # late: it knows the simulator

    wanted = {size: round(_TIMES * count) for size, count in demand.items() if count > 1e-6}
    wanted = {size: count for size, count in wanted.items() if count}
    if not wanted:
        return {}
    found = device_prices(wanted, math.gcd(WHOLE, *wanted))
    return {size: max(int(SCALE * price + 1e-4), 0) for size, price in found.items()}
