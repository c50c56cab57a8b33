"""gang_best_fit: every job that has room starts, on the tightest nodes, whoever waits before it."""

from __future__ import annotations

from typing import Any, ClassVar

from simk8s.scenario.types import Model
from simk8s.strategies._gangs.planner import GangStrategy
from simk8s.strategies.base import Context


class Params(Model):
    """`strategy: gang_best_fit`"""


class GangBestFit(GangStrategy):
    """No reservations: large jobs may starve."""

    name: ClassVar[str] = "gang_best_fit"

    def __init__(self, params: Any, context: Context) -> None:
        super().__init__(context, None)
