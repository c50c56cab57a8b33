"""gang_fifo: jobs start in the order of their arrival; behind one that has no room nobody does."""

from __future__ import annotations

from typing import Any, ClassVar

from simk8s.scenario.types import Model
from simk8s.strategies._gangs.planner import GangStrategy
from simk8s.strategies.base import Context


class Params(Model):
    """`strategy: gang_fifo`"""


class GangFifo(GangStrategy):
    """Strict head of line."""

    name: ClassVar[str] = "gang_fifo"

    def __init__(self, params: Any, context: Context) -> None:
        super().__init__(context, 0)
