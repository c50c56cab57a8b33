"""The table of queues: from a run to KPIs and the panel."""

from __future__ import annotations

from pathlib import Path

import pytest

from simk8s import Scenario, run
from simk8s.report.panels.quotas import Quotas
from simk8s.results import queues
from simk8s.results.results import Results

SCENARIO = """
apiVersion: simk8s/v1
name: queues
duration: 2h
nodes: [{count: 1, capacity: {cpu: "8", memory: 64Gi}}]
controlPlane: {profile: instant}
sampling: {interval: 30s}
strategy:
  name: quota_queues
  clusterQueues:
    - {name: a, cohort: all, resources: {cpu: 2, memory: 8Gi}}
    - {name: b, cohort: all, resources: {cpu: 2, memory: 8Gi},
       preemption: {reclaimWithinCohort: Any}}
  localQueues: {one/*: a, two/*: b}
workload:
  - {name: first, namespace: one, job: {completions: 1, template: {spec: {
      terminationGracePeriodSeconds: 0, containers: [
      {name: a, resources: {requests: {cpu: "4"}}}]}}}, lifetime: 60m}
  - {name: second, namespace: two, job: {completions: 1, template: {spec: {containers: [
      {name: a, resources: {requests: {cpu: "2"}}}]}}}, lifetime: 30m, at: 10m}
"""


def test_what_was_borrowed_and_who_had_to_go(tmp_path: Path) -> None:
    result = run(Scenario.parse(SCENARIO), out=tmp_path / "run")
    results = Results.open(tmp_path / "run")
    found = {row["queue"]: row for row in queues.once(results).iter_rows(named=True)}
    # a has 4 of its 2 CPUs for 10 minutes, then b's 30 minutes, then 4 again for an hour
    assert (found["a"]["admitted"], found["a"]["evicted"], found["a"]["peak"]) == (2, 1, 4_000)
    assert found["a"]["borrowed"] == pytest.approx(2_000 * 70 / 120, rel=0.02)
    assert found["a"]["used"] == pytest.approx(4_000 * 70 / 120, rel=0.02)
    assert (found["b"]["admitted"], found["b"]["evicted"], found["b"]["peak"]) == (1, 0, 2_000)
    minutes = (found["a"]["wait_us"] / 6e7, found["b"]["wait_us"] / 6e7)
    assert minutes == pytest.approx((15, 0), abs=0.5)
    assert result.kpis["workloads_evicted"] == 1
    assert result.kpis["admission_wait_us"] == pytest.approx(10 * 6e7, rel=0.05)
    assert result.kpis["admission_fairness"] == pytest.approx(0.5, abs=0.01)
    block = Quotas().render(results)
    assert block is not None
    assert "15 min" in block.html or "14." in block.html


def test_there_is_no_table_without_queues(tmp_path: Path) -> None:
    text = SCENARIO.split("strategy:")[0] + "workload:" + SCENARIO.split("workload:")[1]
    result = run(Scenario.parse(text), out=tmp_path / "run")
    assert not (tmp_path / "run" / "queues.parquet").exists()
    assert "workloads_evicted" not in {name for name, value in result.kpis.items() if value}
    assert Quotas().render(Results.open(tmp_path / "run")) is None
