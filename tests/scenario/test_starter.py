"""The starter is a valid scenario without warnings, and its name is checked."""

from __future__ import annotations

import pytest

from simk8s.errors import UserError
from simk8s.scenario.starter import starter


def test_it_is_valid_as_it_is(bench):
    loaded = bench.load(starter("rush-hour"))
    assert loaded.scenario.name == "rush-hour"
    assert loaded.problems == ()
    assert "simk8s run rush-hour.yaml" in loaded.text


@pytest.mark.parametrize("name", ["Rush", "-x", "a b", "x" * 64, "", "ü"])
def test_names_are_dns_labels(name):
    with pytest.raises(UserError, match="cannot be a scenario's name"):
        starter(name)
