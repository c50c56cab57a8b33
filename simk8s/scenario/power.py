"""L1: `power:` of a node group: what its machines draw, in watts."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from simk8s.scenario.types import Model

Watt = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Power(Model):
    """A machine without its GPUs, at rest and with all its CPU in use; and each of its GPUs."""

    idle: Watt
    busy: Watt
    gpu_idle: Watt | None = None
    gpu_busy: Watt | None = None

    @model_validator(mode="after")
    def _rises(self) -> Power:
        for idle, busy, name in (
            (self.idle, self.busy, "busy"),
            (self.gpu_idle, self.gpu_busy, "gpuBusy"),
        ):
            if idle is not None and busy is not None and busy < idle:
                raise PydanticCustomError("E105", f"`{name}` is below what it draws at rest")
        return self
