"""What nobody could have beaten, of whole runs: proofs above what was reached, and no effect."""

from __future__ import annotations

import polars as pl
import pytest

from simk8s.nodes.knowledge import machines
from simk8s.results.kpis import values
from simk8s.results.results import Results
from simk8s.scenario.load import load
from simk8s.simulation.build import Options
from simk8s.simulation.run import run_scenario

HEAD = """
apiVersion: simk8s/v1
name: bounds
seed: 3
duration: 10m
strategy: {strategy}
nodes:
  - {{name: a, count: 2, zones: [z], labels: {{disk: ssd}},
     capacity: {{cpu: "4", memory: 16Gi, gpu: 2, gpuModel: T4}}}}
  - {{name: b, count: 2, zones: [z], capacity: {{cpu: "4", memory: 16Gi}}}}
workload:
"""
POD = """
  - name: {name}
    arrivals: {{schedule: {{at: [{at}]}}}}
    template:
      metadata: {{annotations: {notes}}}
      spec:
        priority: {priority}
        nodeSelector: {selector}
        containers:
          - {{name: a, resources: {{requests: {{cpu: {cpu}, memory: 64Mi}}, limits: {limits}}}}}
"""


def pods(name, count, cpu, *, at="1s", priority=0, selector="{}", notes="{}", limits="{}"):
    at = ", ".join([at] * count)
    return POD.format(name=name, at=at, cpu=cpu, priority=priority, selector=selector,
                       notes=notes, limits=limits)  # fmt: skip


def run(folder, workload, strategy="kube_scheduler", bounds=True):
    text = HEAD.format(strategy=strategy) + workload
    loaded = load(folder / "s.yaml", knowledge=machines(), text=text)
    out = folder / f"out-{strategy}-{bounds}"
    run_scenario(loaded, out=out, options=Options(bounds=bounds))
    return Results.open(out)


def last(results, what):
    rows = results.table("bounds").filter(pl.col("what") == what).collect()
    return rows.filter(pl.col("t_us") == rows["t_us"].max())


def test_small_pods_in_the_way_of_large_ones(tmp_path):
    """Four nodes with a small pod each hold no pod of a whole node; two could."""
    found = run(tmp_path, pods("small", 4, "1") + pods("large", 3, "4", at="1m"))
    row = last(found, "pods").row(0, named=True)
    assert (row["wanted"], row["reached"], row["bound"]) == (7, 4, 7)
    nodes = last(found, "nodes").row(0, named=True)
    assert (nodes["reached"], nodes["bound"]) == (4, 1)
    kpis = values(found)
    assert (kpis["bound_pods"], kpis["gap_pods"], kpis["nodes_bound"]) == (7, 3, 1)
    assert kpis["gap_pods_mean"] == pytest.approx(3 / 7 * 11 / 12), "none is large at 50 s"
    assert kpis["packing_gap"] == 3.0


def test_selectors_bind_and_so_do_priorities(tmp_path):
    """Two nodes with ssd, a pod of a whole node each: two of five were preempted and are gone."""
    ssd = "{disk: ssd}"
    work = pods("low", 3, "4", selector=ssd) + pods("high", 2, "4", priority=9, selector=ssd)
    found = run(tmp_path, work)
    rows = last(found, "pods").select("priority", "wanted", "bound").rows()
    assert rows == [(9, 2, 2), (0, 3, 2)]


def test_parts_of_devices_do_not_add_up_to_devices(tmp_path):
    share = '{simk8s.io/gpu-milli: "600"}'
    found = run(tmp_path, pods("share", 6, "100m", notes=share), "best_fit")
    row = last(found, "gpu_milli").row(0, named=True)
    assert (row["wanted"], row["reached"], row["bound"]) == (3_600, 2_400, 2_400)


def test_it_changes_nothing(tmp_path):
    work = pods("small", 4, "1") + pods("large", 3, "4", at="1m")
    found, without = run(tmp_path, work), run(tmp_path, work, bounds=False)
    assert found.manifest.digest == without.manifest.digest
    assert without.table("bounds").collect().is_empty()
    assert not (without.folder / "bounds.parquet").exists()
    assert not (found.folder / "solve_curve.parquet").exists(), "no solver ran"
    assert values(without)["bound_pods"] is None


def test_a_solver_leaves_its_steps(tmp_path):
    found = run(tmp_path, pods("small", 5, "1500m") + pods("large", 3, "2500m"), "cp_sat")
    curve = found.table("solve_curve").collect()
    assert set(curve["solve"].to_list()) == set(range(found.solves.collect().height))
    for (_,), rows in curve.group_by(["solve"]):
        assert rows["deterministic_time"].is_sorted()
    assert (curve.filter(pl.col("stage").str.starts_with("placed"))
            .select((pl.col("objective") <= pl.col("bound")).all()).item())  # fmt: skip
