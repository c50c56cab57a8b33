"""What faults name must be there; what they do must be able to happen."""

from __future__ import annotations

import pytest
import yaml

from simk8s.errors import UserError
from simk8s.scenario.load import load

BASE = """\
apiVersion: simk8s/v1
name: faulty
duration: 1h
nodes: [{name: n, capacity: {cpu: "4", memory: 16Gi}, count: 2}]
workload:
  - name: web
    deployment:
      replicas: 2
      template: {spec: {containers: [{name: a, image: "web:1"}]}}
  - {name: own, namespace: shop, manifests: [own.yaml]}
"""
OWN = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "cart"},
    "spec": {
        "selector": {"matchLabels": {"app": "cart"}},
        "template": {
            "metadata": {"labels": {"app": "cart"}},
            "spec": {"containers": [{"name": "a", "image": "cart:1"}]},
        },
    },
}


def loaded(tmp_path, text):
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(OWN), encoding="utf-8")
    return load(tmp_path / "s.yaml", text=BASE + text)


@pytest.mark.parametrize("name", ["web", "default/web", "shop/cart"])
def test_a_deployment_that_is_there(tmp_path, name):
    fault = f"faults: [{{badRollout: {{deployment: {name}, at: 1m, for: 1m}}}}]\n"
    assert loaded(tmp_path, fault).problems == ()


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("wbe", "did you mean 'web'?"),
        ("default/cart", "did you mean 'shop/cart'?"),
        ("shop/crat", "did you mean 'shop/cart'?"),
        ("zzzzzz", "Deployments of this scenario: web, shop/cart"),
    ],
)
def test_one_that_nobody_makes_is_told_with_its_place(tmp_path, name, hint):
    fault = f"faults:\n  - badRollout:\n      deployment: {name}\n      at: 1m\n      for: 1m\n"
    with pytest.raises(UserError) as caught:
        loaded(tmp_path, fault)
    (problem,) = caught.value.problems
    assert problem.code == "E352"
    assert (problem.place.line, problem.place.column) == (13, 19)
    assert problem.hint == hint


def test_one_that_the_timeline_applies_is_there(tmp_path):
    own = {**OWN, "metadata": {"name": "later"}}
    (tmp_path / "later.yaml").write_text(yaml.safe_dump(own), encoding="utf-8")
    text = "timeline: [{at: 5m, apply: [later.yaml]}]\n"
    text += "faults: [{badRollout: {deployment: later, at: 9m, for: 1m}}]\n"
    assert loaded(tmp_path, text).problems == ()


HOG = "faults: [{memoryHog: {at: 1m, for: 1m, memory: 8Gi}}]\n"


def test_a_memory_hog_without_usage_warns(tmp_path):
    (problem,) = loaded(tmp_path, HOG).problems
    assert (problem.code, problem.severity, problem.place.line) == ("W141", "warning", 11)


def test_and_with_usage_it_does_not(tmp_path):
    text = HOG + "behaviour: [{usage: {memory: 1Gi}}]\n"
    assert loaded(tmp_path, text).problems == ()
