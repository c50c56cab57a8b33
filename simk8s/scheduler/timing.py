"""What a scheduling cycle costs in simulated time.

Mirrors: in-process cycle times measured on kube-scheduler v1.36.2 with every node scored (1.23 ms
at 1,000 nodes, 6.05 ms at 5,000 nodes, median, identical pods): 30 µs + 1.2 µs a node. Departs:
plugins that a pod wakes cost nothing extra.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CycleTimes:
    """`base_us + per_node_ns · nodes evaluated / 1000`, at least 1 µs so that time moves on."""

    base_us: int = 30
    per_node_ns: int = 1_200

    def cycle_us(self, evaluated: int) -> int:
        """Service time of one cycle."""
        return max(1, self.base_us + self.per_node_ns * evaluated // 1_000)
