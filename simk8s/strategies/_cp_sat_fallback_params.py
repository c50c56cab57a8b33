"""What a scenario may say of `cp_sat_fallback`; apart, so that validating it imports no solver."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from simk8s.scenario.types import Duration
from simk8s.strategies._kube_scheduler_params import Params as KubeSchedulerParams


class Params(KubeSchedulerParams):
    """`strategy: {name: cp_sat_fallback, maxMoves: 3}`, and what `kube_scheduler` takes."""

    # Running pods that may be moved for one pod that fits nowhere.
    max_moves: Annotated[int, Field(ge=1, le=100)] = 3
    # Nodes that the solver is given.
    candidates: Annotated[int, Field(ge=2, le=1_000)] = 24
    # Deterministic seconds of the solver for one pod.
    budget: Annotated[float, Field(gt=0, le=600)] = 0.1
    # A kind of pod for which nothing was found is not tried again for so long.
    pause: Duration = 10_000_000
    # Simulated time a plan takes: latency + latencyPerUnit × deterministic time.
    latency: Duration = 20_000
    latency_per_unit: Duration = 1_000_000
