"""kube_scheduler as a scenario configures it: profiles, sampling, settings, files."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import polars as pl
import pytest

from simk8s.cli import main as entry
from simk8s.errors import UserError
from simk8s.nodes.knowledge import machines
from simk8s.results.results import Results
from simk8s.scenario.load import Loaded, load
from simk8s.simulation.build import Options, build
from simk8s.simulation.run import run_scenario

CONFIG = """\
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
podInitialBackoffSeconds: 2
podMaxBackoffSeconds: 30
clientConnection: {qps: 500, burst: 600}
profiles:
  - schedulerName: default-scheduler
  - schedulerName: packer
    pluginConfig:
      - name: NodeResourcesFit
        args: {scoringStrategy: {type: MostAllocated}}
    plugins:
      score: {disabled: [{name: NodeResourcesBalancedAllocation}, {name: PodTopologySpread}]}
      postFilter: {disabled: [{name: DefaultPreemption}]}
"""


def scenario(folder: Path, strategy: str, names: list[str], nodes: int = 4) -> Loaded:
    entries = "".join(
        f"""
          - name: {name}
            replicaSet:
              replicas: 8
              template:
                spec:
                  schedulerName: {name}
                  containers: [{{name: c, resources: {{requests: {{cpu: 400m, memory: 1Gi}}}}}}]"""
        for name in names
    )
    text = f"""\
        apiVersion: simk8s/v1
        name: profiles
        duration: 2m
        nodes: [{{profile: m5.xlarge, count: {nodes}}}]
        workload:{entries}
        strategy: {strategy}
        """
    path = folder / "profiles.yaml"
    path.write_text(dedent(text), encoding="utf-8")
    return load(path, knowledge=machines())


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "scheduler.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


WITH = "{name: kube_scheduler, config: scheduler.yaml}"


def nodes_used(folder: Path, loaded: Loaded) -> dict[str, int]:
    run_scenario(loaded, out=folder / "out")
    pods = Results.open(folder / "out").pods
    counted = pods.group_by("workload").agg(pl.col("node").drop_nulls().n_unique())
    return dict(counted.collect().rows())


def test_a_pod_chooses_its_profile_and_others_stay_pending(tmp_path: Path, config: Path) -> None:
    loaded = scenario(tmp_path, WITH, ["packer", "elsewhere"])
    assert nodes_used(tmp_path, loaded) == {"packer": 1, "elsewhere": 0}
    decided = Results.open(tmp_path / "out").decisions.collect()
    assert decided.height == 8, "nobody tried the other scheduler's pods"


def test_the_default_profile_spreads(tmp_path: Path, config: Path) -> None:
    loaded = scenario(tmp_path, WITH, ["default-scheduler"])
    assert nodes_used(tmp_path, loaded) == {"default-scheduler": 4}


def test_settings_reach_the_scheduler(tmp_path: Path, config: Path) -> None:
    loaded = scenario(tmp_path, WITH, ["packer"])
    world = build(loaded, seed=0, horizon_us=1, options=Options())
    queue = world.scheduler.queue
    assert (queue._initial_us, queue._max_us) == (2_000_000, 30_000_000)


@pytest.mark.parametrize(
    ("percentage", "evaluated"), [("", 100), (", percentageOfNodesToScore: 100", 200)]
)
def test_time_is_charged_for_the_nodes_looked_at(
    tmp_path: Path, percentage: str, evaluated: int
) -> None:
    strategy = f"{{name: kube_scheduler{percentage}}}"
    loaded = scenario(tmp_path, strategy, ["default-scheduler"], nodes=200)
    run_scenario(loaded, out=tmp_path / "out")
    decisions = Results.open(tmp_path / "out").decisions.collect()
    assert set(decisions["feasible"]) == {evaluated}
    world = build(loaded, seed=0, horizon_us=1, options=Options())
    # On top of that: what the default spreading of ReplicaSets reads.
    least = world.scheduler._times.cycle_us(evaluated)
    assert all(least <= taken <= least + 60 for taken in decisions["service_us"])


def test_the_file_is_part_of_the_hash(tmp_path: Path, config: Path) -> None:
    before = scenario(tmp_path, WITH, ["packer"]).hash
    assert scenario(tmp_path, WITH, ["packer"]).hash == before
    config.write_text(CONFIG.replace("30", "40"), encoding="utf-8")
    assert scenario(tmp_path, WITH, ["packer"]).hash != before


def test_problems_of_the_file_are_problems_of_the_scenario(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(CONFIG.replace("MostAllocated", "MostAlocated"), encoding="utf-8")
    with pytest.raises(UserError) as caught:
        scenario(tmp_path, WITH, ["packer"])
    (problem,) = caught.value.problems
    assert str(problem.place).endswith("scheduler.yaml:11:40")
    assert problem.hint == "did you mean 'MostAllocated'?"
    assert entry.main(["validate", str(tmp_path / "profiles.yaml")]) == 2
    assert "scheduler.yaml:11:40" in capsys.readouterr().err


def test_a_missing_file_and_a_wrong_rule(tmp_path: Path, config: Path) -> None:
    with pytest.raises(UserError) as caught:
        scenario(tmp_path, "{name: kube_scheduler, config: schedular.yaml}", ["packer"])
    (problem,) = caught.value.problems
    assert problem.code == "E303"
    assert problem.hint == "did you mean 'scheduler.yaml'?"
    with pytest.raises(UserError, match="as_v1_36"):
        scenario(tmp_path, "{name: kube_scheduler, ties: as_v1_35}", ["packer"])


def test_a_plugin_that_cannot_filter_is_the_users_mistake(tmp_path: Path, config: Path) -> None:
    text = CONFIG.replace(
        "score: {disabled", "filter: {enabled: [{name: BestFit}]}\n      score: {disabled"
    )
    config.write_text(text, encoding="utf-8")
    loaded = scenario(tmp_path, WITH, ["packer"])
    with pytest.raises(UserError, match="best_fit does not filter"):
        build(loaded, seed=0, horizon_us=1, options=Options())


def test_validating_imports_no_numpy() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from simk8s.catalog import params_of; "
        "params_of('strategies', 'kube_scheduler'); import simk8s.scenario.scheduler_config; "
        "assert 'numpy' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
