"""Parameters of the namespace controller. No numpy here: scenarios are validated with it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from simk8s.controllers._flags import Flags
from simk8s.scenario.types import Count, Positive


class Params(Flags):
    """`namespace: {name: namespace, qps: 400}`: 20 times the others' QPS, 100 times the burst."""

    qps: Positive = 400.0
    burst: Annotated[Count, Field(gt=0)] = 3000
