"""`python -m tests.conformance.make_golden` writes golden_*.jsonl again.

Only when every recorded case of `../shared/conformance` agrees: what is written there is what the
implementation says, and the facts beside the cases are all that is known without it.
"""

from __future__ import annotations

import json
from pathlib import Path

from simk8s.conformance.replay import decide
from tests.conformance.gold import Record
from tests.conformance.gold_moving import PREEMPTIONS, SEQUENCES, TRACES
from tests.conformance.gold_single import SINGLES

HERE = Path(__file__).parent
FILES = {
    "golden_single.jsonl": SINGLES,
    "golden_preemption.jsonl": PREEMPTIONS,
    "golden_sequence.jsonl": SEQUENCES,
    "golden_trace.jsonl": TRACES,
}


def made(family: str, case: Record) -> Record:
    """A whole case."""
    named = {"id": f"{family}-golden", "family": family, **case}
    return {**named, "expected": decide(named)}


def main() -> None:
    """Write all files."""
    for name, gold in FILES.items():
        text = "".join(
            json.dumps(made(family, case), sort_keys=True) + "\n"
            for family, (case, _) in gold.items()
        )
        (HERE / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
