"""Run every benchmark, or those named on the command line."""

from __future__ import annotations

import importlib
import sys

NAMES = ("kernel", "scheduling", "deployments", "real_scheduler")


def main(names: list[str]) -> int:
    """The worst exit code of the benchmarks run."""
    worst = 0
    for name in names or NAMES:
        if name not in NAMES:
            print(f"unknown benchmark {name}; there are {', '.join(NAMES)}")
            return 2
        print(f"== {name}")
        worst = max(worst, importlib.import_module(f"benchmarks.{name}").main() or 0)
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
