"""Golden cases of our own, one for each family: a checkout without ../shared tests the scheduler,
too; and the comparison sees every value that is changed in them.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from simk8s.conformance import replay
from simk8s.conformance.compare import differences
from simk8s.conformance.replay import Record, compare_case, read_lines
from tests.conformance.make_golden import FILES, HERE
from tests.conformance.test_compare import changed, leaves
from tests.conformance.test_recorded import RECORDED, needs_recordings

GOLD = {family: gold for families in FILES.values() for family, gold in families.items()}


@cache
def written() -> dict[str, Record]:
    return {case["family"]: case for name in FILES for case in read_lines(HERE / name)}


def at(expected: Any, path: str) -> Any:
    for step in path.split("."):
        expected = expected[int(step)] if isinstance(expected, list) else expected.get(step)
    return expected


@pytest.mark.parametrize("family", GOLD)
def test_it_is_decided_as_written(family: str) -> None:
    assert list(compare_case(written()[family])) == []


@pytest.mark.parametrize("family", GOLD)
def test_what_is_written_is_what_reasoning_says(family: str) -> None:
    case, facts = GOLD[family]
    expected = written()[family]["expected"]
    assert facts
    assert {path: at(expected, path) for path in facts} == facts
    assert {key: written()[family][key] for key in case} == case


@pytest.mark.parametrize("family", GOLD)
def test_every_changed_value_is_reported(family: str) -> None:
    case = written()[family]
    decided = replay.decide(case)
    paths = list(leaves(case["expected"]))
    assert paths
    for path in paths:
        found = list(differences(changed(case, path)["expected"], decided))
        assert found, f"{path} may say anything"


@needs_recordings
def test_there_is_one_for_every_recorded_family() -> None:
    assert {case["family"] for case in read_lines(RECORDED)} <= set(GOLD)
