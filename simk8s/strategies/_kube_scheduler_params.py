"""What a scenario may say of `kube_scheduler`; apart, so that validating it imports no numpy."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from simk8s.scenario.types import Model


class Params(Model):
    """`strategy: {name: kube_scheduler, config: scheduler.yaml, ties: random}`"""

    # A KubeSchedulerConfiguration file, relative to the scenario.
    config: str | None = None
    # In place of what the file says; 0 = adaptive, 100 = every node.
    percentage_of_nodes_to_score: Annotated[int, Field(ge=0, le=100)] | None = None
    # Which of the nodes with the best score is taken.
    ties: Literal["as_v1_36", "random", "lowest_name"] = "as_v1_36"
