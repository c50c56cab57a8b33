"""Availability in whole runs: by hand where nothing takes time, and against a recount."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from simk8s.nodes.knowledge import machines
from simk8s.scenario.load import load
from simk8s.schema.damage import DAMAGE
from simk8s.simulation.build import Options, build
from simk8s.simulation.run import run_scenario
from simk8s.state.deployments import DEPLOYMENTS
from simk8s.state.pods import NEVER
from simk8s.state.statefulsets import STATEFULSETS
from simk8s.state.workloads import REPLICASETS

SECOND = 1_000_000
SPEC = "containers: [{name: a, image: x, resources: {requests: {cpu: 100m, memory: 64Mi}}}]"
HEAD = """
apiVersion: simk8s/v1
name: replicas
seed: {seed}
duration: {duration}
nodes: [{{name: n, capacity: {{cpu: "4", memory: 16Gi}}, count: 6, zones: [a, b, c]}}]
controlPlane: {{profile: {profile}}}
workload:
{workload}
{more}
"""
REPLICASET = f"""
  - name: web
    replicaSet: {{replicas: 6, template: {{metadata: {{labels: {{app: web}}}}, spec: {{{SPEC}}}}}}}
"""
MANIFESTS = "  - {name: own, manifests: [m.yaml]}"
STATEFULSET = f"""
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: db}}
spec:
  replicas: 3
  serviceName: db
  podManagementPolicy: Parallel
  selector: {{matchLabels: {{app: db}}}}
  template: {{metadata: {{labels: {{app: db}}}}, spec: {{{SPEC}}}}}
  volumeClaimTemplates:
  - metadata: {{name: data}}
    spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}}}
"""
DAEMONSET = f"""
apiVersion: apps/v1
kind: DaemonSet
metadata: {{name: agent}}
spec:
  selector: {{matchLabels: {{app: agent}}}}
  template: {{metadata: {{labels: {{app: agent}}}}, spec: {{{SPEC}}}}}
"""
JOB = f"""
apiVersion: batch/v1
kind: Job
metadata: {{name: crunch}}
spec:
  completions: 6
  parallelism: 6
  template: {{metadata: {{labels: {{app: crunch}}}}, spec: {{restartPolicy: Never, {SPEC}}}}}
"""


def scenario(folder, workload, *, more="", manifests="", profile="instant", duration="1h", seed=1):
    (folder / "m.yaml").write_text(manifests or STATEFULSET, encoding="utf-8")
    text = HEAD.format(workload=workload, more=more, profile=profile, duration=duration, seed=seed)
    return load(folder / "s.yaml", knowledge=machines(), text=text)


def run(folder: Path, workload: str, **options: str) -> dict[str, pl.DataFrame]:
    """The tables of a finished run."""
    out = folder / "out"
    run_scenario(scenario(folder, workload, **options), out=out, audit=True, options=Options())
    return {path.stem: pl.read_parquet(path) for path in out.glob("*.parquet")}


def one(frame: pl.DataFrame, **which: object) -> dict[str, object]:
    found = frame.filter(**which)
    assert len(found) == 1, found
    return found.row(0, named=True)


OUTAGE = "faults: [{zoneOutage: {zone: a, at: 10m, for: 40m}}]"


def test_a_zone_outage_to_the_microsecond(tmp_path):
    """Six replicas, two a zone. Where nothing takes time but a scheduling cycle (1 us), the first
    is there after 1 us, the last after 6; and a replacement 1 us after a pod was deleted, which is
    300 s after its node got the NoExecute taint.
    """
    tables = run(tmp_path, REPLICASET, more=OUTAGE)
    pods, faults = tables["pods"], tables["faults"]
    down = pods.filter(pl.col("lost_cause") == "taint_eviction")
    tainted = dict(faults.filter(phase="tainted").select("target", "t_us").rows())
    assert len(down) == 2
    gone = sorted(tainted[node] + 300 * SECOND + 1 for node in down["node"])
    missed = sum(gone) - 2 * 600 * SECOND
    web, dip = one(tables["availability"]), one(tables["dips"], kind="damage")
    assert (web["created_us"], web["complete_us"]) == (0, 6)
    assert (web["kind"], web["name"], web["workload"]) == ("ReplicaSet", "web", "web")
    assert (web["desired"], web["available"], web["startup_us"]) == (6, 6, 21)
    assert web["desired_us"] == 6 * (3600 * SECOND - 6)
    assert web["unavailable_us"] == dip["missed_us"] == missed
    assert web["below_us"] == dip["recovery_us"] == gone[-1] - 600 * SECOND
    assert (web["worst"], web["worst_us"], web["dips"]) == (2, 600 * SECOND, 1)
    assert web["pods_lost"] == 2
    assert web["lost_work_us"] == down["lost_work_us"].sum()
    assert (dip["fault"], dip["target"], dip["fault_us"]) == ("zoneOutage", "a", 600 * SECOND)
    assert (dip["cause"], dip["fault_nodes"], dip["nodes"]) == (
        "node_lost", 2, down["node"].n_unique(),
    )  # fmt: skip
    seen = faults.filter(pl.col("target").is_in(down["node"].to_list()), phase="detected")
    assert dip["detected_us"] == seen["t_us"].min()
    assert (dip["replaced_us"], dip["end_us"]) == (gone[-1], gone[-1])
    steps = tables["dip_steps"].select("t_us", "desired", "available").rows()
    assert steps == [(600 * SECOND, 6, 4), (gone[0], 6, 5), (gone[1], 6, 6)]
    losses = tables["workload_losses"].rows()
    assert losses == [(0, "web", "taint_eviction", 2, web["lost_work_us"])]


def test_a_short_outage_ends_when_the_machine_is_back(tmp_path):
    more = "faults: [{zoneOutage: {zone: a, at: 10m, for: 30s}}]"
    tables = run(tmp_path, REPLICASET, more=more)
    dip = one(tables["dips"], kind="damage")
    assert (dip["missed_us"], dip["recovery_us"]) == (2 * 30 * SECOND, 30 * SECOND)
    assert (dip["detected_us"], dip["replaced_us"]) == (None, None), "nobody noticed"


def test_a_statefulset_waits_for_its_node_and_its_data_with_it(tmp_path):
    """One of its pods, which spread, is in the zone; once the machines are back it is made again,
    and takes a scheduling cycle of 1 us.
    """
    tables = run(tmp_path, MANIFESTS, more=OUTAGE)
    db, dip = one(tables["availability"]), one(tables["dips"], kind="damage")
    assert (dip["pods_hit"], dip["recovery_us"]) == (1, 2400 * SECOND + 1)
    assert db["data_out_us"] == db["unavailable_us"] == 2400 * SECOND + 1


def test_daemons_of_an_unreachable_node_are_missed_until_it_is_back(tmp_path):
    tables = run(tmp_path, MANIFESTS, more=OUTAGE, manifests=DAEMONSET)
    agent, dip = one(tables["availability"]), one(tables["dips"], kind="damage")
    assert (agent["desired"], agent["unavailable_us"]) == (6, 2 * 2400 * SECOND)
    assert (dip["outcome"], agent["data_out_us"]) == ("converged", None)


def test_work_of_a_job_is_lost_and_done_again(tmp_path):
    """Endless pods: six run, those of the zone are thrown away and run again until the end."""
    tables = run(tmp_path, MANIFESTS, more=OUTAGE, manifests=JOB)
    work = one(tables["work"])
    lost = tables["pods"].filter(pl.col("lost_cause").is_not_null())
    assert len(lost) == 2
    assert "availability" not in tables
    again = tables["pods"].filter(pl.col("created_us") > 600 * SECOND)
    ran = (3600 * SECOND - again["started_us"]).to_list()
    assert (work["jobs"], work["jobs_complete"], work["pods_wasted"]) == (1, 0, 2)
    assert work["wasted_us"] == lost["lost_work_us"].sum()
    thrown = lost["lost_work_us"].to_list()
    assert work["redone_us"] == sum(map(min, thrown, ran))
    whole = tables["pods"].filter(phase="running")
    assert work["run_us"] == work["wasted_us"] + (3600 * SECOND - whole["started_us"]).sum()


def test_a_budget_and_what_it_refused(tmp_path):
    more = """timeline:
  - at: 1m
    apply:
      apiVersion: policy/v1
      kind: PodDisruptionBudget
      metadata: {name: web}
      spec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}
  - {at: 5m, drain: {nodes: {zone: a}, parallel: 2, timeout: 20m}}
"""
    tables = run(tmp_path, REPLICASET, more=more, profile="small")
    budget = one(tables["disruptions"])
    evicted = tables["pods"].filter(lost_cause="drain")
    assert (budget["name"], budget["granted"]) == ("web", len(evicted))
    assert budget["granted"] == 2
    assert budget["refused"] >= 1
    assert budget["allowed"] == 1
    assert budget["exhausted_us"] > 0
    dips = tables["dips"].filter(kind="damage")
    assert set(dips["cause"]) == {"eviction"}
    assert dips["depth"].max() == 1, "the budget was kept"
    assert (dips["start_us"] == dips["detected_us"]).all()


def test_a_rollout_is_told_apart(tmp_path):
    workload = REPLICASET.replace("replicaSet", "deployment")
    more = """timeline:
  - {at: 5m, setImage: {object: deployment/web, images: {a: "y:2"}}}
"""
    tables = run(tmp_path, workload, more=more, profile="small")
    web = one(tables["availability"])
    assert (web["kind"], web["name"]) == ("Deployment", "web")
    assert web["unavailable_us"] == web["dips"] == 0
    assert web["rollout_us"] > 0
    assert set(tables["dips"]["kind"]) == {"startup", "rollout"}


def test_pods_of_nobody_leave_no_table(tmp_path):
    workload = f"""
  - name: tasks
    arrivals: {{poisson: {{rate: 10/min}}}}
    lifetime: {{exponential: {{mean: 60s}}}}
    template: {{spec: {{{SPEC}}}}}
"""
    tables = run(tmp_path, workload)
    assert not set(tables) & set(DAMAGE)


class Recount:
    """At every instant: how many pods of each owner are missing, counted from scratch."""

    def __init__(self, world):
        self.world, self.last_us = world, 0
        self.missed, self.asked, self.ever = {}, {}, set()

    def on_instant(self, now_us):
        spent, self.last_us = now_us - self.last_us, now_us
        for name, (desired, available) in self.counts().items():
            self.missed[name] = self.missed.get(name, 0) + spent * max(0, desired - available)
            if available >= desired and spent:
                self.ever.add(name)

    def counts(self):
        store, pods = self.world.store, self.world.cluster.pods
        owners: dict[int, str] = {}
        desired: dict[str, int] = {}
        for table, kind in ((DEPLOYMENTS, "Deployment"), (STATEFULSETS, "StatefulSet")):
            for key, stored in store.objects(table).items():
                desired[f"{kind} {key}"] = stored.value.replicas
                if kind == "StatefulSet":
                    owners[stored.value.pods.owner] = f"{kind} {key}"
        for key in list(store.objects(REPLICASETS).keys()):
            value = store.objects(REPLICASETS).get(key).value
            owners[value.pods.owner] = f"Deployment {value.deployment}"
        found = dict.fromkeys(desired, 0)
        for pod in range(len(pods)):
            name = owners.get(pods.owner[pod])
            serves = pods.ready[pod] and pods.deletion_us[pod] == NEVER
            if name and serves and self.world.machines.up(pods.node[pod]):
                found[name] += pods.started_us[pod] != NEVER
        return {name: (desired[name], found[name]) for name in desired}

    def on_batch(self, component, phase, count):
        pass

    def on_stop(self, reason):
        pass


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_integrals_are_those_of_a_recount_at_every_instant(tmp_path, seed):
    workload = REPLICASET.replace("replicaSet", "deployment") + MANIFESTS
    more = """faults:
  - nodeCrash: {mtbf: {exponential: {mean: 20m}}, mttr: {exponential: {mean: 4m}}}
timeline:
  - {at: 15m, setImage: {object: deployment/web, images: {a: "y:2"}}}
  - {at: 25m, scale: {object: deployment/web, replicas: 12}}
  - {at: 35m, scale: {object: deployment/web, replicas: 5}}
"""
    loaded = scenario(tmp_path, workload, more=more, profile="small", seed=seed)
    horizon = 3600 * SECOND
    world = build(loaded, seed=seed, horizon_us=horizon, options=Options())
    recount = Recount(world)
    world.clock.add_probe(recount)
    world.start()
    world.clock.run(horizon)
    recount.on_instant(world.clock.now_us)
    assert world.availability is not None
    world.availability.finish(world.clock.now_us)
    measured = {f"{w.kind} {w.key}": w for w in world.availability.workloads}
    assert (
        set(measured) == set(recount.missed) == {"Deployment default/web", "StatefulSet default/db"}
    )
    for name, workload in measured.items():
        assert sum(workload.missed_us.values()) == recount.missed[name]
        assert (workload.complete_us is not None) == (name in recount.ever)
    assert sum(w.damages for w in measured.values()) > 2
