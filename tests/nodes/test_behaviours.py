"""What pods do by rules and by chance: one draw a pod, no other draw moved, the same every time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from simk8s.kernel.streams import Streams
from simk8s.nodes.behaviours import Behaviour, Behaviours, Lots, planned
from simk8s.nodes.probes import NEVER, Probe, Probes, Run, outlook
from simk8s.scenario.behaviour import BehaviourRule, Traits
from simk8s.scenario.usage import Level
from simk8s.simulation.build import Options, build
from simk8s.simulation.run import run_scenario
from simk8s.state.cluster import Cluster
from simk8s.state.pods import Phase
from tests.simulation.scenarios import loaded

SECOND, MINUTE = 1_000_000, 60_000_000


def said(**values: Any) -> Traits:
    return Traits.model_validate(values)


def test_what_is_constant_is_never_drawn() -> None:
    acts, varied = planned(said(lifetime="5m", startup="2s", exitCode=3))
    assert varied is None
    assert acts == Behaviour(lifetime_us=5 * MINUTE, startup_us=2 * SECOND, exit_code=3)


def test_a_draw_goes_by_its_name_alone() -> None:
    lots = Lots(7)
    first = lots.draw("a").random(3).tolist()
    lots.draw("b").standard_normal(5)
    assert lots.draw("a").random(3).tolist() == first
    assert Lots(8).draw("a").random(3).tolist() != first


def test_draws_of_many_names_are_uniform() -> None:
    lots = Lots(1)
    found = np.array([lots.draw(f"pod-{number}").random() for number in range(4_000)])
    assert abs(found.mean() - 0.5) < 0.02
    assert abs(np.corrcoef(found[:-1], found[1:])[0, 1]) < 0.05


def test_lifetime_is_drawn_for_the_pod_and_startup_for_each_start() -> None:
    law = {"uniform": {"min": "1s", "max": "100s"}}
    _, varied = planned(said(lifetime=law, startup=law))
    assert varied is not None
    lots = Lots(3)
    one, two, other = varied.at(lots, "p", 0), varied.at(lots, "p", 1), varied.at(lots, "q", 0)
    assert one.lifetime_us == two.lifetime_us != other.lifetime_us
    assert len({one.startup_us, two.startup_us, other.startup_us}) == 3
    assert varied.at(lots, "p", 0) == one


def test_a_further_value_leaves_the_draws_of_the_others() -> None:
    law = {"exponential": {"mean": "1m"}}
    _, few = planned(said(lifetime=law))
    _, many = planned(said(startup=law, lifetime=law, stop=law, failureRate=0.5))
    assert few is not None
    assert many is not None
    assert few.at(Lots(3), "p", 0).lifetime_us == many.at(Lots(3), "p", 0).lifetime_us


def test_the_share_of_starts_that_fail() -> None:
    _, varied = planned(said(failureRate=0.2, startup="4s"))
    assert varied is not None
    lots = Lots(5)
    found = [varied.at(lots, "p", start).crash_us for start in range(2_000)]
    assert set(found) == {NEVER, 4 * SECOND}
    assert abs(found.count(4 * SECOND) / 2_000 - 0.2) < 0.03


@pytest.mark.parametrize(("rate", "crash_us"), [(0, NEVER), (1, 30 * SECOND)])
def test_a_rate_of_nothing_and_of_everything(rate: float, crash_us: int) -> None:
    _, varied = planned(said(failureRate=rate, crashAfter="30s"))
    assert varied is not None
    assert varied.at(Lots(1), "p", 0).crash_us == crash_us


def test_readiness_can_be_later_than_startup() -> None:
    probe = Probe(period_us=SECOND)
    run = Run(0, 0, 0, 2 * SECOND, ready_us=5 * SECOND)
    assert outlook(Probes(readiness=probe), run).ready_us == 5 * SECOND
    assert outlook(Probes(startup=probe), run).ready_us == 2 * SECOND
    assert outlook(Probes(readiness=probe), run._replace(ready_us=SECOND)).ready_us == 2 * SECOND


def test_rules_tell_workloads_of_one_template_apart() -> None:
    cluster = Cluster()
    template = cluster.templates.parse({"spec": {"containers": [{"name": "c"}]}}, "default")
    first, second = cluster.workload("a"), cluster.workload("b")
    cluster.origins[second] = ("Job", "etl")
    for workload in (first, second):
        cluster.pods.extend(1, template=template.id, workload=workload)
    rules = [
        BehaviourRule.model_validate({"workload": "a", "stop": "1s", "usage": {"cpu": "100m"}}),
        BehaviourRule.model_validate({"kind": "Job", "name": "etl", "stop": "2s"}),
    ]
    found = Behaviours(cluster, Streams(1).seed, rules)
    assert [found.of(pod).stop.law for pod in (0, 1)] == [SECOND, 2 * SECOND]  # type: ignore[union-attr]
    usage = found.usage_of(0)
    assert usage is not None
    assert usage.cpu is not None
    assert usage.cpu.constant == Level(100)
    assert found.usage_of(1) is None
    assert found.name_of(0) != found.name_of(1)


WHOLE = """
apiVersion: simk8s/v1
name: whole
seed: 4
duration: 20m
nodes: [{profile: m5.4xlarge, count: 3}]
workload:
  - name: etl
    job:
      {completions: 8, parallelism: 4, backoffLimit: 99,
       template: {spec: {containers: [{name: c}]}}}
  - name: web
    arrivals: {poisson: {rate: 2/min}}
    lifetime: {exponential: {mean: 10m}}
    template: {spec: {containers: [{name: c}]}}
"""
RULES = """
behaviour:
  - {kind: Job, lifetime: {uniform: {min: 1m, max: 2m}}, failureRate: 0.4}
"""


def pods(tmp_path: Path, text: str, name: str, **overrides: str) -> tuple[pl.DataFrame, str]:
    outcome = run_scenario(loaded(text, **overrides), out=tmp_path / name, audit=True)
    frame = pl.read_parquet(tmp_path / name / "pods.parquet")
    return frame.with_columns(ran=pl.col("finished_us") - pl.col("started_us")), (
        outcome.manifest.digest
    )


def test_a_job_of_pods_that_fail_and_end(tmp_path: Path) -> None:
    found, digest = pods(tmp_path, WHOLE + RULES, "a")
    job = found.filter(pl.col("workload") == "etl")
    good, bad = (job.filter(pl.col("phase") == phase)["ran"] for phase in ("succeeded", "failed"))
    assert len(good) == 8
    assert len(bad) > 0
    assert good.min() >= 60 * SECOND  # type: ignore[operator]
    assert good.max() <= 123 * SECOND  # type: ignore[operator]
    assert good.n_unique() == 8
    assert bad.max() < 3 * SECOND  # type: ignore[operator]
    assert pods(tmp_path, WHOLE + RULES, "b")[1] == digest


def test_rules_move_no_draw_of_the_others(tmp_path: Path) -> None:
    """The times of commits differ by the load alone, lives by it and the relists."""
    one, other = (
        pods(tmp_path, text, name)[0].filter(pl.col("workload") == "web")
        for text, name in ((WHOLE, "a"), (WHOLE + RULES, "b"))
    )
    assert one["name"].equals(other["name"])
    assert one.height > 20
    assert (one["created_us"] - other["created_us"]).abs().max() < SECOND  # type: ignore[operator]
    assert (one["ran"] - other["ran"]).abs().max() < 3 * SECOND  # type: ignore[operator]


def test_strategies_meet_the_same_lives(tmp_path: Path) -> None:
    lives = []
    for strategy in ("kube_scheduler", "most_allocated"):
        frame, _ = pods(tmp_path, WHOLE + RULES, strategy, strategy=strategy)
        etl = frame.filter(pl.col("workload") == "etl", pl.col("phase") == "succeeded")
        lives.append((etl["ran"] // (3 * SECOND)).to_list())
    assert len(lives[0]) == len(lives[1]) == 8


def test_an_annotation_comes_before_a_rule(tmp_path: Path) -> None:
    notes = 'metadata: {annotations: {"simk8s.io/lifetime": 10s}}, spec: {containers: [{name: c}]}'
    text = WHOLE.replace("{spec: {containers: [{name: c}]}}}\n", f"{{{notes}}}}}\n", 1)
    found, _ = pods(tmp_path, text + "behaviour: [{kind: Job, lifetime: 20m}]", "a")
    ran = found.filter(pl.col("workload") == "etl")["ran"]
    assert len(ran) == 8
    assert ran.max() <= 13 * SECOND  # type: ignore[operator]


def test_failed_pods_tell_their_exit_code_to_a_pod_failure_policy(tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text(
        """
apiVersion: batch/v1
kind: Job
metadata: {name: etl}
spec:
  backoffLimit: 50
  podFailurePolicy:
    rules: [{action: FailJob, onExitCodes: {operator: In, values: [42]}}]
  template: {spec: {restartPolicy: Never, containers: [{name: c}]}}
"""
    )
    scenario = f"""
apiVersion: simk8s/v1
name: policy
duration: 10m
nodes: [{{profile: m5.4xlarge, count: 1}}]
workload: [{{manifests: [{tmp_path / "job.yaml"}]}}]
behaviour: [{{kind: Job, runDuration: 10s, exitCode: 42}}]
"""
    assert pods(tmp_path, scenario, "a")[0].height == 1
    retried, _ = pods(tmp_path, scenario.replace("exitCode: 42", "exitCode: 41"), "b")
    assert retried.height > 3


def test_pods_of_their_own_have_draws_of_their_own(tmp_path: Path) -> None:
    pod = (
        "{{apiVersion: v1, kind: Pod, metadata: {{name: {}}}, spec: {{containers: [{{name: c}}]}}}}"
    )
    text = "\n---\n".join(pod.format(f"p{number}") for number in range(6))
    (tmp_path / "pods.yaml").write_text(text)
    scenario = f"""
apiVersion: simk8s/v1
name: own
duration: 10m
nodes: [{{profile: m5.4xlarge, count: 1}}]
workload: [{{manifests: [{tmp_path / "pods.yaml"}]}}]
behaviour: [{{kind: Pod, name: "p*", lifetime: {{uniform: {{min: 1m, max: 5m}}}}, stop: 1s}}]
"""
    world = build(loaded(scenario), seed=1, horizon_us=10 * MINUTE, options=Options())
    world.start()
    world.clock.run(2 * MINUTE)
    lives = world.kubelets._lives
    table = world.cluster.pods
    assert len(set(table.lifetime_us)) == len(table) == 6
    alive = [row for row in range(6) if table.phase[row] == Phase.RUNNING]
    assert 0 < len(alive) < 6
    assert set(alive) <= set(lives.own)
    world.clock.run(10 * MINUTE)
    assert all(table.phase[row] == Phase.SUCCEEDED for row in range(6))
