"""Somebody asks kube-apiserver for too much, for a given time.

Law: the load is a rate, never an event: it takes processors from everybody, as many as its
priority level has seats for, and seats from its own level, where fairness keeps a share for other
clients.

Mirrors: a client without limits (a controller that lists all pods in a loop, say) against API
priority and fairness, v1.36. Departs: what of the load itself is refused is not counted.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from simk8s.faults._of_cluster import ClusterFaults
from simk8s.faults._when import Lasting
from simk8s.faults.base import ApiLoad, Context
from simk8s.scenario.types import Rate

_PER_SECOND = 1_000_000


class Params(Lasting):
    """`apiServerOverload: {at: 6h, for: 10m, rate: 500/s, kind: LIST pods}`"""

    rate: Annotated[Rate, Field(gt=0)]
    # Verb and resource.
    kind: Annotated[str, Field(pattern=r"^(GET|LIST|POST|PUT|PATCH|DELETE) [a-z]+(/[a-z]+)?$")]
    # Who asks, which decides the priority level: user, serviceaccount/x, kube-system/x, kubelet.
    client: Annotated[str, Field(min_length=1)] = "user"


class ApiServerOverload(ClusterFaults):
    """Times of overload."""

    kind: ClassVar[str] = "apiServerOverload"
    target = "kube-apiserver"

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        verb, resource = params.kind.split(" ")
        self._load = ApiLoad(verb, resource, params.rate * _PER_SECOND, params.client)
        self.detail = f"{params.client}: {params.kind}"

    def effect(self, context: Context, number: int) -> ApiLoad:
        """The same each time."""
        return self._load
