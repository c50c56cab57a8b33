"""What an arrival process is, and the two ways in which all of them make times.

Law: `times` is in order, within [0, horizon], and a longer horizon only appends to it: block sizes
never depend on the horizon, since they decide which draw of the stream is used for what.
Modules of this folder import numpy only where something is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from simk8s.errors import Problem, UserError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BLOCK = 4096
MAX_ARRIVALS = 20_000_000
"""Of one workload entry in one run: a bound, so that a typo in a rate is an answer."""


class ArrivalProcess(Protocol):
    """Made from its file's `Params`; knows nothing of what arrives."""

    def times(self, generator: np.random.Generator, horizon_us: int) -> NDArray[np.int64]:
        """Arrivals up to and including the horizon."""
        ...


def check_total(expected: float) -> None:
    """Refuse what would fill the memory before the simulation starts."""
    if expected > MAX_ARRIVALS:
        text = f"about {expected:,.0f} arrivals, at most {MAX_ARRIVALS:,} are supported"
        raise UserError(Problem("E105", text, hint="lower the rate or the duration"))


def poisson_times(
    generator: np.random.Generator, per_us: float, start_us: float, end_us: float
) -> NDArray[np.float64]:
    """Homogeneous Poisson arrivals in [start, end], by exponential gaps."""
    import numpy as np

    if per_us <= 0:
        return np.empty(0)
    blocks, last, mean = [], start_us, 1 / per_us
    while last <= end_us:
        # A running sum adds in order, so where blocks end does not matter to it.
        gaps = generator.exponential(mean, BLOCK)
        gaps[0] += last
        block = np.cumsum(gaps)
        last = float(block[-1])
        blocks.append(block)
    times = np.concatenate(blocks) if blocks else np.empty(0)
    return times[: int(np.searchsorted(times, end_us, side="right"))]


def thinned_times(
    generator: np.random.Generator, rates: Sequence[float], period_us: int, horizon_us: int
) -> NDArray[np.int64]:
    """Poisson arrivals whose rate goes through the table once a period, by thinning.

    Exact for the table: candidates come at the highest rate, and one in bin b stays with
    probability rates[b] / highest.
    """
    import numpy as np

    table, highest = np.array(rates), max(rates)
    if highest <= 0:
        return np.empty(0, np.int64)
    check_total(horizon_us * highest)
    kept, last = [], 0.0
    while last <= horizon_us:
        gaps = generator.exponential(1 / highest, BLOCK)
        gaps[0] += last
        block = np.cumsum(gaps)
        last = float(block[-1])
        times = block.astype(np.int64)
        bins = (times % period_us) * len(table) // period_us
        kept.append(times[generator.random(BLOCK) * highest < table[bins]])
    found = np.concatenate(kept)
    return found[: int(np.searchsorted(found, horizon_us, side="right"))]
