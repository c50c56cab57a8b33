"""Every shipped scenario loads with the shipped extensions and validates against the schema."""

from __future__ import annotations

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from simk8s.catalog import Catalog
from simk8s.nodes.knowledge import machines
from simk8s.scenario.jsonschema import json_schema
from simk8s.scenario.load import load
from simk8s.scenario.reading import read_document
from simk8s.scenario.starter import starter

FOLDER = Path(__file__).parents[2] / "scenarios"
SHIPPED = sorted(FOLDER.glob("*.yaml"))


@pytest.fixture(scope="module")
def check():
    return Draft202012Validator(json_schema(Catalog(), machines()))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_it_loads_without_warnings(path):
    loaded = load(path, catalog=Catalog(FOLDER), knowledge=machines())
    assert loaded.problems == ()
    assert loaded.scenario.name == path.stem
    for name in loaded.scenario.variants:
        assert loaded.vary(loaded.variant(name)).problems == ()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_it_validates_against_the_schema(check, path):
    data = read_document(path.read_text(encoding="utf-8"), str(path)).data
    assert [error.message for error in check.iter_errors(data)] == []


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_readme_names_it(path):
    assert f"({path.name})" in (FOLDER / "README.md").read_text(encoding="utf-8")


def test_the_starter_too(check, tmp_path):
    text = starter("demo")
    loaded = load(tmp_path / "demo.yaml", knowledge=machines(), text=text)
    assert loaded.problems == ()
    assert check.is_valid(read_document(text, "demo.yaml").data)


def test_the_schema_refuses_what_no_extension_takes(check):
    text = starter("demo").replace("rate: 10/min", "rat: 10/min")
    assert not check.is_valid(read_document(text, "demo.yaml").data)
