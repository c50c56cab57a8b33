"""The SURF Lisa importer: small files made here, and the real week where it is at hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from simk8s.errors import UserError
from simk8s.kernel.streams import Streams
from simk8s.nodes.usage_replay import Recording
from simk8s.scenario.load import load
from simk8s.simulation.run import run_scenario
from simk8s.workload.traces._surf_lisa_scenario import write_scenario
from simk8s.workload.traces.surf_lisa import MB, Params, SurfLisa

REAL = Path(__file__).parents[4] / "shared" / "traces" / "surf-lisa-hpc"
needs_trace = pytest.mark.skipif(not REAL.is_dir(), reason="no ../shared/traces with surf-lisa")
S = 1_000_000


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """Two hosts of four cores; two tasks, one of two minutes."""
    folder = tmp_path / "lisa"
    (folder / "week").mkdir(parents=True)
    host = {"name": "H", "cpu": {"coreCount": 4}, "memory": {"memorySize": 1000}, "count": 2}
    text = json.dumps({"clusters": [{"name": "C", "hosts": [host]}]})
    (folder / "topology_x.json").write_text(text)
    pl.DataFrame(
        {
            "id": [7, 3],
            "submission_time": [1_060_000, 1_000_000],
            "duration": [120_000, 30_000],
            "cpu_count": [4, 4],
            "cpu_capacity": [8000.0, 8000.0],
            "mem_capacity": [1000, 1000],
        }
    ).write_parquet(folder / "week" / "tasks.parquet")
    pl.DataFrame(
        {
            "id": [7, 7, 3, 7, 7],
            "duration": [30_000] * 5,
            "cpu_usage": [2000.0, 2000.0, 500.0, 8000.0, 0.0],
        }
    ).write_parquet(folder / "week" / "fragments.parquet")
    return folder


def test_hosts_and_tasks(trace: Path) -> None:
    hosts = SurfLisa.nodes(trace / "topology_x.json")
    assert [(h.name, h.cpu_milli, h.memory_bytes) for h in hosts] == [
        ("c-h-0", 4000, 1000 * MB),
        ("c-h-1", 4000, 1000 * MB),
    ]
    source = SurfLisa(Params(path="week/tasks.parquet"), trace).source("surf", "default")
    (chunk,) = source.chunks(Streams(1), 10**12)
    assert chunk.names == ["3", "7"]
    assert chunk.when_us.tolist() == [0, 60 * S]
    assert chunk.lifetime_us.tolist() == [30 * S, 120 * S]
    assert chunk.requests["cpu"].tolist() == [4000, 4000]


def test_fragments_are_one_curve_a_task(trace: Path) -> None:
    """Equal neighbours are one piece; milli-CPU of its cores."""
    recording = Recording(trace / "week" / "fragments.parquet")
    curve = recording.curve("7")
    assert [curve.value(t * S) for t in (0, 59, 60, 89, 90, 500)] == [1000, 1000, 4000, 4000, 0, 0]
    assert curve.area2(120 * S) == 2 * S * (60 * 1000 + 30 * 4000)
    assert curve.piece(0).end_us == 60 * S
    assert recording.curve("9").peak == 0


def test_an_imported_week_runs_and_uses_what_was_recorded(trace: Path, tmp_path: Path) -> None:
    out = tmp_path / "lisa.yaml"
    found = write_scenario(trace, out=out)
    assert (found.nodes, found.pods) == (2, 2)
    loaded = load(out)
    run = run_scenario(loaded, out=tmp_path / "run")
    usage = pl.read_parquet(run.folder / "usage.parquet")
    width = usage["t_us"].diff().fill_null(0)
    used = int((usage["cpu_used_milli"] * width).sum())
    recorded = S * (60 * 1000 + 30 * 4000 + 30 * 250)
    # What runs before the first relist sees it is not counted: a second of each task at most.
    assert recorded * 0.97 < used <= recorded


def test_what_is_wrong_is_said(trace: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="E303"):
        write_scenario(tmp_path / "nowhere", out=tmp_path / "x.yaml")
    (trace / "topology_x.json").write_text("{}")
    with pytest.raises(UserError, match="topology"):
        write_scenario(trace, out=tmp_path / "x.yaml")
    with pytest.raises(UserError, match="E306"):
        Recording(trace / "topology_x.json")


@needs_trace
def test_the_real_week() -> None:
    hosts = SurfLisa.nodes(REAL / "topology_surf.json")
    assert (len(hosts), hosts[0].cpu_milli) == (277, 16_000)
    source = SurfLisa(Params(path="surf_week/tasks.parquet"), REAL).source("surf", "default")
    (chunk,) = source.chunks(Streams(1), 8 * 86_400 * S)
    assert len(chunk) == 6_295
    recording = Recording(REAL / "surf_week" / "fragments.parquet")
    fragments = pl.read_parquet(REAL / "surf_week" / "fragments.parquet")
    names = np.array(chunk.names)
    total = 0
    for name, lifetime in zip(names.tolist(), chunk.lifetime_us.tolist(), strict=True):
        curve = recording.curve(name)
        assert curve.peak <= 16_000
        total += curve.area2(lifetime)
    expected = float((fragments["cpu_usage"] * fragments["duration"]).sum()) / 2100 * 1e6
    assert total / 2 == pytest.approx(expected, rel=1e-4)
