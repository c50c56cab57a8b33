"""The comparison can fail: whatever is changed in a recorded vector is reported."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from simk8s.conformance.compare import differences
from simk8s.conformance.replay import Record, compare_case
from tests.conformance import cases

MADE = {"single": cases.scored, "preemption": cases.displaced, "sequence": cases.stepped}


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from leaves(inner, (*path, number))
    else:
        yield path


def perturbed(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    return "something else" if value is None else f"{value}?"


def changed(case: Record, path: tuple[Any, ...]) -> Record:
    other = copy.deepcopy(case)
    inner = other["expected"]
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = perturbed(inner[path[-1]])
    return other


@pytest.mark.parametrize("kind", MADE)
def test_every_perturbed_value_is_reported(kind: str) -> None:
    case = MADE[kind]()
    assert list(compare_case(case)) == []
    paths = list(leaves(case["expected"]))
    assert len(paths) > 10
    for path in paths:
        assert list(compare_case(changed(case, path))), f"{path} may say anything"


@pytest.mark.parametrize("kind", MADE)
def test_a_missing_and_an_extra_field_are_reported(kind: str) -> None:
    case = MADE[kind]()
    for key in case["expected"]:
        if case["expected"][key] not in (None, [], {}):
            less = copy.deepcopy(case)
            del less["expected"][key]
            assert any(d.path.startswith(key) for d in compare_case(less))
    case["expected"]["surplus"] = 1
    assert [d.path for d in compare_case(case)] == ["surplus"]


def test_a_made_case_says_what_it_should() -> None:
    expected = cases.scored()["expected"]
    assert expected["feasible"] == ["a", "b"]
    assert expected["filter"]["c"]["reasons"] == ["Insufficient cpu"]
    assert expected["scores"]["PodTopologySpread"]["normalized"] == [100, 100]
    assert expected["argmax"] == ["b"]
    lost = cases.displaced()["expected"]
    assert lost["preemption"]["victims"] == ["default/low"]
    steps = [s and s["placement"] for s in cases.stepped()["expected"]["steps"]]
    assert steps == ["a", None, None, "b", None, "a"]


@pytest.mark.parametrize(
    ("expected", "got", "paths"),
    [
        ({"a": None}, {}, []),
        ({"a": []}, {"a": None}, []),
        ({"a": 0}, {}, ["a"]),
        ({"a": [1, 2]}, {"a": [1, 3]}, ["a[1]"]),
        ({"a": [1]}, {"a": [1, 3]}, ["a"]),
        ({"a": 1}, {"a": True}, ["a"]),
        ({"a": {"b": "x"}}, {"a": {"b": "y", "c": 1}}, ["a.b", "a.c"]),
    ],
)
def test_differences(expected: Any, got: Any, paths: list[str]) -> None:
    assert [path for path, _, _ in differences(expected, got)] == paths


def test_what_cannot_be_replayed_is_a_difference() -> None:
    assert list(compare_case({"id": "x", "family": "f", "kind": "tale", "expected": {}}))
    assert list(compare_case({"id": "x", "family": "f", "kind": "single", "expected": {}}))
