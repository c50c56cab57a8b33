"""Parameters of the defragmenter. No numpy here: scenarios are validated with it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from simk8s.controllers._flags import Flags
from simk8s.scenario.types import Duration


class Params(Flags):
    """`defragmenter: {name: defragmenter, interval: 10m, maxMoves: 10}`"""

    interval: Annotated[Duration, Field(gt=0)] = 600_000_000
    # The migration budget: pods that are moved in one round at most.
    max_moves: Annotated[int, Field(ge=1, le=1_000)] = 10
    # Nodes that the solver is given.
    candidates: Annotated[int, Field(ge=2, le=1_000)] = 48
    # Deterministic seconds of the solver for one round.
    budget: Annotated[float, Field(gt=0, le=600)] = 0.5
    # Simulated time from a round to the first eviction: latency + latencyPerUnit × deterministic
    # time.
    latency: Duration = 50_000
    latency_per_unit: Duration = 1_000_000
