"""Fields of a type for later behave as those of the type, and a file pays for what it says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from simk8s.scenario.cloud import Cloud
from simk8s.scenario.control.runtime import RuntimeName
from simk8s.scenario.distributions import Uniform
from simk8s.scenario.explain import known_keys, problems_of
from simk8s.scenario.later import JsonSchema, OnDemand, later, now
from simk8s.scenario.positions import Positions
from simk8s.scenario.power import Power
from simk8s.scenario.thresholds import Thresholds
from simk8s.scenario.types import Duration, Model

LateCloud = later("simk8s.scenario.cloud:Cloud")
LatePower = later("simk8s.scenario.power:Power")
LateRuntimeName = later("simk8s.scenario.control.runtime:RuntimeName")
LateThresholds = later("simk8s.scenario.thresholds:Thresholds")


class Late(Model):
    cloud: LateCloud | None = None
    power: list[LatePower] = Field(default_factory=list)
    runtime: LateRuntimeName | None = None
    thresholds: LateThresholds = Field(default_factory=list)
    wait: OnDemand[Uniform[Duration]] | None = None


class Early(Model):
    cloud: Cloud | None = None
    power: list[Power] = Field(default_factory=list)
    runtime: RuntimeName | None = None
    thresholds: Thresholds = Field(default_factory=list)
    wait: Uniform[Duration] | None = None


GOOD = [
    {},
    {"cloud": {"latency": {"RunInstances": {"uniform": {"min": "1s", "max": "2s"}}}}},
    {"power": [{"idle": 1, "busy": 2}, {"idle": 3, "busy": 3}]},
    {"runtime": "docker", "thresholds": ["startup p99 < 5s"], "cloud": None},
    {"wait": {"min": "1s", "max": "1m"}},
]
BAD = [
    {"cloud": {"latnecy": {}, "retry": {"base": "x", "cap": None}}, "colud": 1},
    {"cloud": []},
    {"power": [{"idle": 1, "busy": 2}, {"idle": 2, "busy": 1}, {"busy": "much", "gpuIdel": 1}]},
    {"runtime": "dokcer", "thresholds": ["startup p99 5s", {"kpi": "startup p99"}]},
    {"power": None, "thresholds": None, "runtime": 3},
    {"wait": {"min": "1m", "max": "1s"}},
    {"wait": {"min": "1m", "max": "soon", "mean": 1}},
]


@pytest.mark.parametrize("data", GOOD)
def test_values_are_those_of_the_type(data):
    late, early = Late.model_validate(data), Early.model_validate(data)
    assert dict(late) == dict(early)
    assert late.model_dump(mode="json", by_alias=True) == early.model_dump(
        mode="json", by_alias=True
    )


def test_a_value_that_is_there_already_is_taken_as_it_is():
    there = Power(idle=1, busy=2)
    assert Late(power=[there]).power[0] is there


@pytest.mark.parametrize("data", BAD)
def test_errors_are_those_of_the_type(data):
    found = []
    for model in (Late, Early):
        with pytest.raises(ValidationError) as caught:
            model.model_validate(data)
        found.append(problems_of(caught.value, model, Positions("a.yaml")))
    assert found[0] == found[1]


def test_keys_are_known_without_a_value():
    assert set(known_keys(Late, ("power", 0))) == {"idle", "busy", "gpuIdle", "gpuBusy"}
    assert set(known_keys(Late, ("wait",))) == {"min", "max"}
    assert now(LateCloud) is Cloud
    assert now(int) is int


def test_the_json_schema_is_that_of_the_type():
    late, early = (model.model_json_schema(schema_generator=JsonSchema) for model in (Late, Early))
    assert late["$defs"] == early["$defs"]
    assert late["properties"] == early["properties"]


def test_a_type_for_later_is_a_type_by_itself():
    assert TypeAdapter(list[LatePower]).validate_python([{"idle": 1, "busy": 2}])[0].busy == 2


REST = ("behaviour", "cloud", "control", "deployments", "podparts", "power", "thresholds",
        "timeline", "usage")  # fmt: skip


def test_a_file_pays_for_what_it_says():
    """The quickstart has none of these sections."""
    root = Path(__file__).parents[2]
    code = (
        "import sys; from simk8s.scenario.load import load;"
        "load(sys.argv[1]);"
        "print(*(m.split('.')[2] for m in sys.modules if m.startswith('simk8s.scenario.')))"
    )
    command = [sys.executable, "-c", code, str(root / "scenarios" / "quickstart.yaml")]
    run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root)
    imported = set(run.stdout.split())
    assert {"schema", "podspec", "distributions"} <= imported
    assert not imported & set(REST)
