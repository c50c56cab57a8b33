"""etcd's disks are slow for a given time.

Law: every fsync and backend commit that begins meanwhile takes `factor` times as long, or as much
longer as it takes to bring the median fsync to `fsync`.

Mirrors: a noisy neighbour, a failing device or exhausted IOPS under etcd. Departs: all members are
hit alike, which is what it takes to slow down a majority.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from simk8s.faults.base import Context, Fault, FaultModel, SlowDisk
from simk8s.scenario.types import Duration, Model, Positive


class Params(Model):
    """`etcdSlowDisk: {at: 6h, for: 10m, factor: 20}`"""

    at: Duration
    duration: Annotated[Duration, Field(gt=0)] = Field(alias="for")
    factor: Annotated[Positive, Field(ge=0.001, le=10_000)] | None = None
    # The median that an fsync has then, in place of a factor.
    fsync: Annotated[Duration, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Params:
        if (self.factor is None) == (self.fsync is None):
            raise ValueError("give either factor or fsync")
        return self


class EtcdSlowDisk(FaultModel):
    """One slow time."""

    kind: ClassVar[str] = "etcdSlowDisk"

    def __init__(self, params: Params) -> None:
        self._params = params

    def timeline(self, context: Context) -> Iterator[Fault]:
        """Faults up to and including the horizon, in order of time."""
        params = self._params
        if params.at <= context.horizon_us:
            slow = SlowDisk(params.factor, params.fsync)
            yield Fault(params.at, self.kind, "etcd", (), params.duration, effect=slow)
