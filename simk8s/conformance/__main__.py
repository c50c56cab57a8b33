"""`python -m simk8s.conformance FILE… [--family F] [--json]`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from simk8s.conformance.replay import read_lines, replay


def main(arguments: list[str]) -> int:
    """Replay and report; 1 if anything differs."""
    as_json = "--json" in arguments
    family = arguments[arguments.index("--family") + 1] if "--family" in arguments else None
    files = [a for a in arguments if not a.startswith("--") and a != family]
    cases = [case for name in files for case in read_lines(Path(name))]
    if family is not None:
        cases = [case for case in cases if case["family"] == family]
        if not cases:
            sys.stderr.write(f"unknown family {family}\n")
            return 2
    agreement = replay(cases)
    told = agreement.as_json()
    if as_json:
        sys.stdout.write(json.dumps(told, indent=1) + "\n")
    else:
        for name, counts in told["families"].items():
            sys.stdout.write(f"{name:32} {counts['agree']:4} of {counts['cases']:4}\n")
        total = told["total"]
        sys.stdout.write(f"{'total':32} {total['agree']:4} of {total['cases']:4}\n")
        for d in agreement.differences[:20]:
            sys.stdout.write(f"{d.id} {d.path}\n  expected {d.expected}\n  got      {d.got}\n")
    return 1 if agreement.differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
