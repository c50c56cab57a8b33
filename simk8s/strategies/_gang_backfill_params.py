"""What a scenario may say of `gang_backfill`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from simk8s.scenario.types import Model


class Params(Model):
    """`strategy: {name: gang_backfill, kind: conservative, estimate: 5}`"""

    # easy: the first job that has no room has a reservation; conservative: many have.
    kind: Literal["easy", "conservative"] = "easy"
    # Run times are overestimated by a factor drawn between 1 and this for each job.
    estimate: Annotated[float, Field(ge=1, le=1_000)] = 1.0
    # conservative: how many jobs have a reservation; later ones start only if they delay none.
    depth: Annotated[int, Field(ge=1, le=100_000)] = 50
