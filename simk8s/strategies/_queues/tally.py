"""What has become of the workloads of each queue, counted."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass


@dataclass(slots=True)
class Tally:
    """Of one queue, since the start."""

    admitted: int = 0
    evicted: int = 0
    waited_us: int = 0
    """Sum of times to admission; after an eviction, since the pods came again."""

    def admit(self, waited_us: int) -> None:
        """One that has waited for so long."""
        self.admitted += 1
        self.waited_us += waited_us


class Tallies(defaultdict[str, Tally]):
    """By name of the queue."""

    def __init__(self) -> None:
        super().__init__(Tally)
