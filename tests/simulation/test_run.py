"""Whole runs: tables, manifest, determinism, interruption."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import polars as pl
import pytest

from simk8s.kernel.probe import Probe
from simk8s.results.results import Results
from simk8s.simulation.build import Options
from simk8s.simulation.run import run_scenario
from tests.simulation.scenarios import loaded

NO_SIMD = "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX2 FMA3"
ONE = """
import sys
from pathlib import Path
from simk8s.simulation.run import run_scenario
from tests.simulation.scenarios import loaded
print(run_scenario(loaded(), out=Path(sys.argv[1])).manifest.digest)
"""


class Counting(Probe):
    """Counts instants."""

    def __init__(self) -> None:
        self.instants = 0

    def on_instant(self, now_us: int) -> None:
        self.instants += 1


def test_tables_and_manifest_agree(tmp_path: Path) -> None:
    outcome = run_scenario(loaded(), out=tmp_path, audit=True, command="simk8s run small.yaml")
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["digest"] == outcome.manifest.digest
    assert manifest["stop_reason"] == "duration"
    assert manifest["audit"] == "passed"
    assert manifest["seed"] == 5
    results = Results.open(tmp_path)
    pods = pl.read_parquet(tmp_path / "pods.parquet")
    last = pl.read_parquet(tmp_path / "timeseries.parquet").row(-1, named=True)
    assert results.manifest.digest == outcome.manifest.digest
    assert last["created_total"] == pods.height > 300
    assert last["t_us"] == 7_200_000_000
    phases = dict(pods.group_by("phase").len().iter_rows())
    assert last["succeeded"] == phases["succeeded"]
    assert last["running"] == phases["running"]
    bound = pods.filter(pl.col("bound_us").is_not_null())
    assert (bound["created_us"] <= bound["scheduled_us"]).all()
    assert (bound["scheduled_us"] <= bound["bound_us"]).all()


def test_the_digest_depends_on_scenario_and_seed_alone(tmp_path: Path) -> None:
    base = run_scenario(loaded(), out=tmp_path / "a").manifest.digest
    probe = Counting()
    others = {
        "again": run_scenario(loaded(), out=tmp_path / "b").manifest.digest,
        "with probes": run_scenario(
            loaded(), out=tmp_path / "c", progress=probe, interrupt=threading.Event()
        ).manifest.digest,
        "audited": run_scenario(loaded(), out=tmp_path / "d", audit=True).manifest.digest,
        "full recomputation": run_scenario(
            loaded(), out=tmp_path / "e", options=Options(incremental=False)
        ).manifest.digest,
    }
    assert others == dict.fromkeys(others, base)
    assert probe.instants > 1_000
    assert run_scenario(loaded(), out=tmp_path / "f", seed=6).manifest.digest != base


@pytest.mark.parametrize(
    "env", [{"PYTHONHASHSEED": "7"}, {"NPY_DISABLE_CPU_FEATURES": NO_SIMD}], ids=["hash", "simd"]
)
def test_the_digest_is_the_same_in_another_process(env: dict[str, str], tmp_path: Path) -> None:
    base = run_scenario(loaded(), out=tmp_path / "a").manifest.digest
    done = subprocess.run(
        [sys.executable, "-c", ONE, str(tmp_path / "b")],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == base


def test_an_interrupted_run_keeps_what_happened(tmp_path: Path) -> None:
    flag = threading.Event()

    class Stopper(Probe):
        def on_instant(self, now_us: int) -> None:
            if now_us > 3_600_000_000:
                flag.set()

    outcome = run_scenario(loaded(), out=tmp_path, progress=Stopper(), interrupt=flag)
    manifest = outcome.manifest
    assert manifest.interrupted
    assert manifest.stop_reason == "interrupted"
    assert 3_600_000_000 < manifest.simulated_us < 3_700_000_000
    pods = pl.read_parquet(tmp_path / "pods.parquet")
    assert 0 < pods["created_us"].max() <= manifest.simulated_us  # type: ignore[operator]


def test_until_cuts_a_run_and_changes_nothing_before(tmp_path: Path) -> None:
    long = run_scenario(loaded(), out=tmp_path / "long")
    short = run_scenario(loaded(), out=tmp_path / "short", until_us=1_800_000_000)
    assert short.manifest.simulated_us == 1_800_000_000
    both = [
        pl.read_parquet(outcome.folder / "decisions.parquet").filter(pl.col("t_us") < 1_700_000_000)
        for outcome in (long, short)
    ]
    assert both[0].drop("pod").equals(both[1].drop("pod"))


def test_strategies_meet_the_same_arrivals_and_lifetimes(tmp_path: Path) -> None:
    """To the microsecond where requests take no time; otherwise a POST takes as long as it takes
    beside whatever else the server has to do.
    """
    for profile, apart_us in (("instant", 0), ("small", 200_000)):
        tables = []
        for strategy in ("kube_scheduler", "first_fit", "random_fit"):
            folder = tmp_path / profile / strategy
            run_scenario(loaded(strategy=strategy, controlPlane__profile=profile), out=folder)
            pods = pl.read_parquet(folder / "pods.parquet")
            tables.append(pods.select("name", "created_us", "cpu_milli", "memory_bytes"))
        for other in tables[1:]:
            assert tables[0].drop("created_us").equals(other.drop("created_us"))
            moved = (tables[0]["created_us"] - other["created_us"]).abs()
            assert moved.max() <= apart_us  # type: ignore[operator]
