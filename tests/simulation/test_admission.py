"""Admission in whole runs: what a scenario declares changes what is placed, and says so."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from simk8s.nodes.knowledge import machines
from simk8s.scenario.load import load
from simk8s.simulation.build import Options
from simk8s.simulation.run import run_scenario

HEAD = """
apiVersion: simk8s/v1
name: admission
seed: 3
duration: {duration}
nodes: [{{capacity: {{cpu: "4", memory: 16Gi}}, count: {nodes}, zones: [a]}}]
strategy: kube_scheduler
workload:
"""


class Run:
    """A finished run and its tables."""

    def __init__(self, folder, workload, manifests, *, nodes=2, duration="1h", name="run"):
        for file, text in manifests.items():
            (folder / file).write_text(text, encoding="utf-8")
        text = HEAD.format(nodes=nodes, duration=duration) + workload
        loaded = load(folder / "s.yaml", knowledge=machines(), text=text)
        assert list(loaded.problems) == [], [str(p) for p in loaded.problems]
        self.out = folder / name
        outcome = run_scenario(loaded, out=self.out, audit=True, options=Options())
        self.digest = outcome.manifest.digest
        self.warnings = outcome.manifest.warnings
        self.pods = self.table("pods")

    def table(self, name):
        return pl.read_parquet(self.out / f"{name}.parquet")

    def count(self, **values):
        found = self.pods
        for name, value in values.items():
            found = found.filter(pl.col(name) == value)
        return len(found)


QUOTA = """
apiVersion: v1
kind: ResourceQuota
metadata: {name: compute, namespace: team}
spec: {hard: {pods: "6", requests.cpu: "3"}}
"""
LONE = """
  - {manifests: [q.yaml]}
  - name: lone
    namespace: team
    arrivals: {poisson: {rate: 60/h}}
    lifetime: 20m
    template: {spec: {containers: [{name: a, resources: {requests: {cpu: 500m}}}]}}
"""


def test_refused_pods_are_on_record(tmp_path):
    run = Run(tmp_path, LONE, {"q.yaml": QUOTA})
    refused = run.pods.filter(pl.col("phase") == "refused")
    assert 5 <= len(refused) < len(run.pods)
    assert set(refused["reason"].str.slice(0, 35)) == {"Forbidden: exceeded quota: compute,"}
    assert refused["node"].null_count() == len(refused)
    assert refused["lost_cause"].null_count() == len(refused)
    decided = set(run.table("decisions")["pod"]) & set(refused["pod"])
    assert decided == set(), "the scheduler never hears of them"
    series = run.table("timeseries")
    assert series["created_total"][-1] == len(run.pods) - len(refused)
    alive = series["pending"] + series["running"] + series["terminating"]
    assert alive.max() == 6
    assert series["failed"][-1] == len(refused)


def test_a_run_with_admission_is_the_same_twice(tmp_path):
    one = Run(tmp_path, LONE, {"q.yaml": QUOTA}, name="a")
    two = Run(tmp_path, LONE, {"q.yaml": QUOTA}, name="b")
    assert one.digest == two.digest


CLASSES = """
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: high}
value: 1000
{more}
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: low}
value: -10
globalDefault: true
"""
RIVALS = """
  - {manifests: [classes.yaml]}
  - name: batch
    replicaSet:
      replicas: 8
      template: {spec: {containers: [{name: a, resources: {requests: {cpu: "1"}}}]}}
  - name: urgent
    at: 10m
    replicaSet:
      replicas: 3
      template:
        spec:
          priorityClassName: high
          containers: [{name: a, resources: {requests: {cpu: "1"}}}]
"""


@pytest.mark.parametrize("policy", ["", "preemptionPolicy: Never"])
def test_a_class_preempts_unless_it_says_never(tmp_path, policy):
    run = Run(tmp_path, RIVALS, {"classes.yaml": CLASSES.replace("{more}", policy)})
    assert set(run.pods.filter(workload="batch")["priority"]) == {-10}
    assert set(run.pods.filter(workload="urgent")["priority"]) == {1_000}
    preempted = run.count(lost_cause="preemption")
    running = run.count(workload="urgent", phase="running")
    assert (preempted, running) == ((0, 0) if policy else (3, 3))


LIMITS = """
apiVersion: v1
kind: LimitRange
metadata: {name: limits, namespace: team}
spec: {limits: [{type: Container, defaultRequest: {cpu: "2"}}]}
"""
DEFAULTED = """
  - {manifests: [limits.yaml]}
  - name: web
    namespace: team
    replicaSet: {replicas: 10, template: {spec: {containers: [{name: a}]}}}
"""


def test_defaults_of_a_limit_range_change_what_fits(tmp_path):
    run = Run(tmp_path, DEFAULTED, {"limits.yaml": LIMITS})
    assert set(run.pods["cpu_milli"]) == {2_000}
    fit = run.count(phase="running")
    assert fit < 10
    elsewhere = DEFAULTED.replace("namespace: team", "namespace: other")
    free = Run(tmp_path, elsewhere, {"limits.yaml": LIMITS}, name="free")
    assert free.count(phase="running") == 10


def test_a_namespace_is_missing_until_it_is_made(tmp_path):
    manifest = "{apiVersion: v1, kind: Namespace, metadata: {name: team}}"
    workload = """
  - {manifests: [ns.yaml], at: 30m}
  - name: lone
    namespace: team
    arrivals: {poisson: {rate: 60/h}}
    template: {spec: {containers: [{name: a}]}}
  - name: web
    namespace: team
    at: 1m
    job: {completions: 1, template: {spec: {containers: [{name: a}]}}}
    lifetime: 1m
"""
    run = Run(tmp_path, workload, {"ns.yaml": manifest})
    early = run.pods.filter(pl.col("created_us") < 30 * 60_000_000)
    late = run.pods.filter(pl.col("created_us") > 30 * 60_000_000 + 1_000_000)
    assert set(early["phase"]) == {"refused"}
    assert set(early["reason"]) == {'NotFound: namespaces "team" not found'}
    assert set(late["phase"]) == {"running"}
    assert run.count(workload="web") == 0, "the Job itself was refused"
    assert len(run.warnings) == 1
    assert run.warnings[0].startswith("Job team/web was refused at 1m")
    assert run.warnings[0].endswith('NotFound: namespaces "team" not found')


def test_two_objects_of_one_name_are_told(tmp_path):
    workload = "\n  - {manifests: [a.yaml]}\n  - {manifests: [a.yaml], at: 5m}\n"
    run = Run(tmp_path, workload, {"a.yaml": QUOTA})
    assert run.warnings[0].startswith("ResourceQuota team/compute was refused at 5m")
    assert "AlreadyExists" in run.warnings[0]


def test_a_quota_that_comes_later_refuses_until_it_is_counted(tmp_path):
    workload = LONE.replace("[q.yaml]}", "[q.yaml], at: 30m}")
    run = Run(tmp_path, workload, {"q.yaml": QUOTA})
    refused = run.pods.filter(pl.col("phase") == "refused")
    assert refused["created_us"].min() > 30 * 60_000_000
    before = run.pods.filter(pl.col("created_us") < 30 * 60_000_000)
    assert len(before) > 6


def test_drawn_requests_count_in_quotas(tmp_path):
    workload = LONE.replace(
        "lifetime: 20m", "lifetime: 20m\n    requests: {cpu: {uniform: {min: 100m, max: 1500m}}}"
    )
    run = Run(tmp_path, workload, {"q.yaml": QUOTA})
    over = run.pods.filter(pl.col("reason").fill_null("").str.contains("requests.cpu="))
    assert len(over) > 0
    assert len(set(run.pods["cpu_milli"])) > 10


SPREAD = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}}
"""


def test_services_reach_the_scheduler(tmp_path):
    from simk8s.simulation.build import build

    (tmp_path / "svc.yaml").write_text(SPREAD)
    text = HEAD.format(nodes=2, duration="1h") + "  - {manifests: [svc.yaml]}\n"
    loaded = load(Path(tmp_path / "s.yaml"), knowledge=machines(), text=text)
    world = build(loaded, seed=1, horizon_us=1, options=Options())
    assert world.cluster.objects.services == {"default": {"web": {"app": "web"}}}


BUDGET = """
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: guard}
spec: {minAvailable: 4, selector: {matchLabels: {app: guarded}}}
"""


def four(name, at):
    return f"""
  - name: {name}
    at: {at}
    replicaSet:
      replicas: 4
      template: {{spec: {{containers: [{{name: a, resources: {{requests: {{cpu: "1"}}}}}}]}}}}
"""


@pytest.mark.parametrize("with_budget", [False, True])
def test_preemption_spares_what_a_budget_guards(tmp_path, with_budget):
    """Of equally unimportant pods, those that came first are worth more; a budget turns that."""
    classes = CLASSES.replace("{more}", "") + (BUDGET if with_budget else "")
    urgent = RIVALS[RIVALS.index("  - name: urgent") :]
    workload = "\n  - {manifests: [classes.yaml]}\n" + four("first", "0s") + four("guarded", "2m")
    run = Run(tmp_path, workload + urgent, {"classes.yaml": classes}, nodes=2)
    lost = run.pods.filter(lost_cause="preemption")["workload"].to_list()
    assert lost == ["first" if with_budget else "guarded"] * 3
