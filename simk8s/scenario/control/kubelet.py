"""`controlPlane.kubelet`: kubelets and container runtimes."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from simk8s.scenario.types import Duration, Model


class Between(Model):
    """A log-normal duration by its median and 99th percentile; both 0 = at once."""

    p50: Duration
    p99: Annotated[Duration, Field(ge=0)]


class Kubelet(Model):
    """What a node does to a pod."""

    start: Between = Between.model_validate({"p50": "1250ms", "p99": "2500ms"})
    stop: Between = Between.model_validate({"p50": "1500ms", "p99": "3s"})
