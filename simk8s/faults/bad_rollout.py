"""A version is rolled out that does not work, and (with `for`) rolled back.

Law: with `deployment` its template is changed at `at`: to an image that cannot be pulled, to
containers that never become ready, or to containers that crash; when it is over the former
template is put back. With `image` alone, that image cannot be pulled anew while it lasts, whoever
names it.

Mirrors: `kubectl set image` to a wrong tag, a release with a broken readiness endpoint or a crash
at start; `kubectl rollout undo`. Departs: the image of the bad version is the first container's,
with the tag `simk8s-bad`.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from simk8s.faults._of_cluster import ClusterFaults
from simk8s.faults._when import When
from simk8s.faults.base import BadRollout as Rollout
from simk8s.faults.base import Context
from simk8s.scenario.distributions import wrong


class Params(When):
    """`badRollout: {deployment: default/web, at: 6h, for: 20m, failure: readiness}`"""

    # namespace/name, or a name in `default`.
    deployment: str | None = None
    image: str | None = None
    failure: Literal["imagePull", "readiness", "crash"] = Field(default="imagePull")

    @model_validator(mode="after")
    def _one_victim(self) -> Params:
        if (self.deployment is None) == (self.image is None):
            raise wrong("write either deployment or image")
        if self.image is not None and self.failure != "imagePull":
            raise wrong("an image alone can only fail to be pulled; name the deployment")
        return self


class BadRollout(ClusterFaults):
    """Rollouts that fail."""

    kind: ClassVar[str] = "badRollout"

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        name = params.deployment or ""
        if name and "/" not in name:
            name = f"default/{name}"
        self._rollout = Rollout(name, params.image or "", params.failure)
        self.target = name or params.image or ""
        self.detail = params.failure

    def effect(self, context: Context, number: int) -> Rollout:
        """The same each time."""
        return self._rollout
