"""`controlPlane.apiServer`: replicas, processors, seats, what a request costs."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from simk8s.scenario.types import Count, Duration, Model, Positive

Some = Annotated[Count, Field(gt=0)]


class Dispatch(Model):
    """The watch cache's loop: what one event takes."""

    event: Duration = 20
    # For every watcher that the event is matched against.
    watcher: Duration = 1


class ApiServer(Model):
    """kube-apiserver; requests are priced by a table, or all alike by `service`."""

    # Behind a load balancer: their processors and seats are one pool here.
    replicas: Annotated[Count, Field(gt=0, le=100)] = 1
    # Processors of a replica that requests may keep busy.
    cores: Annotated[Count, Field(gt=0, le=1_024)] = 2
    # Without it the two limits below reject at once.
    priority_and_fairness: bool = True
    # --max-requests-inflight and --max-mutating-requests-inflight: their sum is shared out.
    max_requests_inflight: Some = 400
    max_mutating_requests_inflight: Some = 200
    # Processor time of a request against the table's machine; 0.5 is twice as fast.
    cpu_factor: Annotated[Positive, Field(le=1_000)] = 1.0
    # Processor time of every request, in place of the table.
    service: Duration | None = None
    # Processor time that etcd, controllers and the like on the same cores spend on each change;
    # 0 where they have cores of their own.
    neighbours: Duration = 0
    dispatch: Dispatch = Dispatch()
    # From the dispatch until an idle client's informer has the change: network, decoding.
    watch_lag: Duration = 2_000
