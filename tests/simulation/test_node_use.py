"""What nodes were used for, against the pods table; fragmentation, against FGD's own measure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from simk8s.placement.plugins._devices import States
from simk8s.placement.plugins._fragmentation import Fragmentation
from simk8s.placement.plugins._typical import Shape, typical_of
from simk8s.results.kpis import values
from simk8s.results.results import Results
from simk8s.simulation.fragmentation import MOST, _chosen
from simk8s.simulation.run import run_scenario
from tests.simulation.scenarios import loaded

HOUR = 3_600_000_000
GPUS = """
apiVersion: simk8s/v1
name: gpus
seed: 2
duration: 1h
nodes:
  - {name: g, count: 3, capacity: {cpu: "8", memory: 32Gi, gpu: 2, gpuModel: T4}, pricePerHour: 2,
     power: {idle: 100, busy: 300}}
controlPlane: {profile: instant}
workload:
  - name: shares
    arrivals: {schedule: {at: [1m, 1m, 1m, 1m, 1m]}}
    lifetime: 30m
    template:
      metadata: {annotations: {simk8s.io/gpu-milli: "600"}}
      spec: {containers: [{name: a, resources: {requests: {cpu: "1", memory: 1Gi}}}]}
  - name: agents
    manifests: [agents.yaml]
"""
AGENTS = """
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec: {containers: [{name: a, image: x, resources: {requests: {cpu: 100m, memory: 64Mi}}}]}
"""


@pytest.fixture(scope="module")
def gpus(tmp_path_factory):
    """Five pods of 0.6 GPU on three nodes of two, for half an hour, and a DaemonSet."""
    folder = tmp_path_factory.mktemp("gpus")
    (folder / "agents.yaml").write_text(AGENTS, encoding="utf-8")
    found = loaded(GPUS.replace("[agents.yaml]", f'["{folder}/agents.yaml"]'))
    outcome = run_scenario(found, out=folder / "out")
    return Results.open(folder / "out"), outcome.manifest.digest


def test_used_and_requested_are_those_of_the_pods(tmp_path: Path) -> None:
    run_scenario(loaded(), out=tmp_path, until_us=HOUR)
    results = Results.open(tmp_path)
    use, nodes = results.table("node_use").collect(), results.nodes.collect()
    assert use["up_us"].to_list() == [HOUR] * nodes.height
    requested = nodes["cpu_requested_mean"] * nodes["cpu_milli"] * HOUR
    assert (use["cpu_share_us"] * use["machine_milli"]).to_list() == pytest.approx(
        requested.to_list()
    )
    assert set(use["machine_milli"]) == {4_000, 8_000}, "the machine's, not what is allocatable"
    pods = results.pods.filter(pl.col("bound_us").is_not_null()).collect()
    pods = pods.with_columns(pl.col("finished_us").fill_null(HOUR))
    for row, name in enumerate(nodes["name"]):
        reached, busy = 0, 0
        for start, end in pods.filter(node=name).sort("bound_us")["bound_us", "finished_us"].rows():
            busy += max(0, end - max(start, reached))
            reached = max(reached, end)
        assert use["used_us"][row] == busy


def test_daemons_do_not_use_a_node(gpus) -> None:
    use = gpus[0].table("node_use").collect()
    assert use["used_us"].to_list() == pytest.approx([HOUR // 2] * 3, rel=1e-3)
    assert (use["cpu_share_us"] > 0.1 / 8 * HOUR * 0.99).all(), "but they request"


def test_money_energy_and_devices(gpus) -> None:
    results = gpus[0]
    use, found = results.table("node_use").collect(), values(results)
    assert use["gpus_busy_us"].sum() == pytest.approx(5 * HOUR / 2, rel=1e-3)
    assert use["gpu_share_us"].sum() == pytest.approx(0.6 * 5 * HOUR / 2, rel=1e-3)
    assert found["node_cost"] == pytest.approx(6)
    assert found["node_cost_used"] == pytest.approx(3, rel=1e-3)
    assert found["node_time_us"] == 3 * HOUR
    assert found["node_time_used_us"] == pytest.approx(1.5 * HOUR, rel=1e-3)
    assert found["node_cost_per_pod_hour"] == pytest.approx(6 / 2.5, rel=1e-2)
    # Nodes at rest, their GPUs at rest, 5 cores for half an hour and agents, 5 × 0.6 GPUs.
    cores = (5 * 0.5 + 3 * 0.1) / 8
    watts = 3 * 100 + 6 * 10 + 200 * cores + 60 * 5 * 0.6 * 0.5
    assert found["energy_kwh"] == pytest.approx(watts / 1000, rel=1e-3)
    assert found["energy_used_kwh"] == pytest.approx((watts - 1.5 * 120) / 1000, rel=1e-3)


def test_gpu_fragments_are_fgds(gpus) -> None:
    """One device has nothing; of five others 400 are left, too little for a typical pod."""
    table = gpus[0].table("fragmentation").collect()
    during = table.filter(pl.col("t_us").is_between(2 * 60_000_000, 1_800_000_000))
    assert during["gpu_idle_milli"].unique().to_list() == [6_000 - 5 * 600]
    typical = typical_of({Shape(1_000, 600, 1): 5})
    left = np.array([[400, 400, 400], [400, 400, 1_000]])
    states = States(np.array([5_900, 5_900, 6_900]), left, np.zeros(3, np.int64))
    expected = float(Fragmentation(typical, ["T4"])(states).sum())
    assert expected == 5 * 400
    assert during["gpu_fragments_milli"].to_list() == pytest.approx([expected] * during.height)
    assert values(gpus[0])["gpu_fragmentation_mean"] == pytest.approx(2_000 / 6_000 / 2, rel=0.05)
    assert table["gpu_fragments_milli"][-1] == 0


def test_tables_beside_the_digest_come_out_twice(gpus, tmp_path: Path) -> None:
    results, digest = gpus
    again = loaded(results.manifest.scenario_text)
    manifest = run_scenario(again, out=tmp_path).manifest
    assert manifest.digest == digest
    for name in ("node_use", "fragmentation"):
        assert Results.open(tmp_path).table(name).collect().equals(results.table(name).collect())


def test_a_folder_without_these_tables_has_no_such_numbers(gpus, tmp_path: Path) -> None:
    results = gpus[0]
    for path in results.folder.iterdir():
        if path.stem not in ("node_use", "fragmentation"):
            (tmp_path / path.name).write_bytes(path.read_bytes())
    found = values(Results.open(tmp_path))
    assert found["node_cost"] == pytest.approx(6)
    for name in ("energy_kwh", "node_cost_used", "gpu_fragmentation_mean"):
        assert found[name] is None


def _cpus(milli: int) -> Shape:
    return Shape(milli, 0, 0, None)


def test_many_shapes_are_represented_by_some() -> None:
    counts = {_cpus(size): 1 + size % 3 for size in range(1_000)}
    chosen = _chosen(counts)
    assert len(chosen) == MOST
    assert [one.cpu for one, _ in chosen] == sorted(one.cpu for one, _ in chosen)
    mean = sum(one.cpu * count for one, count in counts.items()) / sum(counts.values())
    assert sum(one.cpu for one, _ in chosen) / MOST == pytest.approx(mean, rel=0.02)
    few = {_cpus(2): 3, _cpus(1): 9}
    assert _chosen(few) == [(_cpus(1), 9), (_cpus(2), 3)]


TRACE = """
apiVersion: simk8s/v1
name: trace
duration: 1h
nodes: [{{csv: "{path}", format: openb, pricePerHour: 3}}]
controlPlane: {{profile: instant}}
workload:
  - name: one
    arrivals: {{schedule: {{at: [0s]}}}}
    lifetime: 30m
    template:
      metadata: {{annotations: {{simk8s.io/gpu-milli: "300"}}}}
      spec: {{containers: [{{name: a, resources: {{requests: {{cpu: "50"}}}}}}]}}
"""


def test_nodes_of_the_trace_draw_by_steps(tmp_path: Path) -> None:
    """50 of 96 threads are two of two packages, 0.3 of a device is a device."""
    nodes = tmp_path / "nodes.csv"
    nodes.write_text("sn,cpu_milli,memory_mib,gpu,model\nn-0,96000,1024,2,T4\n", encoding="utf-8")
    run_scenario(loaded(TRACE.format(path=nodes)), out=tmp_path / "out")
    results = Results.open(tmp_path / "out")
    (use,) = results.table("node_use").collect().rows(named=True)
    assert use["packages_us"] == pytest.approx(2 * HOUR / 2, rel=1e-3)
    assert use["gpus_busy_us"] == pytest.approx(HOUR / 2, rel=1e-3)
    found = values(results)
    watts = 40 + 2 * 10 + (330 - 40) * 0.5 + (70 - 10) * 0.5
    assert found["energy_kwh"] == pytest.approx(watts / 1000, rel=1e-3)
    assert found["node_cost"] == pytest.approx(3)
