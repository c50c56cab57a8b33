"""Table 1: GPU allocation of six policies on the openb trace, and ours beside the best of them.

`python -m benchmarks.papers.fgd` runs the six policies of Weng et al. (USENIX ATC 2023) on
`default` with the published orders of arrival (seeds 42–51), FGD and `least_stranded` on every pod
list that is there, holds the figures against the published ones and writes docs/papers/fgd.md.
`--kept FILE` keeps finished runs; `--seeds`, `--traces` and `--jobs` make it smaller or wider.

Gate (exit 1 if missed): the orders equal the published ones; the five deterministic policies
are within 0.01 of the published curve of every seed, and decide as published for seed 42; Random's
mean is within 0.5; `least_stranded` is above FGD on every list, at 100 % and 130 %.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.papers import _fgd_page
from benchmarks.papers._openb import SEEDS, Openb
from benchmarks.papers._runs import OURS, POLICIES, ROOT, Run, Task, all_of, lossless_percent

BOUNDED = 1
"""Seeds of which the bound is taken: it hardly differs between them."""


def tasks(traces: list[str], seeds: list[int]) -> list[Task]:
    """Six policies on `default`, two on the other lists."""
    found = []
    for trace in traces:
        policies = list(POLICIES) if trace == "default" else ["FGD", OURS]
        found += [Task(trace, policy, seed) for policy in policies for seed in seeds]
    return found


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.papers.fgd", description=__doc__)
    parser.add_argument("--shared", default=str(ROOT.parent / "shared"), help="where the data is")
    parser.add_argument("--traces", nargs="*", help="pod lists; all that are there")
    parser.add_argument("--seeds", nargs="*", type=int, default=list(SEEDS))
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--kept", type=Path, help="file of finished runs")
    parser.add_argument("--only-kept", action="store_true", help="make no new runs")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "papers" / "fgd.md")
    return parser.parse_args()


def main() -> int:
    """Run, print, write the page."""
    arguments = _arguments()
    openb = Openb(Path(arguments.shared))
    traces = arguments.traces or openb.traces
    runs: dict[Task, Run] = {}
    for task, run in all_of(
        tasks(traces, arguments.seeds),
        arguments.shared,
        arguments.jobs,
        arguments.kept,
        make=not arguments.only_kept,
    ):
        runs[task] = run
        last = run.curve[max(run.curve)]
        print(*task, f"{run.curve[100]:.2f} {last:.2f}", file=sys.stderr, flush=True)
    unmade = len(tasks(traces, arguments.seeds)) - len(runs)
    traces = [trace for trace in traces if any(task.trace == trace for task in runs)]
    bounds = {
        trace: [lossless_percent(openb, trace, seed) for seed in arguments.seeds[:BOUNDED]]
        for trace in traces
    }
    same_order = all(_same_order(openb, seed) for seed in arguments.seeds)
    page = _fgd_page.Page(openb.curves(), runs, bounds, arguments.seeds, same_order, unmade)
    text = page.render()
    print(text)
    if set(arguments.seeds) == set(SEEDS) and arguments.traces is None:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(text, encoding="utf-8")
    for words in page.missed():
        print("MISSED", words)
    return 1 if page.missed() else 0


def _same_order(openb: Openb, seed: int) -> bool:
    pods, nodes = openb.arrivals("default", seed)
    return ([p.name for p in pods], [n.name for n in nodes]) == openb.order(seed)


if __name__ == "__main__":
    sys.exit(main())
