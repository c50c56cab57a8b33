"""Kueue's baseline performance test: one service rate calibrated, the rest predicted.

`python -m benchmarks.papers.kueue` reads generator.yaml, finds the time of a write with which the
run takes as long as published, and writes docs/papers/kueue.md. `--write-ms` takes one as given.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import yaml

from benchmarks.papers import _kueue_page
from benchmarks.papers._kueue_model import Class, Model, Shape

ROOT = Path(__file__).parents[2]
SHORTEST_US, LONGEST_US = 1_000, 100_000


def read(path: Path) -> Shape:
    """The one set of queues of a generator's file."""
    (cohort,) = yaml.safe_load(path.read_text(encoding="utf-8"))["cohorts"]
    (queues,) = cohort["queuesSets"]
    return Shape(
        cohort["count"],
        queues["count"],
        int(queues["nominalQuota"]),
        int(queues["borrowingLimit"]),
        queues["reclaimWithinCohort"],
        queues["withinClusterQueue"],
        tuple(_class(one) for one in queues["workloadsSets"]),
    )


def _class(said: dict[str, Any]) -> Class:
    (one,) = said["workloads"]
    return Class(
        one["className"],
        said["count"],
        said["creationIntervalMs"],
        one["runtimeMs"],
        one["priority"],
        int(one["request"]),
    )


def calibrate(shape: Shape, wall_s: float) -> int:
    """Microseconds of a write with which the run takes so long, as near as bisection comes."""
    low, high = SHORTEST_US, LONGEST_US
    best = (float("inf"), low)
    while high - low > 1:
        middle = (low + high) // 2
        took_s = Model(shape, middle).run().wall_s
        best = min(best, (abs(took_s - wall_s), middle))
        low, high = (middle, high) if took_s < wall_s else (low, middle)
    return best[1]


def main() -> int:
    """Calibrate, run, print, write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.papers.kueue", description=__doc__)
    shared = ROOT.parent / "shared" / "traces" / "kueue-perf" / "baseline" / "generator.yaml"
    parser.add_argument("--generator", type=Path, default=shared)
    parser.add_argument("--write-ms", type=float, help="do not calibrate")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "papers" / "kueue.md")
    arguments = parser.parse_args()
    shape = read(arguments.generator)
    given = arguments.write_ms
    write_us = calibrate(shape, _kueue_page.WALL_S) if given is None else round(given * 1000)
    hashed, plain = (Model(shape, write_us, hashing=on).run() for on in (True, False))
    text = _kueue_page.render(shape, write_us, hashed, plain)
    print(text)
    if given is None:
        arguments.out.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
