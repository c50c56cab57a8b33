"""Comparisons: runs side by side are the runs alone; finished ones survive a failure."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from simk8s.simulation.compare import Variant, compare
from simk8s.simulation.run import run_scenario
from tests.simulation.scenarios import loaded

VARIANTS = (
    Variant("spread", (("strategy", "kube_scheduler"),)),
    Variant("packed", (("strategy", "most_allocated"),)),
)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_run_in_a_comparison_is_the_run_alone(tmp_path: Path, jobs: int) -> None:
    done: list[tuple[str, int]] = []
    compare(
        loaded(),
        VARIANTS,
        [5, 6],
        out=tmp_path,
        jobs=jobs,
        until_us=1_800_000_000,
        report=lambda variant, seed: done.append((variant, seed)),
    )
    assert sorted(done) == [("packed", 5), ("packed", 6), ("spread", 5), ("spread", 6)]
    manifest = json.loads((tmp_path / "compare.json").read_text())
    assert manifest["variants"] == ["spread", "packed"]
    alone = run_scenario(
        loaded(strategy="most_allocated"), out=tmp_path / "x", seed=6, until_us=1_800_000_000
    )
    beside = json.loads((tmp_path / "packed" / "6" / "manifest.json").read_text())
    assert beside["digest"] == alone.manifest.digest
    assert beside["variant"] == "packed"


def test_common_random_numbers(tmp_path: Path) -> None:
    compare(loaded(), VARIANTS, [5], out=tmp_path, until_us=1_800_000_000)
    tables = [
        pl.read_parquet(tmp_path / name / "5" / "pods.parquet").select("created_us", "cpu_milli")
        for name in ("spread", "packed")
    ]
    assert tables[0]["cpu_milli"].equals(tables[1]["cpu_milli"])
    # Created when the POST commits: its disk is shared with what the strategies write.
    apart = (tables[0]["created_us"] - tables[1]["created_us"]).abs()
    assert apart.max() < 200_000
