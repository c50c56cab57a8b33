"""`controlPlane.apiServer`: replicas, seats, what a request costs."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from simk8s.scenario.types import Count, Duration, Model

Some = Annotated[Count, Field(gt=0)]


class ApiServer(Model):
    """kube-apiserver; `service` is what a mutating request takes without etcd."""

    # --max-requests-inflight and --max-mutating-requests-inflight: their sum is shared out.
    max_requests_inflight: Some = 400
    max_mutating_requests_inflight: Some = 200
    service: Duration = 2_000
    # From the commit until an idle client's informer has the change.
    watch_lag: Duration = 2_000
