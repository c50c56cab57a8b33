"""What can be set of every controller. No numpy here: scenarios are validated against it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from simk8s.scenario.types import Count, Duration, Model, Positive


class Flags(Model):
    """Workers, client limits, cost; a controller with more to set derives its `Params`."""

    # None = as many as the controller has by itself.
    workers: Annotated[Count, Field(gt=0)] | None = None
    qps: Positive = 20.0
    burst: Annotated[Count, Field(gt=0)] = 30
    # CPU time of one reconcile, on top of the waiting for its writes.
    service: Duration = 200


class Params(Flags):
    """`replicaset: {name: replicaset, qps: 100, burst: 200}`"""
