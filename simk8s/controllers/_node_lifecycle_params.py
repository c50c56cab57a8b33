"""Parameters of the node lifecycle controller. No numpy here: scenarios are validated with it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from simk8s.controllers._flags import Flags
from simk8s.scenario.types import Count, Duration, Number, Share

PerSecond = Annotated[Number, Field(ge=0)]


class Params(Flags):
    """`node_lifecycle: {name: node_lifecycle, monitorGracePeriod: 40s}`

    kube-controller-manager's flags, without the `node-` in front; rates are nodes per second.
    """

    monitor_period: Annotated[Duration, Field(gt=0)] = 5_000_000
    monitor_grace_period: Duration = 50_000_000
    eviction_rate: PerSecond = 0.1
    secondary_eviction_rate: PerSecond = 0.01
    large_cluster_size_threshold: Count = 50
    unhealthy_zone_threshold: Share = 0.55
