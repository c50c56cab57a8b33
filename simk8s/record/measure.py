"""What one component with a work queue did: the numbers behind its row in the `controllers`
table.
"""

from __future__ import annotations

from array import array

import numpy as np


class Measure:
    """Queue waits and service times of one component, in simulated µs."""

    def __init__(self, component: str, workers: int = 1) -> None:
        self.component = component
        self.workers = workers
        self.waits_us = array("q")
        self.services_us = array("q")

    def item(self, wait_us: int, service_us: int) -> None:
        """One item was worked on."""
        self.waits_us.append(wait_us)
        self.services_us.append(service_us)

    def row(
        self, elapsed_us: int, writes: int = 0, throttled_us: int = 0, conflicts: int = 0
    ) -> tuple[object, ...]:
        """The row of the `controllers` table."""
        waits = np.frombuffer(self.waits_us, np.int64) if self.waits_us else np.zeros(0, np.int64)
        service = np.frombuffer(self.services_us, np.int64) if self.services_us else waits
        busy = int(service.sum())
        share = busy / (self.workers * elapsed_us) if elapsed_us else 0.0
        return (
            self.component,
            self.workers,
            len(waits),
            *_spread(waits),
            *_spread(service),
            busy,
            share,
            writes,
            throttled_us,
            conflicts,
        )


def _spread(values: np.ndarray[tuple[int], np.dtype[np.int64]]) -> tuple[float, int, int]:
    """(mean, median, 99th percentile); percentiles are observed values, 0 where there is none."""
    if not len(values):
        return 0.0, 0, 0
    ordered = np.sort(values)
    middle, high = (len(ordered) - 1) // 2, (len(ordered) - 1) * 99 // 100
    return int(ordered.sum()) / len(ordered), int(ordered[middle]), int(ordered[high])
