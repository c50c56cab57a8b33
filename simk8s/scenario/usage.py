"""L1: what the containers of a pod really use, as a scenario says it.

Law: amounts are those of the whole pod, drawn once for each.
"""

from __future__ import annotations

from simk8s.scenario.distributions import CpuDistribution, MemoryDistribution
from simk8s.scenario.types import Model


class Usage(Model):
    """CPU and memory in use."""

    cpu: CpuDistribution | None = None
    memory: MemoryDistribution | None = None
