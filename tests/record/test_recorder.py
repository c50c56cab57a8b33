from __future__ import annotations

import json

import polars as pl
import pytest

from simk8s.errors import InvariantError
from simk8s.record.recorder import Recorder, write_manifest
from simk8s.schema.manifest import Manifest
from simk8s.schema.tables import TABLES

REASON = (0, "0/3 nodes are available", None)


def test_sealing_writes_every_table(tmp_path):
    recorder = Recorder()
    recorder.reasons.append(REASON)
    digest = recorder.seal(tmp_path / "run")
    assert {path.name for path in (tmp_path / "run").iterdir()} == {
        f"{name}.parquet" for name in TABLES
    }
    assert pl.read_parquet(tmp_path / "run" / "reasons.parquet").rows() == [REASON]
    assert digest == recorder.digest() != Recorder().digest()


def test_a_run_can_be_sealed_twice(tmp_path):
    recorder = Recorder()
    first = recorder.seal(tmp_path)
    recorder.reasons.append(REASON)
    assert recorder.seal(tmp_path) != first
    assert pl.read_parquet(tmp_path / "reasons.parquet").height == 1


def test_a_failed_seal_leaves_the_folder_as_it_was(tmp_path):
    recorder = Recorder()
    recorder.reasons.append(REASON)
    recorder.seal(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    recorder.faults.append((1, "nodeCrash", "nonsense", "n", None, 0, None))
    with pytest.raises(InvariantError, match=r"faults\.phase"):
        recorder.seal(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_disk_error_leaves_no_temporary_files(tmp_path, monkeypatch):
    recorder = Recorder()
    real = pl.DataFrame.write_parquet

    def fail(frame, path, **options):
        real(frame, path, **options)
        if "solves" in path.name:
            raise OSError("disk full")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", fail)
    with pytest.raises(OSError, match="disk full"):
        recorder.seal(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_sealing_removes_the_manifest_of_the_run_before(tmp_path):
    (tmp_path / "manifest.json").write_text("{}")
    Recorder().seal(tmp_path)
    assert not (tmp_path / "manifest.json").exists()


def test_the_manifest_is_readable_json(tmp_path):
    manifest = Manifest(version="0", scenario="ü", seed=1, duration_us=2, simulated_us=2)
    path = write_manifest(tmp_path, manifest)
    assert json.loads(path.read_text())["scenario"] == "ü"
    assert [p.name for p in tmp_path.iterdir()] == ["manifest.json"]


def test_an_unknown_table_is_an_attribute_error():
    with pytest.raises(AttributeError):
        Recorder().podz  # noqa: B018
