"""Something that is no pod eats the memory of nodes.

Law: the node's used memory is higher by `memory` while it lasts (`KubeletPool.disorders.hogged`,
which a model of memory use reads). Where usage is not modelled, the condition stands for it:
MemoryPressure and its taint, and the kubelet refuses BestEffort pods.

Mirrors: a leaking daemon or a log shipper outside Kubernetes; kubelet v1.36 node conditions and
admission. Departs: without a model of usage the condition comes at once and nobody is evicted.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from simk8s.faults._of_nodes import NodeFaults
from simk8s.faults._when import NodesLasting
from simk8s.faults.base import Pressure
from simk8s.scenario.types import MemoryQuantity


class Params(NodesLasting):
    """`memoryHog: {mtbf: {exponential: {mean: 30d}}, mttr: 20m, memory: 8Gi}`"""

    wants_usage: ClassVar[bool] = True
    """Without a model of usage a warning says what it cannot do."""
    memory: MemoryQuantity = Field(gt=0)


class MemoryHog(NodeFaults):
    """Memory that is gone."""

    kind: ClassVar[str] = "memoryHog"

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        self.effect = Pressure("MemoryPressure", params.memory)
        self.detail = f"{params.memory >> 20} MiB"
