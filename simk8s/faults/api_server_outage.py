"""Every kube-apiserver is down for a given time.

Law: nothing is read or written meanwhile; what was under way is cut off and sent again by its
client, with client-go's backoff (0.8 s doubled up to 30 s, jitter 1.0), so nothing is lost.
Watches resume where they were.

Mirrors: an outage of the control plane's load balancer or of all replicas. Departs: what was
committed but not yet dispatched is seen when it would have been; kubelets count as renewing, since
kube-controller-manager cannot look meanwhile and watches anew when it is back; events that come
up meanwhile are dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field

from simk8s.faults.base import ApiOutage, Context, Fault, FaultModel
from simk8s.scenario.types import Duration, Model


class Params(Model):
    """`apiServerOutage: {at: 6h, for: 2m}`"""

    at: Duration
    duration: Annotated[Duration, Field(gt=0)] = Field(alias="for")


class ApiServerOutage(FaultModel):
    """One outage."""

    kind: ClassVar[str] = "apiServerOutage"

    def __init__(self, params: Params) -> None:
        self._params = params

    def timeline(self, context: Context) -> Iterator[Fault]:
        """Faults up to and including the horizon, in order of time."""
        params = self._params
        if params.at <= context.horizon_us:
            yield Fault(
                params.at, self.kind, "kube-apiserver", (), params.duration, effect=ApiOutage()
            )
