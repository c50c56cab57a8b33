"""`controlPlane.etcd`: members, disks, the way between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from simk8s.scenario.types import Count, Duration, MemoryQuantity, Model

Disk = Literal["nvme", "ssd", "virtual", "hdd"]


class Spread(Model):
    """A log-normal duration by its median and 99th percentile; both 0 = at once."""

    p50: Duration
    p99: Duration

    @model_validator(mode="after")
    def _in_order(self) -> Spread:
        if self.p99 < self.p50:
            raise ValueError("p99 is less than p50")
        return self


class Election(Model):
    """How long nothing is committed when the leader is lost, uniform between the two."""

    # Longer than anybody waits is another fault.
    min: Duration = 1_000_000
    max: Duration = 3_000_000

    @model_validator(mode="after")
    def _in_order(self) -> Election:
        if self.max < self.min:
            raise ValueError("max is less than min")
        return self


# fsync of the write-ahead log and commit of the backend. `virtual` is measured (recordings of a
# real control plane: p50 0.55 ms, p99 4-7 ms; 0.9-1.5 and 7.6-14 ms), the others are UNVERIFIED.
DISKS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    name: {
        "fsync": {"p50": fsync[0], "p99": fsync[1]},
        "backendCommit": {"p50": backend[0], "p99": backend[1]},
    }
    for name, fsync, backend in (
        ("nvme", ("150us", "1ms"), ("400us", "3ms")),
        ("ssd", ("1ms", "5ms"), ("2ms", "12ms")),
        ("virtual", ("550us", "5500us"), ("1200us", "10ms")),
        ("hdd", ("10ms", "30ms"), ("15ms", "60ms")),
    )
}


class Etcd(Model):
    """etcd; a write is on the disk of a majority before it counts."""

    members: Literal[1, 3, 5] = 1
    # Sets fsync and backendCommit, which may be given beside it.
    disk: Disk = "virtual"
    fsync: Spread
    backend_commit: Spread
    # Between two members; one member has nobody to ask.
    round_trip: Duration = 500
    apply: Duration = 30
    # --quota-backend-bytes: above it writes are refused.
    quota: Annotated[MemoryQuantity, Field(ge=1 << 20)] = 2 << 30
    # Most writes that one fsync covers.
    max_batch: Annotated[Count, Field(gt=0)] | None = None
    election: Election = Election()

    @classmethod
    def standard(cls) -> Etcd:
        """What there is where nothing is said."""
        return cls.model_validate({})

    @model_validator(mode="before")
    @classmethod
    def _from_disk(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        disk = data.get("disk", "virtual")
        known = DISKS.get(disk) if isinstance(disk, str) else None
        if known is None:
            return data
        named = {"fsync", "backendCommit"} - data.keys()
        if "backend_commit" in data:
            named.discard("backendCommit")
        return {**data, **{name: known[name] for name in sorted(named)}}
