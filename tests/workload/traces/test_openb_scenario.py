"""`import openb` writes a scenario that says what it refers to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from simk8s.errors import UserError
from simk8s.units import duration_us
from simk8s.workload.traces._openb_scenario import write_scenario
from tests.workload.traces.test_openb import NODES, PODS, written


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    (tmp_path / "data").mkdir()
    return {
        "nodes": written(tmp_path / "data", NODES, "nodes.csv"),
        "pods": written(tmp_path / "data", PODS, "it's pods.csv"),
        "out": tmp_path / "mine" / "scenario.yaml",
    }


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_pack_is_the_default(files: dict[str, Path]) -> None:
    done = write_scenario(**files)
    assert (done.nodes, done.gpus, done.pods) == (3, 10, 4)
    found = read(files["out"])
    assert found["nodes"] == [{"csv": "../data/nodes.csv", "format": "openb"}]
    replay = {"format": "openb", "path": "../data/it's pods.csv", "mode": "pack"}
    assert found["workload"] == [{"name": "openb", "replay": replay}]
    assert duration_us(found["duration"]) >= 600 * 1_000_000


def test_replay_with_everything(files: dict[str, Path]) -> None:
    write_scenario(**files, mode="replay", compress=2.5, gpu_nodes_only=True, seed=7)
    found = read(files["out"])
    assert found["seed"] == 7
    assert found["nodes"][0]["only"] == "gpu"
    assert found["workload"][0]["replay"]["compress"] == 2.5
    assert duration_us(found["duration"]) == (14 + 10) * 60 * 1_000_000


def test_shuffle_is_written(files: dict[str, Path]) -> None:
    write_scenario(**files, shuffle=True)
    assert read(files["out"])["workload"][0]["replay"]["shuffle"] is True


def test_far_away_files_are_absolute(files: dict[str, Path], tmp_path: Path) -> None:
    files["out"] = tmp_path / "a" / "b" / "c" / "d" / "e.yaml"
    write_scenario(**files)
    assert read(files["out"])["nodes"][0]["csv"] == str(tmp_path / "data" / "nodes.csv")


def test_nothing_is_written_when_the_input_is_bad(files: dict[str, Path]) -> None:
    files["pods"].write_text("name\n", encoding="utf-8")
    with pytest.raises(UserError, match="column"):
        write_scenario(**files)
    assert not files["out"].exists()


def test_an_unwritable_target_is_said(files: dict[str, Path]) -> None:
    files["out"] = files["nodes"] / "x.yaml"
    with pytest.raises(UserError, match="E402"):
        write_scenario(**files)


def test_no_gpu_nodes(files: dict[str, Path]) -> None:
    written(files["nodes"].parent, "".join(NODES.splitlines(keepends=True)[:2]), "nodes.csv")
    with pytest.raises(UserError, match="no node with GPUs"):
        write_scenario(**files, gpu_nodes_only=True)


def test_a_replay_of_a_thousand_years_is_refused(files: dict[str, Path]) -> None:
    with pytest.raises(UserError, match="1000 years"):
        write_scenario(**files, mode="replay", compress=1e-9)
