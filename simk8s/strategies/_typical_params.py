"""What a scenario may say of strategies that know typical pods; apart, so that it is light."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from simk8s.scenario.types import CpuQuantity, Model


class TypicalPod(Model):
    """One shape of pod, and how many there were: `{cpu: 8, gpus: 1, gpuMilli: 470, count: 378}`"""

    cpu: CpuQuantity = 0
    gpus: Annotated[int, Field(ge=0, le=64)] = 0
    gpu_milli: Annotated[int, Field(ge=1, le=1000)] = 1000
    gpu_models: tuple[str, ...] = ()
    count: Annotated[int, Field(ge=1)] = 1


class Params(Model):
    """`strategy: {name: fgd, typical: [{cpu: 8, gpus: 1, count: 3}], popularity: 95}`"""

    # Shapes to expect; left out = those of the pods seen so far.
    typical: tuple[TypicalPod, ...] | None = None
    # The most frequent shapes count, until they cover so many percent of the pods.
    popularity: Annotated[int, Field(ge=1, le=100)] = 95
