"""Whatever a file holds, loading it ends in a scenario or a UserError with codes and places."""

from __future__ import annotations

import copy

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simk8s.scenario.codes import CODES
from simk8s.scenario.reading import read_document
from simk8s.scenario.writing import dump
from tests.scenario.conftest import BASE

ODD_VALUES = [None, True, -1, 0, 2**70, 1.5, float("inf"), "", "x", "5m", [], {}, [[]], {"": None}]
ODD = st.sampled_from(ODD_VALUES).map(copy.deepcopy)
SETTINGS = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def places(data, path=()):
    """Every path in the data."""
    yield path
    items = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in items:
        if isinstance(value, (dict, list)):
            yield from places(value, (*path, key))
        else:
            yield (*path, key)


@st.composite
def mutilated(draw):
    """The base scenario with a few values replaced, removed or added."""
    data = read_document(BASE, "f").data
    for _ in range(draw(st.integers(1, 4))):
        path = draw(st.sampled_from([p for p in places(data) if p]))
        here = data
        for step in path[:-1]:
            here = here[step]
        how = draw(st.integers(0, 2))
        if how == 0 and isinstance(here, dict):
            del here[path[-1]]
        elif how == 1 and isinstance(here, dict):
            here[draw(st.sampled_from(["name", "at", "zones", "x", "template", "job"]))] = draw(ODD)
        else:
            here[path[-1]] = draw(ODD)
    return data


@SETTINGS
@given(mutilated())
def test_mutilated_values(bench, data):
    for problem in bench.problems(dump(data)):
        assert problem.code in CODES
        assert problem.place.line >= 1
        assert problem.message


@SETTINGS
@given(st.integers(0, len(BASE)), st.text(max_size=8), st.integers(0, 30))
def test_mutilated_text(bench, at, inserted, removed):
    text = BASE[:at] + inserted + BASE[at + removed :]
    for problem in bench.problems(text):
        assert problem.code in CODES


@SETTINGS
@given(st.text(max_size=60), st.text(max_size=30))
def test_any_override(bench, path, value):
    for problem in bench.problems(BASE, overrides=[(path, value)]):
        assert problem.code in CODES
