"""Whole runs with images, probes, static pods and containers that misbehave."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from simk8s.scenario.load import load
from simk8s.simulation.control_plane import kubelet_settings
from simk8s.simulation.run import run_scenario
from tests.simulation.scenarios import loaded

SECOND = 1_000_000
TEXT = """
apiVersion: simk8s/v1
name: nodes
seed: 3
duration: 40m
nodes:
  - profile: m5.xlarge
    count: 8
    zones: [a, b]
    staticPods:
      - metadata: {name: kube-proxy}
        spec: {containers: [{name: p, resources: {requests: {cpu: 100m}}}]}
  - {profile: m5.xlarge, count: 4, runtime: docker}
images:
  web:2: {layers: [{digest: base, size: 60Mi}, {digest: web, size: 5Mi}]}
  job:7: {layers: [{digest: base, size: 60Mi}, {digest: job, size: 90Mi}]}
  typo:1: {exists: false}
workload:
  - name: web
    replicaSet:
      replicas: 30
      template:
        metadata: {annotations: {simk8s.io/startup: 8s, simk8s.io/crash-after: 9m}}
        spec:
          containers:
            - name: web
              image: web:2
              readinessProbe: {periodSeconds: 2}
              livenessProbe: {initialDelaySeconds: 30}
              resources: {requests: {cpu: 200m}}
  - name: job
    lifetime: {exponential: {mean: 3m}}
    job:
      completions: 80
      parallelism: 12
      template:
        spec:
          initContainers: [{name: fetch, image: "job:7"}]
          containers: [{name: a, image: "job:7", resources: {requests: {cpu: 300m}}}]
  - name: typo
    replicaSet: {replicas: 1, template: {spec: {containers: [{name: a, image: "typo:1"}]}}}
faults:
  - nodeCrash: {mtbf: {exponential: {mean: 2h}}, mttr: {exponential: {mean: 3m}}}
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> list[Path]:
    folders = []
    for _ in range(2):
        folder = tmp_path_factory.mktemp("run")
        run_scenario(loaded(TEXT), out=folder, audit=True)
        folders.append(folder)
    return folders


def pods(folder: Path) -> pl.DataFrame:
    return pl.read_parquet(folder / "pods.parquet")


def test_the_same_scenario_gives_the_same_tables(runs) -> None:
    first, second = (pods(folder) for folder in runs)
    assert first.equals(second)


def test_stages_of_a_start_are_in_order(runs) -> None:
    # What a reboot began anew has older first instants (running, ready) than last ones.
    table = pods(runs[0]).filter(pl.col("restarts") == 0, pl.col("ready_us").is_not_null())
    assert table.height > 60
    steps = ["created_us", "scheduled_us", "bound_us", "seen_us", "pulled_us", "started_us",
             "running_us", "ready_us"]  # fmt: skip
    of_a_scheduler = table.filter(pl.col("workload") != "static")
    for before, after in pairwise(steps):
        assert of_a_scheduler.filter(pl.col(before) > pl.col(after)).is_empty(), (before, after)


def test_probes_crashes_and_images_leave_their_marks(runs) -> None:
    table = pods(runs[0])
    web = table.filter(pl.col("workload") == "web", pl.col("running_us").is_not_null())
    assert web["restarts"].sum() > 30
    first = web.select((pl.col("ready_us") - pl.col("running_us")).min()).item()
    assert first >= 7 * SECOND
    typo = table.filter(pl.col("workload") == "typo")
    assert typo["running_us"].null_count() == 1
    assert typo["reason"].to_list() == ["ImagePullBackOff"]
    static = table.filter(pl.col("workload") == "static")
    assert static.height == 8
    assert static["name"][0].startswith("kube-proxy-m5-xlarge-")


def test_jobs_run_through(runs) -> None:
    job = pods(runs[0]).filter(pl.col("workload") == "job", pl.col("phase") == "succeeded")
    assert job.height > 40


def test_settings_reach_the_kubelets() -> None:
    found = load("s.yaml", text=TEXT + "controlPlane: {runtime: {name: cri-o, start: 1s}}\n")
    settings = kubelet_settings(found.scenario.plane, found.scenario.images)
    assert settings.runtime.start == (SECOND, SECOND)
    assert settings.runtime.sandbox[0] == 215_000
    web = settings.registry.image("web:2")
    assert web.layers == (("base", 60 << 20), ("web", 5 << 20))
    assert not settings.registry.image("typo:1").exists
    assert settings.registry.image("other:1").size == 150 << 20


def test_no_kubelet_takes_more_than_max_pods(tmp_path: Path) -> None:
    small = TEXT.replace("duration: 40m", "duration: 2m")
    text = small + "controlPlane: {kubelet: {maxPods: 2}}\n"
    run_scenario(loaded(text), out=tmp_path, audit=True)
    nodes = pl.read_parquet(tmp_path / "nodes.parquet")
    assert nodes["max_pods"].to_list() == [2] * 12
    assert nodes["pods_peak"].max() == 2
