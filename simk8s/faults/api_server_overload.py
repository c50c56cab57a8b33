"""Somebody asks kube-apiserver for too much, for a given time.

Law: the load is a rate, never an event: it takes processors from everybody, as many as its
priority level has seats for, and seats from its own level, where fairness keeps a share for other
clients.

Mirrors: a client without limits (a controller that lists all pods in a loop, say) against API
priority and fairness, v1.36. Departs: what of the load itself is refused is not counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field

from simk8s.faults.base import ApiLoad, Context, Fault, FaultModel
from simk8s.scenario.types import Duration, Model, Rate

_PER_SECOND = 1_000_000


class Params(Model):
    """`apiServerOverload: {at: 6h, for: 10m, rate: 500/s, kind: LIST pods}`"""

    at: Duration
    duration: Annotated[Duration, Field(gt=0)] = Field(alias="for")
    rate: Annotated[Rate, Field(gt=0)]
    # Verb and resource.
    kind: Annotated[str, Field(pattern=r"^(GET|LIST|POST|PUT|PATCH|DELETE) [a-z]+(/[a-z]+)?$")]
    # Who asks, which decides the priority level: user, serviceaccount/x, kube-system/x, kubelet.
    client: Annotated[str, Field(min_length=1)] = "user"


class ApiServerOverload(FaultModel):
    """One time of overload."""

    kind: ClassVar[str] = "apiServerOverload"

    def __init__(self, params: Params) -> None:
        self._params = params

    def timeline(self, context: Context) -> Iterator[Fault]:
        """Faults up to and including the horizon, in order of time."""
        params = self._params
        if params.at <= context.horizon_us:
            verb, resource = params.kind.split(" ")
            load = ApiLoad(verb, resource, params.rate * _PER_SECOND, params.client)
            detail = f"{params.client}: {params.kind}"
            yield Fault(
                params.at, self.kind, "kube-apiserver", (), params.duration, detail, effect=load
            )
