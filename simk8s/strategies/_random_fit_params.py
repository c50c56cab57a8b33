"""What a scenario may say of `random_fit`."""

from __future__ import annotations

from typing import Literal

from simk8s.scenario.types import Count, Model


class Params(Model):
    """`strategy: {name: random_fit, devices: random}`"""

    # Which device a part of a GPU comes from: the tightest that fits, or any that fits.
    devices: Literal["tightest", "random"] = "tightest"
    # Which draws: another number is another random choice on the same seed.
    stream: Count = 0
