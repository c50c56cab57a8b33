"""Philly: FIFO, backfill and best fit on 88 and 104 nodes of 8 GPUs, by virtual cluster.

`python -m benchmarks.papers.philly` first replays the whole file, then the 54,784 jobs submitted
2017-09-25..11-05, on more nodes than they need: nobody may wait, and the peak of GPUs must be the
one computed from the file (exit code 1 otherwise). Then it replays these jobs with every strategy
and writes docs/papers/philly.md. `--kept FILE` keeps finished runs, `--only-kept` makes no new
ones; `--strategies`, `--nodes` and `--days` make it smaller (and write nothing); `--unlimited`
makes the first two replays alone.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.papers import _philly_page
from benchmarks.papers._philly_runs import FIRST, LAST, ROOT, STRATEGIES, Run, Task, all_of
from benchmarks.papers._philly_unlimited import Unlimited, both
from simk8s.workload.traces._philly_jobs import Job, peak_gpus, read_jobs

NODES = _philly_page.NODES


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.papers.philly", description=__doc__)
    shared = ROOT.parent / "shared" / "traces" / "msr-philly-2017" / "philly.csv.gz"
    parser.add_argument("--trace", type=Path, default=shared, help="philly.csv.gz")
    parser.add_argument("--strategies", nargs="*", default=list(STRATEGIES), choices=STRATEGIES)
    parser.add_argument("--nodes", nargs="*", type=int, default=list(NODES))
    parser.add_argument("--days", type=int, help="stop after so many simulated days")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--kept", type=Path, help="file of finished runs")
    parser.add_argument("--unlimited", action="store_true", help="only where nobody waits")
    parser.add_argument("--only-kept", action="store_true", help="make no new runs")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "papers" / "philly.md")
    return parser.parse_args()


def _spans(trace: Path) -> list[Sequence[Job]]:
    """All jobs, and those of the tables."""
    return [read_jobs(trace), read_jobs(trace, FIRST, LAST)]


def as_computed(free: Sequence[Unlimited], peaks: Mapping[int, int]) -> bool:
    """Whether nobody waited, everybody ended, and the peaks are those of the file."""
    return all(
        (one.waited, one.unfinished, one.peak_gpus) == (0, 0, peaks.get(one.jobs)) for one in free
    )


def main() -> int:
    """Run, print, write the page."""
    arguments = _arguments()
    free = list(both(arguments.trace, arguments.kept, only_kept=arguments.only_kept))
    peaks = {len(jobs): peak_gpus(jobs) for jobs in _spans(arguments.trace)}
    print(_philly_page.without_limits(free, peaks), file=sys.stderr, flush=True)
    if arguments.unlimited or not as_computed(free, peaks):
        return 0 if as_computed(free, peaks) else 1
    tasks = [Task(label, n) for n in arguments.nodes for label in arguments.strategies]
    trace, days = str(arguments.trace.resolve()), arguments.days
    runs: dict[Task, Run] = {}
    if arguments.only_kept:
        tasks = [t for t in tasks if t in _philly_page.kept_tasks(arguments.kept, days)]
    for task, run in all_of(tasks, trace, arguments.jobs, days, arguments.kept):
        runs[task] = run
        words = f"mean {run.every.mean:.0f} s, {run.cpu_s:.0f} s CPU"
        print(*task, words, file=sys.stderr, flush=True)
    text = _philly_page.render(runs, _philly_page.without_limits(free, peaks))
    print(text)
    whole = set(arguments.strategies) == set(STRATEGIES) and set(arguments.nodes) == set(NODES)
    if whole and days is None:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
