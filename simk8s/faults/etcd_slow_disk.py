"""etcd's disks are slow for a given time.

Law: every fsync and backend commit that begins meanwhile takes `factor` times as long, or as much
longer as it takes to bring the median fsync to `fsync`.

Mirrors: a noisy neighbour, a failing device or exhausted IOPS under etcd. Departs: all members are
hit alike, which is what it takes to slow down a majority.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from simk8s.faults._of_cluster import ClusterFaults
from simk8s.faults._when import Lasting
from simk8s.faults.base import Context, SlowDisk
from simk8s.scenario.types import Duration, Positive


class Params(Lasting):
    """`etcdSlowDisk: {at: 6h, for: 10m, factor: 20}`"""

    factor: Annotated[Positive, Field(ge=0.001, le=10_000)] | None = None
    # The median that an fsync has then, in place of a factor.
    fsync: Annotated[Duration, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Params:
        if (self.factor is None) == (self.fsync is None):
            raise ValueError("give either factor or fsync")
        return self


class EtcdSlowDisk(ClusterFaults):
    """Slow times."""

    kind: ClassVar[str] = "etcdSlowDisk"
    target = "etcd"

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        self._slow = SlowDisk(params.factor, params.fsync)

    def effect(self, context: Context, number: int) -> SlowDisk:
        """The same each time."""
        return self._slow
