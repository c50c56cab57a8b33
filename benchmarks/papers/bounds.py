"""What no strategy can allocate of openb's GPUs, pods and their order as in FGD's experiment.

`python -m benchmarks.papers.bounds` prints, for each pod list and seed, the proven bound
(`simk8s.packing.relaxation`) of GPUs allocated when 100 % and 130 % of them have been asked for:
whatever is placed, wherever, with all that is known in advance. Beside it what FGD reached as
published. Beyond 100 % a bound may leave out whom it wants: whoever refuses nobody that fits, as
online strategies do, has less (docs/papers/fgd.md, *lossless*).
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.papers._openb import NodeRow, Openb, PodRow
from simk8s.packing.fleet import Fleet, Nodes, Pods, fleet_of
from simk8s.packing.relaxation import most

ROOT = Path(__file__).resolve().parents[2]
PERCENTS = (100, 130)


def fleet(pods: Sequence[PodRow], nodes: Sequence[NodeRow]) -> Fleet:
    """CPU, memory, devices and models, as in the experiment."""
    shapes = Counter((p.cpu, p.memory_mib, p.gpus, p.milli, p.models) for p in pods)
    models = {m: i for i, m in enumerate(dict.fromkeys(shape[4] for shape in shapes))}
    cpu, memory, gpus, milli, model = zip(*shapes, strict=True)
    made = Pods(
        requests=np.array([cpu, memory], np.int64).T,
        counts=np.array(list(shapes.values()), np.int64),
        devices=np.array(gpus, np.int64),
        milli=np.array(milli, np.int64),
        mask=np.array([models[each] for each in model], np.int64),
    )
    depth = max(node.gpus for node in nodes)
    left = [[1000 * (d < node.gpus) for node in nodes] for d in range(depth)]
    allowed = [[not each or node.model in each for node in nodes] for each in models]
    capacity = np.array([(node.cpu, node.memory_mib) for node in nodes], np.int64).T
    there = np.zeros(len(nodes), np.bool_)
    return fleet_of(made, Nodes(capacity, np.array(left, np.int64), np.array(allowed), there))


def arrived(pods: Sequence[PodRow], milli: int) -> list[PodRow]:
    """Those until so much GPU has been asked for."""
    total = 0
    for i, pod in enumerate(pods):
        total += pod.gpu_milli
        if total >= milli:
            return list(pods[: i + 1])
    return list(pods)


def bound(openb: Openb, trace: str, seed: int, percent: int) -> float:
    """Allocated at most, in percent of all GPUs."""
    pods, nodes = openb.arrivals(openb.pods(trace), seed)
    found = fleet(arrived(pods, openb.capacity * percent // 100), nodes)
    return 100 * most(found, found.pods.devices * found.pods.milli) / openb.capacity


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.papers.bounds")
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--seeds", type=int, nargs="*", default=[42])
    asked = parser.parse_args()
    openb = Openb(asked.shared)
    curves = openb.curves()
    print("| list | seed | at 100 %: FGD | at most | at 130 %: FGD | at most |")
    for trace in openb.traces:
        for seed in asked.seeds:
            cells = []
            for percent in PERCENTS:
                published = curves.get((trace, "FGD", seed), {}).get(percent)
                cells.append("–" if published is None else f"{published:.2f}")
                cells.append(f"{bound(openb, trace, seed, percent):.2f}")
            print(f"| {trace} | {seed} |", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    main()
