"""What a scenario may say of `best_fit`."""

from __future__ import annotations

from typing import Literal

from simk8s.scenario.types import Model


class Params(Model):
    """`strategy: {name: best_fit, steps: percent}`"""

    # `fine`: cpu, memory and GPU in millionths. `percent`: cpu and GPU in steps of a percent,
    # stretched over the feasible nodes, as in the FGD paper; ties go to the node added first.
    steps: Literal["fine", "percent"] = "fine"
