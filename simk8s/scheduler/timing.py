"""What a scheduling cycle costs in simulated time.

A cycle filters and scores the nodes that it looks at; PreFilter and PreScore of the plugins that
the pod wakes go through all nodes and the pods on them first, so cycles get dearer as the cluster
fills. Costs are those of one process on a machine of speed 1; `speed` divides them.

Mirrors: in-process cycle times measured on kube-scheduler v1.36.2 (2 cores, parallelism 16, median
of a cycle): identical pods 1.23 ms at 1,000 nodes and 6.05 ms at 5,000 with every node scored,
0.66 and 0.82 ms with adaptive sampling; mixed pods 2.29, 9.17, 2.80 and 3.91 ms. Fitted by least
squares: 100 µs + 1.2 µs a node evaluated + 0.24 µs a node and 0.15 µs a pod gone through before
(`python -m benchmarks.cycle_times` prints the deviations). Going through nodes and pods is the work
of the parallelizer's 16 goroutines: with `cores` beyond the two of the measurement it takes that
much less, up to 16. Departs: the spread of cycle times around these means (p99 about 3 times the
median) is not drawn; that the parallel part scales without loss is UNVERIFIED.
"""

from __future__ import annotations

from dataclasses import dataclass

MEASURED_CORES = 2
PARALLELISM = 16
"""kube-scheduler's default `parallelism`."""


@dataclass(frozen=True, slots=True)
class CycleTimes:
    """`base + per_node · evaluated + per_visit · nodes + per_pod · pods`, at least 1 µs so that
    time moves on. All but `base_us` in ns.
    """

    base_us: int = 100
    per_node_ns: int = 1_200
    per_visit_ns: int = 240
    per_pod_ns: int = 150
    speed: float = 1.0
    cores: int = MEASURED_CORES

    @property
    def fixed_us(self) -> int:
        """What every cycle takes where it does not depend on what is read; 0 where it does."""
        reads = self.per_node_ns or self.per_visit_ns or self.per_pod_ns
        return 0 if reads else self.cycle_us(0)

    def cycle_us(self, evaluated: int, nodes: int = 0, pods: int = 0) -> int:
        """Service time of a cycle that evaluates so many nodes, after its plugins have gone
        through so many `nodes` and `pods`.
        """
        read_ns = self.per_node_ns * evaluated + self.per_visit_ns * nodes + self.per_pod_ns * pods
        if self.cores != MEASURED_CORES:
            read_ns = read_ns * MEASURED_CORES // min(self.cores, PARALLELISM)
        cost_us = self.base_us + read_ns // 1_000
        if self.speed != 1.0:
            cost_us = int(cost_us / self.speed)
        return cost_us if cost_us > 1 else 1
