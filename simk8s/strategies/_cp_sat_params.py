"""What a scenario may say of `cp_sat`; apart, so that validating it imports no solver."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from simk8s.scenario.types import Duration, Model


class Params(Model):
    """`strategy: {name: cp_sat, maxBatch: 200, window: 1s, budget: 0.3}`"""

    max_batch: Annotated[int, Field(ge=1, le=5_000)] = 200
    window: Duration = 1_000_000
    # Deterministic seconds of the solver for a full batch; smaller ones get their share.
    budget: Annotated[float, Field(gt=0, le=3_600)] = 0.3
    # Nodes that the solver is given, of a large cluster.
    candidates: Annotated[int, Field(ge=1)] = 128
    # Simulated time a plan takes: latency + latencyPerUnit × deterministic time.
    latency: Duration = 50_000
    latency_per_unit: Duration = 1_000_000
