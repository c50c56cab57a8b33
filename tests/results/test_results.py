from __future__ import annotations

import json
import shutil

import polars as pl
import pytest

from simk8s.errors import UserError
from simk8s.results.results import Results
from simk8s.schema.tables import TABLES


@pytest.fixture
def folder(small_folder, tmp_path):
    return shutil.copytree(small_folder, tmp_path / "run")


def problems(folder):
    with pytest.raises(UserError) as caught:
        Results.open(folder)
    return [f"{problem.code} {problem.message}" for problem in caught.value.problems]


def test_a_whole_folder_opens(small):
    assert small.label == "kube_scheduler"
    for name, table in TABLES.items():
        assert small.table(name).collect().columns == list(table.names)
    assert small.pods.collect().height == 400
    assert 0.15 < small.gpu_node_share < 0.25


def test_enums_read_as_text(small):
    assert small.pods.collect().schema["phase"] == pl.String()


def test_enums_with_other_members_still_open(folder):
    path = folder / "pods.parquet"
    pl.read_parquet(path).with_columns(phase=pl.lit("hibernating")).write_parquet(path)
    assert Results.open(folder).pods.collect()["phase"].unique().to_list() == ["hibernating"]


def test_what_is_no_results_folder(tmp_path):
    assert "is not a folder" in problems(tmp_path / "nowhere")[0]
    assert "no manifest.json" in problems(tmp_path)[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "E602 .* is not JSON"),
        ("[]", "E602 .* is not a manifest"),
        ('{"version": "1"}', "E602 .* scenario: Field required"),
        ('{"schema_version": 99}', "E603 .* newer simk8s: schema 99, this one reads 2"),
        ('{"schema_version": 0}', "E603 .* older simk8s"),
        (b"\xff\xfe{", "E602 .* cannot be read"),
    ],
)
def test_broken_manifests_are_told(folder, text, words):
    raw = text if isinstance(text, bytes) else text.encode()
    (folder / "manifest.json").write_bytes(raw)
    with pytest.raises(UserError, match=words):
        Results.open(folder)


def test_all_broken_tables_are_told_at_once(folder):
    (folder / "faults.parquet").unlink()
    (folder / "nodes.parquet").write_text("not parquet")
    pods = pl.read_parquet(folder / "pods.parquet")
    pods.drop("zone").with_columns(pl.col("priority").cast(pl.Int64)).write_parquet(
        folder / "pods.parquet"
    )
    found = "\n".join(problems(folder))
    assert "faults.parquet is missing" in found
    assert "nodes.parquet is not a Parquet file" in found
    assert "the column zone is missing" in found
    assert "column priority has type Int64, expected Int32" in found


def test_more_columns_and_fields_do_no_harm(folder):
    path = folder / "reasons.parquet"
    pl.read_parquet(path).with_columns(extra=pl.lit(1)).write_parquet(path)
    manifest = json.loads((folder / "manifest.json").read_text()) | {"later": [1]}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert "extra" not in Results.open(folder).reasons.collect().columns
