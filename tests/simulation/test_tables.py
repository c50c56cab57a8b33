"""The pods table says how far each pod came, and whether the startup SLO counts it."""

from __future__ import annotations

import pytest

from simk8s.nodes.knowledge import machines
from simk8s.results.results import Results
from simk8s.scenario.load import load
from simk8s.simulation.run import run_scenario

TEXT = """\
apiVersion: simk8s/v1
name: t
duration: 1m
nodes: [{profile: m5.large, count: 1}]
workload:
  - name: web
    replicaSet:
      replicas: 3
      template: {spec: {volumes: [%s], containers: [{name: a, resources: {requests: {cpu: "1"}}}]}}
"""


def pods(tmp_path, volume):
    loaded = load(tmp_path / "t.yaml", text=TEXT % volume, knowledge=machines())
    run_scenario(loaded, out=tmp_path / "out")
    return Results.open(tmp_path / "out").pods.collect().rows(named=True)


@pytest.mark.parametrize(
    ("volume", "stateful"),
    [
        ("", False),
        ("{name: a, emptyDir: {}}, {name: b, secret: {secretName: s}}", False),
        ("{name: a, configMap: {name: c}}, {name: b, hostPath: {path: /x}}", True),
        ("{name: a, ephemeral: {volumeClaimTemplate: {}}}", True),
    ],
)
def test_stateful_is_what_mounts_anything_not_its_own(tmp_path, volume, stateful):
    assert {row["stateful"] for row in pods(tmp_path, volume)} == {stateful}


def test_what_never_happened_is_null_and_the_rest_is_in_order(tmp_path):
    rows = pods(tmp_path, "")
    order = ("created_us", "scheduled_us", "bound_us", "started_us", "running_us")
    waited = [row for row in rows if row["scheduled_us"] is None]
    assert len(waited) == 2  # one core of the two is the kubelet's
    assert all(row[name] is None for row in waited for name in order[1:])
    for row in rows:
        times = [row[name] for name in order if row[name] is not None]
        assert times == sorted(times)
