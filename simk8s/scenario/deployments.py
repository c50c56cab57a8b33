"""L1: `deployment:` of a workload entry, and the strategy of its rollouts.

Mirrors: apps/v1 DeploymentSpec, v1.36.
"""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from simk8s.scenario.schema import Template
from simk8s.scenario.types import Count, Model, Portion


class RollingUpdate(Model):
    """How far a rollout may stray from `replicas`, up and down."""

    max_surge: Portion = "25%"
    max_unavailable: Portion = "25%"


class RolloutStrategy(Model):
    """`spec.strategy` of a Deployment."""

    type: Literal["RollingUpdate", "Recreate"] = "RollingUpdate"
    rolling_update: RollingUpdate | None = None

    @model_validator(mode="after")
    def _belongs(self) -> RolloutStrategy:
        if self.type == "Recreate" and self.rolling_update is not None:
            raise PydanticCustomError("E105", "`rollingUpdate` has no meaning with type Recreate")
        return self


class Deployment(Model):
    """A Deployment of this scenario, in Kubernetes' words; its seconds are whole numbers."""

    replicas: Count
    strategy: RolloutStrategy = RolloutStrategy()
    min_ready_seconds: Count = 0
    revision_history_limit: Count = 10
    progress_deadline_seconds: Count = 600
    template: Template
