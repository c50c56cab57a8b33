"""`controlPlane.clients`: how fast components may ask; controllers and schedulers have their own
`qps` and `burst` where they are configured.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from simk8s.scenario.types import Count, Model, Positive


class Limit(Model):
    """--kube-api-qps and --kube-api-burst."""

    qps: Positive = 50.0
    burst: Annotated[Count, Field(gt=0)] = 100


class Clients(Model):
    """Token buckets on the client's side; `throttling: false` takes them all away."""

    # Of every node by itself.
    kubelet: Limit = Limit()
    # kube-scheduler sends its events through a second client.
    scheduler_events: Limit = Limit()
    # Requests that the workload's creator has under way at most; 0 = any number.
    user_in_flight: Count = 100
