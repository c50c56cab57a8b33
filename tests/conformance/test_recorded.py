"""Decisions recorded from the real scheduler: every field of every case."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

from simk8s.conformance.replay import Agreement, Record, compare_case, read_lines, replay_file

SHARED = Path(__file__).parents[3] / "shared"
RECORDED = SHARED / "conformance" / "dev.jsonl.gz"
STEPS = SHARED / "control-plane" / "E6_decisions.jsonl.gz"
needs_recordings = pytest.mark.skipif(not RECORDED.is_file(), reason="no ../shared/conformance")
needs_steps = pytest.mark.skipif(not STEPS.is_file(), reason="no ../shared/control-plane")


@cache
def by_kind() -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = defaultdict(list)
    for case in read_lines(RECORDED):
        found[case["kind"]].append(case)
    return found


@needs_recordings
@pytest.mark.parametrize("kind", ["single", "preemption", "sequence", "trace"])
def test_every_recorded_decision_is_ours(kind: str) -> None:
    cases = by_kind()[kind]
    assert cases
    found = [d for case in cases for d in compare_case(case)]
    assert found == []


@needs_recordings
def test_a_manifest_before_defaulting_is_decided_alike() -> None:
    cases = [c for kind in by_kind().values() for c in kind if "podManifest" in c]
    assert len(cases) > 100
    found = [d for c in cases for d in compare_case({**c, "pod": c["podManifest"]})]
    assert found == []


@needs_steps
def test_every_choice_of_a_real_cluster_is_among_our_best() -> None:
    agreement = Agreement()
    replay_file(STEPS, None, agreement)
    assert sum(agreement.cases.values()) == 500
    assert agreement.differences == []
