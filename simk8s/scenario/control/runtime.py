"""`controlPlane.runtime`: the container runtime, by name or with times of its own."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import model_validator

from simk8s.scenario.control.kubelet import Between_
from simk8s.scenario.types import AlsoText, Duration, Model

RuntimeName = Literal["containerd", "cri-o", "docker"]


class ContainerRuntime(Model):
    """`runtime: cri-o`, or a name and what is set otherwise."""

    name: RuntimeName = "containerd"
    # Pause container and network; other sandboxes being made on the node add `perConcurrent` each.
    sandbox: Between_ | None = None
    per_concurrent: Duration | None = None
    # Create and start one container.
    start: Between_ | None = None
    # From SIGTERM until a process that obeys is gone.
    stop: Between_ | None = None

    @model_validator(mode="before")
    @classmethod
    def _by_name(cls, data: Any) -> Any:
        return {"name": data} if isinstance(data, str) else data


Runtime = Annotated[ContainerRuntime, AlsoText()]
