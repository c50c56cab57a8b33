"""Cycle times that the model charges, beside those measured on the real scheduler.

First the workloads of ../shared/conformance/workloads: the median predicted for each recorded row
(the recorded number of nodes evaluated is given; what plugins go through follows from the pods).
Then, as a check and not a source, the throughput of scheduler_perf's basic, topology spread and
pod affinity workloads at 5,000 nodes relative to each other: 7.7 : 2.4 : 1 by its CI floors.
Exit code 1 if a ratio is off by more than 40 %.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator
from typing import Any

from benchmarks.real_scheduler import WORKLOADS, missing, objects
from simk8s.conformance.objects import Loader
from simk8s.placement.framework import Framework, Profile
from simk8s.placement.search import nodes_to_find
from simk8s.placement.view import View
from simk8s.scheduler.timing import CycleTimes

ROWS = (
    ("identical", 1000, "adaptive", 420, 10_000, 0.66),
    ("identical", 1000, "100 %", 1000, 2_000, 1.23),
    ("mixed", 1000, "adaptive", 515, 10_000, 2.80),
    ("mixed", 1000, "100 %", 1000, 2_000, 2.29),
    ("identical", 5000, "adaptive", 500, 10_000, 0.82),
    ("identical", 5000, "100 %", 5000, 2_000, 6.05),
    ("mixed", 5000, "adaptive", 628, 9_144, 3.91),
    ("mixed", 5000, "100 %", 5000, 2_000, 9.17),
)
"""Workload, nodes, search, nodes evaluated a pod, pods, measured median cycle in ms."""

ZONE = "topology.kubernetes.io/zone"
PERF: dict[str, tuple[int, dict[str, Any], float]] = {
    "basic": (1_000, {}, 270),
    "topology spread": (
        1_000,
        {
            "topologySpreadConstraints": [
                {
                    "maxSkew": 5,
                    "topologyKey": ZONE,
                    "whenUnsatisfiable": "DoNotSchedule",
                    "labelSelector": {"matchLabels": {"color": "blue"}},
                }
            ]
        },
        85,
    ),
    "pod affinity": (
        5_000,
        {
            "affinity": {
                "podAffinity": {
                    "requiredDuringSchedulingIgnoredDuringExecution": [
                        {
                            "topologyKey": ZONE,
                            "labelSelector": {"matchLabels": {"color": "blue"}},
                        }
                    ]
                }
            }
        },
        35,
    ),
}
"""scheduler_perf v1.36, 5,000 nodes: initial pods, what is special in a pod's spec, CI floor."""

MEASURED_PODS, NODES = 5_000, 5_000
TOLERANCE = 0.4


def cycles(
    loader: Loader, pods: list[int], nodes: int, evaluated: int, every: int = 1
) -> Iterator[int]:
    """Predicted cycle times in µs of every so many pods; they go round the nodes, since only
    their numbers matter.
    """
    framework, view, times = Framework.of(Profile()), View(loader.cluster), CycleTimes()
    for place, pod in enumerate(pods):
        if place % every == 0:
            read = framework.effort(loader.query(pod), view)
            yield times.cycle_us(evaluated, read.nodes, read.pods)
        loader.cluster.charge(pod, place % nodes, 0)


def recorded_row(workload: str, nodes: int, evaluated: int, count: int) -> float:
    """Predicted median in ms."""
    loader = Loader()
    for raw in objects(WORKLOADS, "services-mixed") if workload == "mixed" else ():
        loader.service(raw)
    for raw in objects(WORKLOADS, f"nodes-{nodes}"):
        loader.node(raw)
    pods = [loader.row(raw) for raw in objects(WORKLOADS, f"pods-{workload}-10000")][:count]
    return statistics.median(cycles(loader, pods, nodes, evaluated)) / 1_000


def perf_rate(initial: int, special: dict[str, Any], every: int = 1) -> float:
    """Predicted pods per second of scheduling alone."""
    loader = Loader()
    for index in range(NODES):
        loader.node(_node(index))
    kinds = {} if special.get("topologySpreadConstraints") else special
    first = [loader.row(_pod(f"init-{i}", kinds)) for i in range(initial)]
    pods = [loader.row(_pod(f"pod-{i}", special)) for i in range(MEASURED_PODS)]
    enough = nodes_to_find(NODES, 0)
    found = list(cycles(loader, [*first, *pods], NODES, enough, every))[initial // every :]
    return len(found) * 1e6 / sum(found)


def _node(index: int) -> dict[str, Any]:
    room = {"cpu": "4", "memory": "32Gi", "pods": "110"}
    labels = {ZONE: f"zone{index % 3 + 1}"}
    return {
        "metadata": {"name": f"node-{index}", "labels": labels},
        "spec": {},
        "status": {"capacity": room, "allocatable": room},
    }


def _pod(name: str, special: dict[str, Any]) -> dict[str, Any]:
    container = {
        "name": "c",
        "image": "pause",
        "resources": {"requests": {"cpu": "100m", "memory": "500Mi"}},
    }
    return {
        "metadata": {"name": name, "namespace": "default", "labels": {"color": "blue"}},
        "spec": {"containers": [container], **special},
    }


def main() -> int:
    """Print both tables."""
    lacking = missing(WORKLOADS)
    if lacking:
        print(f"skipped: no {', '.join(lacking)} in ../shared/conformance/workloads")
    for workload, nodes, search, evaluated, count, measured in () if lacking else ROWS:
        predicted = recorded_row(workload, nodes, evaluated, count)
        print(
            f"{workload:10}{nodes:6} nodes  {search:9} measured {measured:5.2f} ms"
            f"  predicted {predicted:5.2f} ms  {predicted / measured - 1:+.0%}"
        )
    rates = {name: perf_rate(initial, special) for name, (initial, special, _) in PERF.items()}
    slowest, floor = rates["pod affinity"], PERF["pod affinity"][2]
    failed = False
    for name, rate in rates.items():
        wanted, found = PERF[name][2] / floor, rate / slowest
        failed |= abs(found / wanted - 1) > TOLERANCE
        print(
            f"{name:16} {rate:7,.0f} pods/s in the cycle; {found:4.1f} times pod affinity,"
            f" scheduler_perf {wanted:4.1f}  {found / wanted - 1:+.0%}"
        )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
