"""N+1 by hand: nine nodes of seven places each, fifty pods."""

from __future__ import annotations

import pytest

from simk8s.errors import UserError
from simk8s.nodes.knowledge import machines
from simk8s.scenario.load import load
from simk8s.simulation.run import run_scenario
from simk8s.simulation.survive import survive

TEXT = """
apiVersion: simk8s/v1
name: n-plus-one
duration: 10m
controlPlane: {{profile: instant}}
nodes: [{{capacity: {{cpu: "7", memory: 32Gi}}, count: 9, zones: [a, b, c], reserved: {{}},
         labels: {{example.com/row: x}}}}]
workload:
  - name: web
    deployment:
      replicas: 30
      template: {{metadata: {{labels: {{app: web}}}}, spec: {{priority: 10, {pod}}}}}
  - {{name: low, replicaSet: {{replicas: {low}, template: {{spec: {{{pod}}}}}}}}}
  - {{name: bare, at: 1m, manifests: [bare.yaml]}}
"""
POD = 'containers: [{name: c, resources: {requests: {cpu: "1"}}}]'
BARE = """
apiVersion: v1
kind: Pod
metadata: {name: alone}
spec: {containers: [{name: c, image: x}], tolerations: [{operator: Exists}]}
"""


def loaded(folder, low=20):
    (folder / "bare.yaml").write_text(BARE)
    path = folder / "s.yaml"
    path.write_text(TEXT.format(pod=POD, low=low))
    return load(path, knowledge=machines())


def test_a_zone_is_too_much(tmp_path):
    found = survive(loaded(tmp_path), "zone", moments=1)
    assert [outcome.loss for outcome in found] == ["zone a", "zone b", "zone c"]
    for outcome in found:
        # 42 places are left for 50 pods; web comes first, and makes room where it must.
        (line,) = outcome.homeless
        assert line.owner == "ReplicaSet/low"
        assert outcome.unplaced == line.pods == 8
        assert outcome.placed == outcome.displaced + outcome.preempted - 8
        assert "Insufficient cpu" in line.why
        assert "untolerated taint" in line.why
        assert outcome.cpu_left == 0
    assert sum(outcome.bare for outcome in found) == 1


def test_one_node_is_survived_and_two_are_not(tmp_path):
    scenario = loaded(tmp_path)
    one = survive(scenario, "node:1", moments=2)
    assert len(one) == 18
    assert all(outcome.survives for outcome in one)
    two = survive(scenario, "node:2", moments=1)
    assert two[0].loss == "the 2 fullest nodes"
    assert {outcome.unplaced for outcome in two} == {1}  # 49 places
    row = survive(scenario, "node:8", moments=1)
    assert {outcome.unplaced for outcome in row} == {43}


def test_what_can_be_lost_is_told(tmp_path):
    with pytest.raises(UserError, match="no node has the label"):
        survive(loaded(tmp_path), "rack", moments=1)
    with pytest.raises(UserError, match="are all nodes"):
        survive(loaded(tmp_path), "node:9", moments=1)


def test_looking_changes_nothing(tmp_path):
    scenario = loaded(tmp_path, low=3)
    assert [o.displaced for o in survive(scenario, "zone", moments=3)][:3] == [
        o.displaced for o in survive(scenario, "zone", moments=1)
    ]
    run_scenario(scenario, out=tmp_path / "a", audit=True)
