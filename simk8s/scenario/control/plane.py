"""The `controlPlane` section as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

from pydantic import Field, model_validator

from simk8s.scenario.control.api_server import ApiServer
from simk8s.scenario.control.clients import Clients
from simk8s.scenario.control.etcd import Etcd
from simk8s.scenario.control.kubelet import Kubelet
from simk8s.scenario.control.profiles import DEFAULT, PROFILES, merged
from simk8s.scenario.control.registry import ImageRegistry
from simk8s.scenario.control.runtime import ContainerRuntime, Runtime
from simk8s.scenario.control.scheduler import SchedulerTimes
from simk8s.scenario.types import Model

ProfileName = Literal["small", "managed-gke-like", "managed-eks-like", "large-5000", "instant"]


class ControlPlane(Model):
    """A profile, and whatever of it is set otherwise."""

    profile: ProfileName = "small"
    # Whether clients keep to their QPS and burst.
    throttling: bool = True
    api_server: ApiServer = ApiServer()
    etcd: Etcd = Field(default_factory=Etcd.standard)
    clients: Clients = Clients()
    scheduler: SchedulerTimes = SchedulerTimes()
    kubelet: Kubelet = Kubelet()
    runtime: Runtime = ContainerRuntime()
    registry: ImageRegistry = ImageRegistry()

    @model_validator(mode="before")
    @classmethod
    def _over_profile(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        profile = data.get("profile", DEFAULT)
        return merged(PROFILES.get(profile, {}), data) if isinstance(profile, str) else data


@cache
def standard() -> ControlPlane:
    """The one of a scenario that says nothing of it."""
    return ControlPlane()
