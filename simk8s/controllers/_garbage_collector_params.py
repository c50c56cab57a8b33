"""Parameters of the garbage collector. No numpy here: scenarios are validated with it."""

from __future__ import annotations

from simk8s.controllers._flags import Flags
from simk8s.scenario.types import Positive


class Params(Flags):
    """`garbage_collector: {name: garbage_collector, qps: 40}`: twice what others have."""

    qps: Positive = 40.0
