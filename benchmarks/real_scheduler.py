"""The full default profile, every node scored, on the workloads that the real scheduler was timed
on: rank, choose, assume, pod by pod.

A figure is the pods handed over per second of CPU time (`time.process_time`) of that loop; reading
and parsing the objects is outside it. Each case is a process of its own
(`python -m benchmarks.real_scheduler --one CASE`). The digest is that of all placements, so two
versions that print the same digest decided the same.

The real figures are kube-scheduler v1.36 in one process, without an API server: queue pop,
snapshot, filters, scores, assume, reserve, permit; 2 cores, parallelism 16. Source: the table
"Throughput of the real scheduler" in FORMAT.md of the conformance corpus.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

WORKLOADS = Path(__file__).resolve().parents[1] / ".." / "shared/conformance/workloads"

TIMES = 15
"""Goal: so many times the real scheduler's adaptive rate. A ratio, since machines differ; the rates
beside the cases are what it was meant to be on the machine where the real one was timed.
"""
CASES = {
    "identical-1000": (1000, "pods-identical-10000", None, 797, 380, None),
    "mixed-1000": (1000, "pods-mixed-10000", "services-mixed", 194, 226, None),
    "identical-5000": (5000, "pods-identical-10000", None, 656, 72, 10_000),
    "mixed-5000": (5000, "pods-mixed-10000", "services-mixed", 135, 54, 3_000),
}
"""Nodes, pods, services; the real scheduler's pods per CPU-second with adaptive sampling and with
every node scored; our goal.
"""


def objects(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    """The objects of one file, a line each."""
    with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def missing(folder: Path) -> list[str]:
    """Files that the cases need and that are not there."""
    names = {f"nodes-{nodes}" for nodes, *_ in CASES.values()}
    for _, pods, services, *_ in CASES.values():
        names |= {pods} if services is None else {pods, services}
    return sorted(name for name in names if not (folder / f"{name}.jsonl.gz").exists())


def one(case: str, folder: Path, limit: int | None = None) -> dict[str, Any]:
    """Run one case in this process."""
    from simk8s.conformance.objects import Loader
    from simk8s.placement.framework import Framework, Profile
    from simk8s.placement.ranking import Ranking
    from simk8s.placement.view import View

    nodes, pods, services, *_ = CASES[case]
    loader = Loader()
    for raw in objects(folder, services) if services else ():
        loader.service(raw)
    for raw in objects(folder, f"nodes-{nodes}"):
        loader.node(raw)
    waiting = [loader.row(raw) for raw in objects(folder, pods)][:limit]
    cluster = loader.cluster
    ranking = Ranking(Framework.of(Profile()), View(cluster))
    placed: list[int] = []
    started = time.process_time()
    for pod in waiting:
        ranked = ranking.rank(loader.query(pod))
        node = int(ranked.total.argmax()) if ranked.feasible else -1
        if node >= 0:
            cluster.charge(pod, node, 0)
        placed.append(node)
    seconds = time.process_time() - started
    digest = hashlib.blake2b(json.dumps(placed).encode(), digest_size=8).hexdigest()
    return {
        "pods": len(placed),
        "placed": sum(node >= 0 for node in placed),
        "per_second": len(placed) / seconds,
        "digest": digest,
    }


def measured(case: str) -> dict[str, Any]:
    """The figures of one case in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.real_scheduler", "--one", case]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> int:
    """Print the table; 1 if a goal is missed."""
    lacking = missing(WORKLOADS)
    if lacking:
        print(f"skipped: no {', '.join(lacking)} in ../shared/conformance/workloads")
        return 0
    failed = False
    print("pods per CPU-second, every node scored; the real one with adaptive sampling / all nodes")
    for case, (*_, adaptive, every, goal) in CASES.items():
        run = measured(case)
        rate = run["per_second"]
        verdict = ""
        if goal is not None:
            met = rate >= TIMES * adaptive
            failed |= not met
            verdict = f"  goal {TIMES} times ({goal:,} there) {'met' if met else 'MISSED'}"
        print(
            f"{case:16}{rate:8,.0f}  real {adaptive:4} / {every:4}"
            f"  ratio {rate / adaptive:5.1f} / {rate / every:5.1f}"
            f"  {run['placed']} of {run['pods']} placed, digest {run['digest']}{verdict}"
        )
    return int(failed)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--one", choices=CASES)
    parser.add_argument("--pods", type=int, default=None, help="only the first so many")
    given = parser.parse_args()
    if given.one is None:
        sys.exit(main())
    print(json.dumps(one(given.one, WORKLOADS, given.pods)))
