"""What the machinery of the control plane takes.

Law: `INSTANT` takes no time anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from simk8s.api.etcd import EtcdTimes


@dataclass(frozen=True, slots=True)
class Times:
    """Machinery of the control plane; times in µs."""

    replicas: int = 1
    cores: int = 2
    fair: bool = True
    """Priority and fairness; without it the two limits below reject at once."""
    seats: tuple[int, int] = (400, 200)
    """max-requests-inflight and max-mutating-requests-inflight of a replica."""
    cpu_factor: float = 1.0
    """Processor time of a request, against the table's machine."""
    service_us: int | None = None
    """Every request computes so long, in place of the table."""
    neighbours_us: int = 0
    """Of other processes on the same cores, for each change, once the server is done with it."""
    dispatch_ns: tuple[int, int] = (20_000, 1_000)
    """Of the watch cache: an event, and each watcher it is matched against."""
    watch_lag_us: int = 2_000
    """From the dispatch until an informer has the change: network and decoding."""
    etcd: EtcdTimes = field(default_factory=EtcdTimes)

    @property
    def instant(self) -> bool:
        """Whether nothing takes any time."""
        return self.etcd.fsync[0] == 0 and (self.service_us == 0 or self.cpu_factor == 0)


INSTANT = Times(
    service_us=0,
    dispatch_ns=(0, 0),
    watch_lag_us=0,
    etcd=EtcdTimes(round_trip_us=0, fsync=(0, 0), backend_commit=(0, 0), apply_us=0),
)
