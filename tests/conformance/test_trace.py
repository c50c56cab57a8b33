"""Our own queue traces, and that a trace can disagree."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from simk8s.conformance.replay import compare_case, read_lines

OWN = Path(__file__).with_name("trace.jsonl")
CASES = {case["id"]: case for case in read_lines(OWN)}


@pytest.mark.parametrize("name", sorted(CASES))
def test_our_own_traces(name: str) -> None:
    assert list(compare_case(CASES[name])) == []


def perturbed(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    made = copy.deepcopy(CASES["own-trace-1"])
    place = made["expected"]
    for key in path[:-1]:
        place = place[key]
    assert place[path[-1]] != value
    place[path[-1]] = value
    return made


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("attempts", 7, "t"), 2.201),
        (("attempts", 7, "attempt"), 3),
        (("attempts", 7, "pod"), "default/w0"),
        (("attempts", 7, "placement"), None),
        (("attempts", 7, "feasibleCount"), 2),
        (("attempts", 7, "argmax"), ["n1", "n2"]),
        (("attempts", 5, "message"), "0/1 nodes are available."),
        (("attempts", 5, "unschedulablePlugins"), ["NodePorts"]),
        (("unschedulableAtEnd",), []),
        (("backoffAtEnd",), ["default/x0"]),
        (("activeAtEnd",), ["default/x0"]),
    ],
)
def test_every_field_is_compared(path: tuple[Any, ...], value: Any) -> None:
    assert [d.id for d in compare_case(perturbed(path, value))] == ["own-trace-1"]


def test_an_event_that_cannot_be_replayed_is_a_difference() -> None:
    made = copy.deepcopy(CASES["own-trace-2"])
    made["events"][0]["op"] = "explode"
    assert list(compare_case(made))
