"""next_fit: the first node that passes the filters, going on from where the last pod was placed.

Nodes stand in the order in which they were added, as a ring; the node of the last pod is tried
first. A pod that fits nowhere moves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from simk8s.placement.base import Query
from simk8s.placement.framework import Profile
from simk8s.placement.plugins.next_fit import NextFit
from simk8s.strategies._profile import ProfileStrategy
from simk8s.strategies.base import Plan


class NextFitStrategy(ProfileStrategy):
    """First fit with a memory."""

    name: ClassVar[str] = "next_fit"
    profile: ClassVar[Profile] = Profile(scores=(("next_fit", 1),))

    def propose(self, pending: Sequence[Query], now_us: int) -> Plan:
        """One pod: the next node that fits, or why there is none."""
        plan = super().propose(pending, now_us)
        ring = self.framework.scores[0][0]
        if plan.assignments and isinstance(ring, NextFit):
            ring.last = plan.assignments[0].node
        return plan
