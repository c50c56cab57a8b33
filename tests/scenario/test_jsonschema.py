"""The JSON Schema: takes what the loader takes, refuses what it refuses, knows all extensions."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from simk8s.scenario.jsonschema import json_schema
from simk8s.scenario.reading import read_document
from simk8s.scenario.starter import starter
from tests.scenario.conftest import BASE, FakeCatalog, FakeKnowledge
from tests.scenario.test_load import BAD


@pytest.fixture(scope="module")
def schema():
    return json_schema(FakeCatalog(), FakeKnowledge())


@pytest.fixture(scope="module")
def valid(schema):
    check = Draft202012Validator(schema)
    return lambda text: check.is_valid(read_document(text, "f").data)


def test_it_is_a_schema_without_loose_ends(schema):
    Draft202012Validator.check_schema(schema)
    text = json.dumps(schema)
    assert "x-simk8s" not in text
    names = set(schema["$defs"])
    used = {part.partition('"')[0] for part in text.split('"#/$defs/')[1:]}
    assert used <= names


@pytest.mark.parametrize(
    "text",
    [
        BASE,
        starter("demo"),
        BASE + "controllers: {replicaset: default, job: {name: job}}\n",
        BASE.replace("strategy: kube_scheduler", "strategy: {name: cp_sat, window: 2s}"),
        BASE.replace("strategy: kube_scheduler", "strategy: ./mine.py:Packer"),
        BASE.replace("strategy: kube_scheduler", "strategy: {name: mine.py, anything: 1}"),
        BASE.replace("zones: [a, b]", "taints: ['a=b:NoSchedule', {key: x, effect: NoExecute}]"),
        BASE.replace("lifetime: 5m", "lifetime: {weibull: {shape: 0.7, scale: 30d}}"),
        BASE + "variants: {a: first_fit, b: {strategy: first_fit, nodes.0.count: 3}}\n",
        BASE.replace("count: 2", "count: 1k"),
    ],
)
def test_what_loads_is_valid(valid, text):
    assert valid(text)


LOADER_ALONE = (  # needs more than the file: lint, did-you-mean of nested kinds
    "zone: c",
    "strategy: mine.py",
    "duration: 0s",
)


@pytest.mark.parametrize(
    ("old", "new"), [case[:2] for case in BAD if case[1] not in LOADER_ALONE], ids=str
)
def test_what_is_refused_is_invalid(valid, old, new):
    assert not valid(BASE.replace(old, new))


def test_every_extensions_params_are_in_it(schema):
    strategies = schema["properties"]["strategy"]["anyOf"]
    names = [s["properties"]["name"].get("const") for s in strategies if "properties" in s]
    assert names[:-1] == sorted(FakeCatalog.extensions["strategies"])
    faults = schema["properties"]["faults"]["items"]["anyOf"]
    keys = [next(iter(s["properties"])) for s in faults if "properties" in s]
    assert keys == ["nodeCrash", "zoneOutage"]
    assert schema["$defs"]["NodeGroup"]["properties"]["profile"]["enum"] == [
        "m5.4xlarge",
        "c5.2xlarge",
    ]


def test_definitions_of_one_name_and_different_content_are_kept_apart():
    from pydantic import BaseModel

    def with_inner(kind):
        inner = type("Inner", (BaseModel,), {"__annotations__": {"x": kind}})
        return type("Params", (BaseModel,), {"__annotations__": {"inner": inner}})

    class Two(FakeCatalog):
        extensions = FakeCatalog.extensions | {
            "strategies": {"one": with_inner(int), "two": with_inner(str)}
        }

    found = json_schema(Two())
    types = {
        name: body["properties"]["x"]["type"]
        for name, body in found["$defs"].items()
        if name.endswith("Inner")
    }
    assert sorted(types.values()) == ["integer", "string"]
