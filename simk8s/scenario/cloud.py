"""L1: the `cloud` section: whose API machines are asked of, its limits, how its clients ask again.

Law: without this section and without a fault of the cloud, machines cost no calls.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from simk8s.scenario.distributions import DurationDistribution
from simk8s.scenario.types import Count, Duration, Model, Rate

ProviderName: TypeAlias = Literal["aws", "gcp", "azure"]
ActionName: TypeAlias = Literal["RunInstances", "TerminateInstances", "DescribeInstances"]


class CloudLimit(Model):
    """Requests of one action: so many at once, and then this rate."""

    burst: Annotated[Count, Field(gt=0)]
    rate: Annotated[Rate, Field(gt=0)]


class CloudRetry(Model):
    """Between two tries: `base`, doubled each time up to `cap`, or a random share of it."""

    base: Annotated[Duration, Field(gt=0)] = 1_000_000
    cap: Annotated[Duration, Field(gt=0)] = 20_000_000
    jitter: bool = True


class Cloud(Model):
    """Where machines come from."""

    # The provider of the first node group that has one, if nothing is said.
    provider: ProviderName | None = None
    # In place of what the provider has published.
    limits: dict[ActionName, CloudLimit] = Field(default_factory=dict)
    # How long a call takes.
    latency: dict[ActionName, DurationDistribution] = Field(default_factory=dict)
    # Asked for by one call.
    machines_per_call: Annotated[Count, Field(gt=0, le=1_000)] = 1
    retry: CloudRetry = CloudRetry()
