"""Table 2: CP-SAT packing with priorities, against the published cells of arXiv 2511.08373.

`python -m benchmarks.papers.priority_matters` solves the first 30 seeds of each cell on which the
default leaves a pod pending (about 30 minutes on 2 cores that are free) and writes
docs/papers/priority_matters.md. `--seeds N`, `--cells 8x8@100:10`, `--all-seeds` (100) make it
smaller or larger; `--kept FILE` keeps finished seeds.

Gate (exit 1 if missed): at 10 s no cell has fewer better-and-optimal seeds than published beyond
the binomial interval; at 1 s there are no failures.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from benchmarks.papers._priority_instances import Cell, qualifying
from benchmarks.papers._priority_page import (
    BETTER,
    BOTH,
    DEFAULT_OPTIMAL,
    FAILURE,
    PUBLISHED,
    Run,
    machine,
    page,
    row,
    verdict,
)
from simk8s.packing.problem import Aim, Plan, Problem, compare, stages_by_priority
from simk8s.packing.solve import Limits, solve

ROOT = Path(__file__).resolve().parents[2]
SEEDS, ALL_SEEDS = 30, 100


def one(cell: Cell, seed: int, problem: Problem, workers: int) -> Run:
    """One seed: solved, checked, and held against the default."""
    stages, now = stages_by_priority(problem), Plan.now(problem)
    begun = time.perf_counter()
    solved = solve(problem, Limits(cell.seconds, time.perf_counter, workers))
    seconds = time.perf_counter() - begun
    if not solved.plan.is_valid(problem):
        raise AssertionError(f"seed {seed} of {cell}: the plan does not hold")
    placing = [i for i, stage in enumerate(stages) if stage.aim is Aim.PLACED]
    before = [stages[i].value(problem, now) for i in placing]
    after = [solved.values[i] for i in placing]
    against = compare([stages[i] for i in placing], after, before)
    if against > 0:
        outcome = BOTH if solved.proved else BETTER
    else:
        outcome = DEFAULT_OPTIMAL if solved.proved else FAILURE
    moved, left = int(solved.plan.moved(problem).sum()), int(solved.plan.left(problem).sum())
    pods = int(problem.counts.sum())
    proved = sum(each.proved for each in solved.reached)
    gained = after[-1] - before[-1]
    return Run(
        seed, outcome, seconds, gained, moved / pods, (left - moved) / pods, proved, len(stages)
    )


def _cell(text: str) -> Cell:
    """`32x8@95:10`."""
    shape, _, rest = text.partition("@")
    usage, _, seconds = rest.partition(":")
    nodes, _, each = shape.partition("x")
    cell = Cell(int(nodes), int(each), int(usage), int(seconds or 10))
    if cell not in PUBLISHED:
        raise argparse.ArgumentTypeError(f"{text} is none of the published cells")
    return cell


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.papers.priority_matters", description=__doc__
    )
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--all-seeds", action="store_true", help=f"{ALL_SEEDS} seeds of each")
    parser.add_argument("--cells", nargs="*", type=_cell, default=list(PUBLISHED))
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--kept", type=Path, help="file of finished seeds, one a line")
    parser.add_argument("--note", default="", help="one more sentence for the page")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/papers/priority_matters.md")
    return parser.parse_args()


def _kept(path: Path | None) -> dict[tuple[str, int], Run]:
    if path is None or not path.exists():
        return {}
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return {(line["cell"], line["run"]["seed"]): Run(**line["run"]) for line in lines}


def main() -> int:
    """Solve, print, write the page."""
    arguments = _arguments()
    most = ALL_SEEDS if arguments.all_seeds else arguments.seeds
    import_module("simk8s.packing.model")  # the solver is loaded before any clock runs
    kept = _kept(arguments.kept)
    done: dict[Cell, list[Run]] = {}
    print(machine(arguments.workers))
    for cell in arguments.cells:
        runs: list[Run] = []
        name = f"{cell}:{cell.seconds}"
        for seed, problem in qualifying(cell, most):
            run = kept.get((name, seed))
            if run is None:
                run = one(cell, seed, problem, arguments.workers)
                if arguments.kept is not None:
                    with arguments.kept.open("a") as file:
                        print(json.dumps({"cell": name, "run": asdict(run)}), file=file)
            runs.append(run)
        done[cell] = runs
        print(" | ".join(row(cell, runs)), flush=True)
    note = f" {arguments.note}" if arguments.note else ""
    command = "python -m benchmarks.papers.priority_matters" + "".join(
        [f" --seeds {most}" if most != SEEDS else ""]
    )
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(page(done, command, machine(arguments.workers), note))
    return int(any(verdict(cell, runs) == "missed" for cell, runs in done.items()))


if __name__ == "__main__":
    sys.exit(main())
