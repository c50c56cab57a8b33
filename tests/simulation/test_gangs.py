"""A whole scenario with two gangs: of one file, from a user's point of view."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from simk8s.scenario.load import load
from simk8s.simulation.build import Options
from simk8s.simulation.run import Outcome, run_scenario

GROUPS = "\n---\n".join(
    f"""apiVersion: scheduling.k8s.io/v1alpha2
kind: PodGroup
metadata: {{name: {name}}}
spec: {{schedulingPolicy: {{gang: {{minCount: 6}}}}}}"""
    for name in "ab"
)
JOB = """
  - name: {name}
    job:
      completions: 6
      parallelism: 6
      template:
        spec:
          schedulingGroup: {{podGroupName: {name}}}
          containers: [{{name: c, image: i, resources: {{requests: {{cpu: 900m}}}}}}]
    lifetime: 2m
"""


def run(folder: Path, gates: str, options: Options | None = None) -> Outcome:
    (folder / "groups.yaml").write_text(GROUPS)
    text = f"""
apiVersion: simk8s/v1
name: gangs
duration: 5m
nodes: [{{name: n, capacity: {{cpu: 1, memory: 4Gi}}, reserved: {{}}, count: 10}}]
strategy: {{name: kube_scheduler{gates}}}
workload:
  - manifests: [groups.yaml]
{JOB.format(name="a")}
{JOB.format(name="b")}
"""
    loaded = load(folder / "s.yaml", text=text)
    return run_scenario(loaded, out=folder / "out", audit=True, options=options)


def starts(outcome: Outcome) -> dict[str, list[float]]:
    pods = pl.read_parquet(outcome.folder / "pods.parquet")
    groups = pods.group_by(pl.col("workload").cast(pl.String)).agg(pl.col("scheduled_us") / 1e6)
    return {name: sorted(times) for name, times in groups.iter_rows()}


def test_gangs_take_turns_where_pods_would_interleave(tmp_path: Path) -> None:
    found = starts(run(tmp_path, ", featureGates: {GangScheduling: true}"))
    first, second = sorted(found.values())
    assert first[-1] < 1
    assert second[0] > 120, "not one pod of the second before the first is done"
    assert second[-1] - second[0] < 0.001
    loose = starts(run(tmp_path, ""))
    early = [sum(t < 1 for t in times) for times in loose.values()]
    assert sorted(early) == [4, 6], "without the gate four pods hold nodes and wait for two"


@pytest.mark.parametrize("gates", [", featureGates: {GangScheduling: true}", ""])
def test_explaining_changes_nothing(tmp_path: Path, gates: str) -> None:
    from simk8s.scenario.podnames import PodSelector

    plain = run(tmp_path, gates).manifest.digest
    assert plain == run(tmp_path, gates).manifest.digest
    selector = PodSelector.parse("b-*")
    assert run(tmp_path, gates, Options(explain=selector)).manifest.digest == plain
