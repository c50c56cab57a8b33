"""What a scenario may say of `drf`."""

from __future__ import annotations

from pydantic import Field

from simk8s.scenario.types import Model, Positive


class Params(Model):
    """`strategy: {name: drf, weights: {team-a: 2}, preemption: true}`"""

    # A user is the pod's label kueue.x-k8s.io/queue-name, if this is true and it has one,
    # otherwise its namespace.
    by_queue_name: bool = True
    # Of users by name; 1 for all others.
    weights: dict[str, Positive] = Field(default_factory=dict)
    # Whether other users go on when the next job of the one with the least share has no room: no
    # node idles that somebody could use, but large jobs may starve.
    passing: bool = False
    # Whether jobs of users with more than their share are evicted for those with less.
    preemption: bool = False
