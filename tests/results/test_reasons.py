from __future__ import annotations

import pytest

from simk8s.record.recorder import Recorder, write_manifest
from simk8s.results import reasons
from simk8s.results.results import Results
from simk8s.schema.manifest import Manifest


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "0/5 nodes are available: 2 Insufficient cpu, 3 node(s) had untolerated taint(s). "
            "preemption: 0/5 nodes are available: 5 No preemption victims found.",
            ["Insufficient cpu", "node(s) had untolerated taint(s)"],
        ),
        (
            "0/1 nodes are available: 1 node(s) had a, b and 3 more.",
            ["node(s) had a, b and 3 more"],
        ),
        ("0/5 nodes are available: 2 Insufficient cpu, 3 Insufficient cpu.", ["Insufficient cpu"]),
        ("0/0 nodes are available: ", ["no reason given"]),
        ("the plan left it out.", ["the plan left it out"]),
        (
            "Insufficient cpu; Insufficient memory; Insufficient cpu",
            ["Insufficient cpu", "Insufficient memory"],
        ),
        ("", ["no reason given"]),
    ],
)
def test_messages_are_taken_apart(text, expected):
    assert reasons.parts(text) == expected


def test_attempts_and_pods_are_counted_per_single_reason(tmp_path):
    recorder = Recorder()
    recorder.reasons.append((0, "0/2 nodes are available: 2 Insufficient cpu.", None))
    recorder.reasons.append((1, "0/2 nodes are available: 1 Insufficient cpu, 1 tainted.", None))
    for pod, reason in [(0, 0), (0, 1), (0, 1), (1, 0), (2, None)]:
        outcome = "unschedulable" if reason is not None else "bound"
        recorder.decisions.append(
            (0, pod, 1, "x", outcome, None, 0, None, 0, 0, reason, 0),
        )
    recorder.seal(tmp_path)
    write_manifest(
        tmp_path, Manifest(version="0", scenario="s", seed=1, duration_us=1, simulated_us=1)
    )
    results = Results.open(tmp_path)
    assert reasons.unsuccessful(results).rows() == [("Insufficient cpu", 4, 2), ("tainted", 2, 1)]
    assert reasons.outcomes(results).rows() == [("unschedulable", 4, 2), ("bound", 1, 1)]
