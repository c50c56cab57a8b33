"""Workload objects in whole runs, from manifests, with the audit."""

from __future__ import annotations

import polars as pl
import pytest

from simk8s.errors import UserError
from simk8s.nodes.knowledge import machines
from simk8s.scenario.load import load
from simk8s.simulation.build import Options
from simk8s.simulation.run import run_scenario

HEAD = """
apiVersion: simk8s/v1
name: workloads
seed: 3
duration: {duration}
nodes: [{{capacity: {{cpu: "4", memory: 16Gi}}, count: {nodes}, zones: [a]}}]
strategy: {strategy}
workload:
  - {{name: own, manifests: [m.yaml]}}
"""
SPEC = "containers: [{name: a, image: x, resources: {requests: {cpu: 100m, memory: 64Mi}}}]"


def run(folder, text, *, nodes=4, duration="10m", strategy="kube_scheduler"):
    """Pods, and warnings, of a finished run of these manifests."""
    (folder / "m.yaml").write_text(text, encoding="utf-8")
    scenario = HEAD.format(nodes=nodes, duration=duration, strategy=strategy)
    loaded = load(folder / "s.yaml", knowledge=machines(), text=scenario)
    assert list(loaded.problems) == [], [str(p) for p in loaded.problems]
    out = folder / strategy
    outcome = run_scenario(loaded, out=out, audit=True, options=Options())
    return pl.read_parquet(out / "pods.parquet"), outcome.manifest.warnings


STATEFULSET = f"""
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: db}}
spec:
  replicas: 3
  serviceName: db
  selector: {{matchLabels: {{app: db}}}}
  template: {{metadata: {{labels: {{app: db}}}}, spec: {{{SPEC}}}}}
  volumeClaimTemplates:
  - metadata: {{name: data}}
    spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}}}
"""


def test_a_statefulset_comes_up_in_order(tmp_path):
    pods, warnings = run(tmp_path, STATEFULSET)
    assert warnings == []
    pods = pods.sort("created_us")
    assert pods["name"].to_list() == ["db-0", "db-1", "db-2"]
    running = pods["running_us"].to_list()
    assert all(b > a for a, b in zip(running, pods["created_us"].to_list()[1:], strict=False))


DAEMONSET = f"""
apiVersion: apps/v1
kind: DaemonSet
metadata: {{name: agent}}
spec:
  selector: {{matchLabels: {{app: agent}}}}
  template: {{metadata: {{labels: {{app: agent}}}}, spec: {{{SPEC}}}}}
"""


@pytest.mark.parametrize("strategy", ["kube_scheduler", "most_allocated", "first_fit", "cp_sat"])
@pytest.mark.parametrize("nodes", [7, 130])
def test_every_strategy_leaves_a_daemon_on_its_node(tmp_path, strategy, nodes):
    if strategy == "cp_sat" and nodes > 10:
        pytest.skip("a solve of 130 different pods says nothing more")
    pods, warnings = run(tmp_path, DAEMONSET, nodes=nodes, strategy=strategy)
    assert warnings == []
    assert len(pods) == nodes
    assert pods["node"].n_unique() == nodes
    assert pods["node"].null_count() == 0


FULL = DAEMONSET.replace("100m", "3")
FILLER = f"""
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {{name: filler}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: filler}}}}
  template: {{metadata: {{labels: {{app: filler}}}}, spec: {{{SPEC.replace("100m", "2")}}}}}
"""


def test_a_daemon_waits_for_room_on_its_own_node(tmp_path):
    big = FULL.replace("cpu: 3", 'cpu: "3"')
    pods, _ = run(tmp_path, FILLER.replace("cpu: 2", 'cpu: "2"') + "---\n" + big, nodes=3)
    daemons = pods.filter(pl.col("owner") == "DaemonSet/agent")
    fillers = pods.filter(pl.col("owner") == "ReplicaSet/filler")
    assert len(daemons) == 3
    assert daemons["node"].null_count() == fillers["node"].n_unique()


JOBS = f"""
apiVersion: batch/v1
kind: Job
metadata: {{name: batch}}
spec:
  completions: 4
  parallelism: 2
  completionMode: Indexed
  ttlSecondsAfterFinished: 120
  template: {{spec: {{restartPolicy: Never, {SPEC}}}}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {{name: tick}}
spec:
  schedule: "*/5 * * * *"
  jobTemplate: {{spec: {{template: {{spec: {{restartPolicy: Never, {SPEC}}}}}}}}}
---
apiVersion: v1
kind: ReplicationController
metadata: {{name: old}}
spec:
  replicas: 2
  selector: {{app: old}}
  template: {{metadata: {{labels: {{app: old}}}}, spec: {{{SPEC}}}}}
"""


def test_jobs_cronjobs_and_replicationcontrollers(tmp_path):
    ends = JOBS.replace(
        "template: {spec: {restartPolicy",
        'template: {metadata: {annotations: {simk8s.io/run-seconds: "20"}}, spec: {restartPolicy',
    )
    pods, warnings = run(tmp_path, ends, duration="31m")
    assert warnings == []
    owners = dict(pods.group_by("owner").len().iter_rows())
    assert owners["Job/batch"] == 4
    assert owners["ReplicationController/old"] == 2
    ticks = sorted(name for name in owners if name.startswith("Job/tick-"))
    assert len(ticks) == 6
    assert int(ticks[1].rpartition("-")[2]) - int(ticks[0].rpartition("-")[2]) == 5


BAD = [
    (STATEFULSET.replace("serviceName: db", "podManagementPolicy: Sometimes"), "OrderedReady"),
    (STATEFULSET.replace("replicas: 3", "replicas: -3"), "not negative"),
    (JOBS.replace('"*/5 * * * *"', '"61 * * * *"'), "minute"),
    (JOBS.replace("completions: 4", "manualSelector: true"), "needs completions"),
]


@pytest.mark.parametrize(("text", "words"), BAD)
def test_what_is_wrong_is_told_with_its_place(tmp_path, text, words):
    (tmp_path / "m.yaml").write_text(text, encoding="utf-8")
    scenario = HEAD.format(nodes=2, duration="1m", strategy="kube_scheduler")
    with pytest.raises(UserError) as caught:
        load(tmp_path / "s.yaml", knowledge=machines(), text=scenario)
    problems = [str(problem) for problem in caught.value.problems]
    assert any(words in problem and "m.yaml:" in problem for problem in problems), problems


@pytest.mark.parametrize(
    ("profile", "deployments", "replicas"), [("large-5000", 40, 15), ("instant", 1_000, 2)]
)
def test_deployments_converge(tmp_path, profile, deployments, replicas):
    """The scaled-down case of `benchmarks.deployments`: each Deployment's status says complete."""
    from benchmarks.deployments import write
    from simk8s.simulation.build import build
    from simk8s.state.deployments import DEPLOYMENTS

    path = write(tmp_path, profile, deployments, 60, 1_000, replicas)
    loaded = load(path, knowledge=machines())
    world = build(loaded, seed=1, horizon_us=60_000_000, options=Options())
    world.start()
    world.clock.run(60_000_000)
    done = [stored.value.status for _, stored in world.store.objects(DEPLOYMENTS).items()]
    assert len(done) == deployments
    assert {(one.replicas, one.updated, one.available) for one in done} == {(replicas,) * 3}
    assert {one.progress.reason for one in done} == {"NewReplicaSetAvailable"}
