"""Arrivals of an entry whose rate is changed on the way.

From an instant on, arrivals are `factor` times as frequent as the process has them: of each arrival
of the process itself a share min(factor, 1) stays, and as many independent copies of the process
are laid over it as the factor is above one, the last of them in part.

Law: before the first change nothing differs; the process' own arrivals stay wherever the factor is
at least one, and a higher factor never has fewer of anybody's. Exact for every Poisson process,
whatever its rate over time, since thinning and superposition keep it one. Departs: copies of an
`mmpp` have states of their own; a `schedule` is repeated at its own instants.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simk8s.workload.columns import StreamsLike

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from simk8s.workload.arrivals.base import ArrivalProcess

Changes = Sequence[tuple[int, float]]
"""(when, factor from then on), in order of time."""


def changed_times(
    process: ArrivalProcess, changes: Changes, streams: StreamsLike, name: str, horizon_us: int
) -> NDArray[np.int64]:
    """Arrivals up to and including the horizon; `name` is that of the process' own stream."""
    import numpy as np

    from simk8s.workload.arrivals.base import check_total

    starts = np.array([at_us for at_us, _ in changes], np.int64)
    factors = np.array([1.0, *(factor for _, factor in changes)])
    kept: list[NDArray[np.int64]] = []
    copies = max(1, *(-int(-factor // 1) for factor in factors))
    for copy in range(copies):
        stream = name if not copy else f"{name}/copy-{copy}"
        times = process.times(streams.get(stream), horizon_us)
        check_total(float(len(times)) * copies)
        factor = factors[np.searchsorted(starts, times, side="right")]
        lots = streams.get(f"{name}/kept-{copy}").random(len(times))
        kept.append(times[lots < factor - copy])
    found = np.concatenate(kept)
    return found[np.argsort(found, kind="stable")]
