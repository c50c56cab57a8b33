"""Scenarios as values: read, written, changed, compared; the words of errors are the loader's."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

import simk8s
from simk8s import Scenario, UserError
from simk8s.cli.options import load_scenario
from simk8s.strategies.most_allocated import MostAllocatedStrategy
from tests.python.made import NODES, WEB, small

ROOT = Path(__file__).parents[2]
QUICKSTART = ROOT / "scenarios" / "quickstart.yaml"


def test_a_file_is_what_the_command_line_reads() -> None:
    scenario, loaded = Scenario.load(QUICKSTART), load_scenario(QUICKSTART)
    assert scenario.hash == loaded.hash
    assert scenario.to_yaml() == loaded.text
    assert (scenario.name, scenario.warnings) == ("quickstart", ())
    changed = scenario.set("nodes.0.count", 50)
    assert changed.hash == load_scenario(QUICKSTART, [("nodes.0.count", "50")]).hash


def test_written_in_python_and_read_back() -> None:
    scenario = small(control_plane={"profile": "small"})
    assert Scenario.parse(scenario.to_yaml()) == scenario
    assert Scenario.parse(scenario.data) == scenario
    assert scenario.data["controlPlane"] == {"profile": "small"}
    assert hash(Scenario.parse(scenario.data)) == hash(scenario)
    assert scenario != scenario.set("seed", 4)
    assert "controlPlane" in scenario._repr_html_()
    assert repr(scenario) == "<Scenario 'small': 1 nodes, 1 workload>"


def test_saved_and_loaded(tmp_path: Path) -> None:
    path = small().save(tmp_path / "s.yaml")
    assert Scenario.load(path).data == small().data


def test_no_change_is_seen_by_the_original() -> None:
    scenario = small()
    before = scenario.to_yaml()
    scenario.data["nodes"][0]["count"] = 99
    scenario.set("nodes.0.count", 9)
    scenario.at("1m").cordon("n1")
    nodes = [dict(NODES[0])]
    own = small(nodes=nodes)
    nodes[0]["count"] = 7
    assert scenario.to_yaml() == before == own.to_yaml()


def test_changes_by_path_and_by_section() -> None:
    scenario = small().set("nodes.0.count", 5).set({"workload.web.lifetime": "1m", "seed": 8})
    assert scenario.data["nodes"][0]["count"] == 5
    assert scenario.data["workload"][0]["lifetime"] == "1m"
    assert scenario.with_(strategy="first_fit", control_plane={}).data["strategy"] == "first_fit"
    assert scenario.check() is scenario


def test_values_that_only_python_has() -> None:
    found = small(
        duration=timedelta(minutes=90),
        seed=np.int64(4),
        nodes=[{"profile": "m5.xlarge", "count": np.int32(3), "zones": ("a", "b")}],
        sampling={"interval": timedelta(seconds=1.5)},
    ).data
    assert (found["duration"], found["seed"]) == ("1h30m", 4)
    assert found["sampling"]["interval"] == "1.5s"
    assert found["nodes"][0] == {"profile": "m5.xlarge", "count": 3, "zones": ["a", "b"]}
    path = small(base="x").set("description", Path("a") / "b")
    assert path.data["description"] == "a/b"
    named = small(strategy=MostAllocatedStrategy)
    assert named.data["strategy"] == "python:mostAllocatedStrategy"


@pytest.mark.parametrize("value", [{1, 2}, object(), np.zeros(3), b"x", {1: 2}])
def test_values_that_no_scenario_holds(value: object) -> None:
    with pytest.raises(UserError, match=r"E103 description"):
        small(description=value)


def test_two_classes_of_one_name_are_told_apart() -> None:
    other = type("MostAllocatedStrategy", (MostAllocatedStrategy,), {})
    first = small(strategy=MostAllocatedStrategy)
    assert first.with_(strategy=other).data["strategy"] == "python:mostAllocatedStrategy-2"
    assert first.with_(strategy=MostAllocatedStrategy) == first


def test_mistakes_are_told_as_on_the_command_line() -> None:
    with pytest.raises(UserError) as raised:
        small(nodes=[{"profile": "m5.xlarge", "cuont": 2}])
    (problem,) = [p for p in raised.value.problems if p.code == "E101"]
    assert problem.hint == "did you mean 'count'?"
    assert str(problem).startswith("python.yaml:")
    with pytest.raises(UserError, match=r"E108 nodes has 1 entries"):
        small().set("nodes.7.count", 3)
    with pytest.raises(UserError, match=r"set nodes.0.cuont=3: E101"):
        small().set("nodes.0.cuont", 3).check()
    with pytest.raises(UserError, match="E002"):
        Scenario.parse("a: [")
    with pytest.raises(UserError, match="E001"):
        Scenario.load("nowhere.yaml")
    with pytest.raises(UserError, match="E101"):
        small(nodez=[])


def test_a_class_that_is_no_extension_is_refused() -> None:
    with pytest.raises(UserError, match="E204"):
        small(strategy=type("Bad", (), {"Params": int}))


def test_paths_are_relative_to_the_base(tmp_path: Path) -> None:
    (tmp_path / "pod.yaml").write_text(
        "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c}]}}"
    )
    entry = {"manifests": ["pod.yaml"]}
    assert small(workload=[WEB, entry], base=tmp_path).base == tmp_path
    with pytest.raises(UserError):
        small(workload=[WEB, entry])


def test_importing_the_package_imports_nothing_else() -> None:
    code = (
        "import sys, simk8s\n"
        "ours = [m for m in sys.modules if m.startswith('simk8s.')]\n"
        "heavy = {'numpy', 'polars', 'pydantic', 'yaml'} & sys.modules.keys()\n"
        "assert not ours and not heavy, (ours, heavy)\n"
        "from simk8s import UserError\n"
        "assert 'polars' not in sys.modules\n"
        "from simk8s import Scenario\n"
        "assert 'simpy' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_every_public_name_is_there() -> None:
    assert all(getattr(simk8s, name) is not None for name in simk8s.__all__)
    assert set(simk8s.__all__) <= set(dir(simk8s))
    assert (ROOT / "simk8s" / "py.typed").is_file()
    with pytest.raises(AttributeError, match="no attribute 'rum'"):
        simk8s.rum  # noqa: B018
