"""What providers publish of the limits of their APIs, as data: `_limits.csv`, with its sources.

Law: one line an action; `burst` requests at once and `per_second` after that, or `burst` in each
`window_s`; machines count on their own where the provider says so.

Mirrors: Amazon EC2's request and resource token buckets, the rate quotas of Compute Engine (a
quota of its own per minute), Azure Resource Manager's subscription buckets and those of
Microsoft.Compute; as published in 2025. Departs: EC2's names stand for everybody's actions;
limits of a whole account stand for those of one cluster, as if nobody else used it (that is what
the fault cloudThrottling is for); latencies of calls are priors, UNVERIFIED but for RunInstances.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

_FILE = Path(__file__).with_name("_limits.csv")


class Action(StrEnum):
    """What a cluster asks a cloud for."""

    RUN = "RunInstances"
    TERMINATE = "TerminateInstances"
    DESCRIBE = "DescribeInstances"


@dataclass(frozen=True, slots=True)
class Limit:
    """Of one action."""

    burst: int
    per_second: float
    """Of no meaning with a window."""
    window_s: int = 0
    """Every so many seconds `burst` requests are allowed anew; 0 = they refill by and by."""
    machines_burst: int = 0
    """Machines at once, whatever the number of requests; 0 = not counted."""
    machines_per_second: float = 0.0


@dataclass(frozen=True, slots=True)
class Published:
    """What is known of one action of a provider."""

    limit: Limit
    latency_ms: tuple[int, int]
    """Median and 99th percentile of a call."""


@lru_cache(maxsize=1)
def published() -> dict[str, dict[Action, Published]]:
    """By provider and action."""
    found: dict[str, dict[Action, Published]] = {}
    with _FILE.open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            found.setdefault(row["provider"], {})[Action(row["action"])] = _read(row)
    return found


def _read(row: dict[str, str]) -> Published:
    limit = Limit(
        burst=int(row["burst"]),
        per_second=float(row["per_second"] or 0),
        window_s=int(row["window_s"] or 0),
        machines_burst=int(row["machines_burst"] or 0),
        machines_per_second=float(row["machines_per_second"] or 0),
    )
    return Published(limit, (int(row["latency_p50_ms"]), int(row["latency_p99_ms"])))
