"""Runs that begin with a live cluster: nothing is made twice, everything goes on."""

from __future__ import annotations

import polars as pl
import pytest

from simk8s.nodes.knowledge import machines
from simk8s.results.quantities import expression
from simk8s.scenario.load import load
from simk8s.schema.kpis import STARTUP
from simk8s.simulation.build import Options, build
from simk8s.simulation.run import run_scenario
from simk8s.state.deployments import DEPLOYMENTS
from simk8s.state.pods import PENDING, RUNNING
from simk8s.state.workloads import JOBS, REPLICASETS
from tests.dump import Dump, template_of

SCENARIO = """
apiVersion: simk8s/v1
name: live
duration: 10m
nodes: [{manifests: [dump.json]}]
workload:
  - {name: cluster, manifests: [dump.json]}
"""


@pytest.fixture
def cluster(tmp_path):
    def make(dump, more=""):
        (tmp_path / "dump.json").write_text(dump.text(), "utf-8")
        return load(tmp_path / "s.yaml", knowledge=machines(), text=SCENARIO + more)

    return make


def whole() -> Dump:
    dump = Dump()
    dump.node("n-0")
    dump.node("n-1", taints=[{"key": "gone", "effect": "PreferNoSchedule"}])
    dump.node("n-2", unschedulable=True)
    dump.deployment("web", ["n-0", "n-1", "n-2"])
    dump.statefulset("db", ["n-0", "n-1"])
    dump.daemonset("agent", ["n-0", "n-1", "n-2"])
    dump.job("sum", ["n-1"], succeeded=2, completions=4)
    mirror = {"kubernetes.io/config.mirror": "x"}
    dump.pod("etcd-n-0", template_of("etcd"), node="n-0", notes=mirror)
    dump.pod("lone", template_of("lone"), phase="Pending")
    return dump


def test_a_whole_cluster_goes_on_as_it_was(cluster, tmp_path):
    loaded = cluster(whole())
    assert list(loaded.problems) == []
    outcome = run_scenario(loaded, out=tmp_path / "out", audit=True, options=Options())
    assert outcome.manifest.warnings == []
    pods = pl.read_parquet(tmp_path / "out" / "pods.parquet")
    old = pods.filter(pl.col("created_us") == 0).sort("name")
    nodes = dict(old.select("name", "node").iter_rows())
    assert nodes == {
        **{f"web-new-{n}": f"n-{n}" for n in range(3)},
        **{f"db-{n}": f"n-{n}" for n in range(2)},
        **{f"agent-n-{n}": f"n-{n}" for n in range(3)},
        "sum-run0": "n-1",
        "etcd-n-0": "n-0",
        "lone": nodes["lone"],
    }
    assert nodes["lone"] in ("n-0", "n-1")
    young = pods.filter(pl.col("created_us") > 0)
    # Of four completions two were done and one was running: one pod is left to make.
    assert young["owner"].to_list() == ["Job/sum"]
    assert pods.filter(pl.col("phase") == "succeeded")["owner"].to_list() == ["Job/sum"] * 2
    assert pods.filter(pl.col("phase") == "running").height == old.height - 1
    # Nobody started what ran already: only two pods have a startup.
    counted = pods.select(expression(STARTUP).alias("us"))
    assert counted.height == 2
    assert counted["us"].min() > 0


def test_controllers_that_find_all_right_write_nothing(cluster):
    dump = Dump()
    for name in ("n-0", "n-1"):
        dump.node(name)
    dump.deployment("web", ["n-0", "n-1", "n-1"])
    dump.statefulset("db", ["n-0", "n-1"])
    dump.daemonset("agent", ["n-0", "n-1"])
    world = build(cluster(dump), seed=1, horizon_us=60_000_000, options=Options())
    before = world.store.objects(DEPLOYMENTS).get("shop/web")
    world.start()
    world.clock.run(60_000_000)
    after = world.store.objects(DEPLOYMENTS).get("shop/web")
    assert (after.version, after.value.revision) == (before.version, 2)
    assert list(world.store.objects(REPLICASETS).keys()) == ["shop/web-old", "shop/web-new"]
    assert world.store.created == 7
    phases = [world.cluster.pods.phase[pod] for pod in range(7)]
    assert phases == [RUNNING] * 7


def test_a_rollout_goes_on_from_the_adopted_replicasets(cluster):
    dump = Dump()
    dump.node("n-0")
    made = dump.deployment("web", ["n-0", "n-0"])
    made["spec"]["template"]["spec"]["containers"][0]["image"] = "app:2"
    world = build(cluster(dump), seed=1, horizon_us=300_000_000, options=Options())
    world.start()
    world.clock.run(300_000_000)
    sizes = [one.value.replicas for _, one in world.store.objects(REPLICASETS).items()]
    assert sizes == [0, 0, 2]
    assert world.store.objects(DEPLOYMENTS).get("shop/web").value.revision == 3


def test_pods_without_their_owner_stand_alone(cluster):
    dump = Dump()
    dump.node("n-0")
    owner = {
        "apiVersion": "example.org/v1",
        "kind": "Rollout",
        "metadata": {"name": "x", "uid": "u"},
    }
    dump.pod("x-1", template_of("x"), owner, node="n-0")
    dump.pod("lost", template_of("x"), node="n-9")
    world = build(cluster(dump), seed=1, horizon_us=1, options=Options())
    assert world.cluster.pods.owner[0] == -1
    assert world.writer.refusals == ["Pod shop/lost is left out: no node 'n-9'"]
    assert world.cluster.nodes.free_at[0][0] == 3_900


def test_what_a_node_says_is_what_it_is(cluster):
    dump = Dump()
    dump.node("n-0", cpu="3500m", unschedulable=True, taints=[{"key": "k", "effect": "NoExecute"}])
    world = build(cluster(dump), seed=1, horizon_us=1, options=Options())
    (spec,) = world.cluster.nodes.specs
    assert (spec.name, spec.unschedulable, spec.taints[0].key) == ("n-0", True, "k")
    assert spec.allocatable[0] == 3_500
    assert spec.labels["pool"] == "main"
    assert spec.images


def test_bound_pods_that_had_not_started_do(cluster):
    dump = Dump()
    dump.node("n-0")
    dump.pod("a", template_of("a"), node="n-0", phase="Pending")
    world = build(cluster(dump), seed=1, horizon_us=60_000_000, options=Options())
    assert world.cluster.pods.phase[0] == PENDING
    world.start()
    world.clock.run(60_000_000)
    assert world.cluster.pods.phase[0] == RUNNING
    assert world.cluster.pods.running_us[0] > 0


def test_an_indexed_job_goes_on_with_the_indexes_that_are_left(cluster):
    dump = Dump()
    dump.node("n-0")
    job = dump.job("ix", ["n-0"], succeeded=1, completions=3)
    job["spec"]["completionMode"] = "Indexed"
    job["status"]["completedIndexes"] = "1"
    dump.items[-1]["metadata"]["name"] = "ix-2-abcde"
    world = build(cluster(dump), seed=1, horizon_us=600_000_000, options=Options())
    world.start()
    world.clock.run(600_000_000)
    status = world.store.objects(JOBS).get("shop/ix").value.status
    assert (status.condition, status.completed_indexes) == ("Complete", (0, 1, 2))
    assert world.store.created == 2


def test_a_node_that_was_not_ready_is_down(cluster):
    dump = Dump()
    dump.node("n-0")
    dump.node("n-1")["status"]["conditions"] = [{"type": "Ready", "status": "Unknown"}]
    dump.pod("a", template_of("a"), node="n-1")
    world = build(cluster(dump), seed=1, horizon_us=900_000_000, options=Options())
    assert world.store.ready == [True, False]
    world.start()
    world.clock.run(900_000_000)
    assert world.store.ready == [True, False]
    assert world.cluster.pods.deletion_us[0] > 0
