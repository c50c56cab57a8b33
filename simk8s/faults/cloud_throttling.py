"""The cloud's API takes fewer calls than it should: whoever asks for machines is refused.

Law: while it lasts an action's bucket holds one call and refills at `factor` of the agreed rate
(or at `rate`); `errorShare` of all calls are refused besides, whatever the bucket holds. Refused
calls are made again, with back-off and jitter, until they are taken. Afterwards buckets refill,
from empty. A scenario with this fault has a cloud (`cloud:` says which): machines that join, are
replaced or removed are asked of it, as is whether a node that is not ready has its instance.

Mirrors: `RequestLimitExceeded` where somebody else in the account uses up the bucket, a limit that
was lowered, a control plane of the provider that is in trouble. Departs: the bucket of machines
(EC2's resource tokens) stays as agreed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from simk8s.faults._of_cluster import ClusterFaults
from simk8s.faults._when import Lasting
from simk8s.faults.base import CloudThrottle, Context, Fault
from simk8s.scenario.distributions import wrong
from simk8s.scenario.types import Rate

_PER_SECOND = 1_000_000


class Params(Lasting):
    """`cloudThrottling: {at: 6h, for: 20m, factor: 0.05}`"""

    factor: Annotated[float, Field(gt=0, lt=1)] | None = None
    # Calls that are taken of each action, in place of a factor.
    rate: Annotated[Rate, Field(gt=0)] | None = None
    error_share: Annotated[float, Field(gt=0, le=1)] | None = None
    # All of them, if none is named.
    calls: list[Literal["RunInstances", "TerminateInstances", "DescribeInstances"]] = Field(
        default_factory=list
    )

    @model_validator(mode="after")
    def _something(self) -> Params:
        if self.factor is not None and self.rate is not None:
            raise wrong("write either factor or rate")
        if self.factor is None and self.rate is None and self.error_share is None:
            raise wrong("write factor, rate or errorShare: how bad is it?")
        return self


class CloudThrottling(ClusterFaults):
    """Times in which the cloud refuses."""

    kind: ClassVar[str] = "cloudThrottling"
    of_cloud: ClassVar[bool] = True
    target = "cloud API"

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        self._bad = params
        self._seed = 0
        words = [f"{params.factor:g} of the rate"] if params.factor is not None else []
        if params.rate is not None:
            words.append(f"{params.rate * _PER_SECOND:g} calls/s")
        if params.error_share is not None:
            words.append(f"{params.error_share:.0%} refused")
        self.detail = ", ".join([*words, *params.calls])

    def timeline(self, context: Context) -> Iterator[Fault]:
        """Faults up to and including the horizon, in order of time."""
        self._seed = int(context.generator.spawn(1)[0].integers(1 << 62))
        yield from super().timeline(context)

    def effect(self, context: Context, number: int) -> CloudThrottle:
        """As bad each time; which calls are refused is drawn anew."""
        bad = self._bad
        rate = None if bad.rate is None else bad.rate * _PER_SECOND
        share, draw = bad.error_share or 0.0, self._seed + number
        return CloudThrottle(tuple(bad.calls), bad.factor, rate, share, draw)
