"""What a scenario may say of `kube_scheduler`; apart, so that validating it imports no numpy."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_pascal

from simk8s.scenario.types import Model


class FeatureGates(Model):
    """The gates of kube-scheduler v1.36 that are modelled, with their defaults there."""

    model_config = ConfigDict(alias_generator=to_pascal, populate_by_name=False)

    # PodGroups are placed as a whole; brings GenericWorkload, the API of PodGroups, with it.
    gang_scheduling: bool = False
    # Equal pods that fill a node each share one search, where the profile has no default
    # topology spread constraints.
    opportunistic_batching: bool = True

    def on(self) -> frozenset[str]:
        """Names of those that are on."""
        return frozenset(to_pascal(name) for name, value in self if value)


class Params(Model):
    """`strategy: {name: kube_scheduler, config: scheduler.yaml, ties: random}`"""

    # A KubeSchedulerConfiguration file, relative to the scenario.
    config: str | None = None
    # In place of what the file says; 0 = adaptive, 100 = every node.
    percentage_of_nodes_to_score: Annotated[int, Field(ge=0, le=100)] | None = None
    # Which of the nodes with the best score is taken.
    ties: Literal["as_v1_36", "random", "lowest_name"] = "as_v1_36"
    # {GangScheduling: true}
    feature_gates: FeatureGates = FeatureGates()
