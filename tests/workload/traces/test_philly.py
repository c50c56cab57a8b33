"""The Philly importer: a small file made here, and the real one where it is at hand."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from simk8s import Scenario, run
from simk8s.errors import UserError
from simk8s.kernel.streams import Streams
from simk8s.workload.traces._philly_jobs import peak_gpus, read_jobs
from simk8s.workload.traces._philly_scenario import write_scenario
from simk8s.workload.traces.philly import Params, Philly

REAL = Path(__file__).parents[4] / "shared" / "traces" / "msr-philly-2017" / "philly.csv.gz"
needs_trace = pytest.mark.skipif(not REAL.is_file(), reason="no ../shared/traces with philly")
S = 1_000_000
CSV = """\
timestamp,duration,num_gpus,gpu_time,cluster
2017-10-01 00:01:00,600.0,12,7200.0,aa
2017-10-01 00:00:00,60.0,1,60.0,bb
2017-10-02 00:00:00,60.0,8,480.0,bb
2017-10-03 00:00:00,60.0,16,960.0,bb
"""


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    path = tmp_path / "philly.csv"
    path.write_text(CSV)
    return path


def test_a_job_of_several_nodes_is_a_gang(trace: Path) -> None:
    source = Philly(Params(path="philly.csv"), trace.parent).source("philly", "default")
    (chunk,) = source.chunks(Streams(1), 10**12)
    assert chunk.names == ["job-0", "job-1-0", "job-1-1", "job-2", "job-3-0", "job-3-1"]
    assert chunk.gpu_count is not None
    assert chunk.gpu_count.tolist() == [1, 8, 4, 8, 8, 8]
    assert (chunk.when_us // S).tolist() == [0, 60, 60, 86_400, 172_800, 172_800]
    assert (chunk.lifetime_us // S).tolist() == [60, 600, 600, 60, 60, 60]
    gangs = [source.templates[i]["spec"].get("schedulingGroup") for i in chunk.template.tolist()]
    assert gangs[0] is None
    assert gangs[1] == gangs[2] == {"podGroupName": "job-1"}
    assert gangs[4] != gangs[1]


def test_days_are_whole_and_time_zero_is_common_to_all_virtual_clusters(trace: Path) -> None:
    days = {"from": "2017-10-01", "until": "2017-10-02"}
    params = Params.model_validate({"path": "philly.csv", "cluster": "aa", "compress": 2} | days)
    source = Philly(params, trace.parent).source("aa", "aa")
    (chunk,) = source.chunks(Streams(1), 10**12)
    assert chunk.when_us.tolist() == [30 * S] * 2
    assert len(read_jobs(trace, date(2017, 10, 1), date(2017, 10, 2))) == 3
    with pytest.raises(UserError, match="no job"):
        read_jobs(trace, date(2018, 1, 1))


def test_the_peak_counts_what_runs_at_once(trace: Path) -> None:
    assert peak_gpus(read_jobs(trace)) == 16
    assert peak_gpus(read_jobs(trace, last=date(2017, 10, 1))) == 12, "the first has left by then"


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("2017-10-02 00:00:00", "yesterday", "philly.csv:4:1: .*timestamp"),
        (",16,", ",0,", "philly.csv:5:26: .*num_gpus"),
        ("num_gpus", "gpus", "philly.csv:1:1: .*num_gpus"),
    ],
)
def test_what_is_wrong_has_a_place(trace: Path, before: str, after: str, words: str) -> None:
    trace.write_text(CSV.replace(before, after))
    with pytest.raises(UserError) as caught:
        read_jobs(trace)
    (problem,) = caught.value.problems
    assert problem.place is not None
    found = f"{Path(problem.place.file).name}:{problem.place.line}:{problem.place.column}"
    place, word = words.split(": .*")
    assert (found, word in problem.message) == (place, True)


def test_the_scenario_runs_and_every_wait_is_nothing_if_there_is_room(trace: Path) -> None:
    out = trace.with_name("s.yaml")
    write_scenario(trace, out=out, nodes=3)
    result = run(Scenario.load(out))
    waits = (pl.col("scheduled_us") - pl.col("created_us")).alias("us")
    assert result.pods.select(waits).to_series().to_list() == [1] * 6, "one cycle of no length"
    assert set(result.pods["namespace"]) == {"vc-aa", "vc-bb"}
    assert result.kpis["pods_succeeded"] == 6
    assert result.kpis["queue_fairness"] == 1


@needs_trace
def test_demand_peaks_where_the_trace_does() -> None:
    everything = read_jobs(REAL)
    some = read_jobs(REAL, date(2017, 9, 25), date(2017, 11, 5))
    assert (len(everything), peak_gpus(everything)) == (82_247, 1_243)
    assert (len(some), peak_gpus(some)) == (54_784, 1_234)


@needs_trace
def test_a_week_with_room_for_all_waits_for_nothing(tmp_path: Path) -> None:
    out, first, last = tmp_path / "s.yaml", date(2017, 9, 25), date(2017, 9, 27)
    write_scenario(REAL, out=out, first=first, last=last, nodes=200)
    result = run(Scenario.load(out), until="3d")
    waits = (result.pods["scheduled_us"] - result.pods["created_us"]).to_list()
    assert len(waits) > 500
    assert max(waits) <= 1, "one cycle of no length"


def test_gangs_bring_their_pod_groups_where_the_cluster_knows_them(trace: Path) -> None:
    out = trace.with_name("s.yaml")
    write_scenario(trace, out=out, nodes=2)
    gate = {"name": "kube_scheduler", "featureGates": {"GangScheduling": True}}
    found = run(Scenario.load(out).with_(strategy=gate))
    assert found.kpis["pods_succeeded"] == 6
    starts = dict(found.pods.select("name", pl.col("scheduled_us") // S).iter_rows())
    assert starts["job-1-0"] == starts["job-1-1"] == 60
    assert starts["job-3-0"] == starts["job-3-1"]
    loose = run(Scenario.load(out).with_(strategy="kube_scheduler"))
    assert loose.kpis["pods_succeeded"] == 6, "no gate, no PodGroups, every pod by itself"
