"""Manifests: kinds that are simulated become objects, any other is a warning at its line."""

from __future__ import annotations

import pytest

APP = """\
apiVersion: example.org/v1
kind: Rollout
metadata: {name: front}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: front, namespace: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: front}}
  template:
    metadata: {labels: {app: front}}
    spec: {containers: [{name: c, image: x, resources: {requests: {cpu: 1}}}]}
---
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: Pod
    metadata: {name: lone}
    spec: {containers: [{name: c}]}
  - apiVersion: batch/v1
    kind: Job
    metadata: {name: once}
    spec: {completions: 2, template: {spec: {restartPolicy: Never, containers: [{name: c}]}}}
"""


@pytest.fixture
def scenario(bench):
    start = bench.base[: bench.base.index("workload:")]
    return start + "workload:\n  - {manifests: [app/], lifetime: 5m}\n"


def test_objects_are_read_in_order(bench, scenario):
    bench.write("app/b.yaml", APP)
    bench.write("app/a.yml", APP.replace("lone", "first").split("---\n")[2])
    loaded = bench.load(scenario)
    objects = loaded.manifests[0]
    assert [(o.kind, o.name, o.namespace) for o in objects] == [
        ("Pod", "first", None),
        ("Job", "once", None),
        ("ReplicaSet", "front", "shop"),
        ("Pod", "lone", None),
        ("Job", "once", None),
    ]
    assert objects[2].spec["replicas"] == 3
    assert objects[2].template["metadata"]["labels"] == {"app": "front"}
    assert objects[0].template["spec"] == {"containers": [{"name": "c"}]}
    assert (objects[2].place.file.endswith("b.yaml"), objects[2].place.line) == (True, 5)


def test_other_kinds_are_named_with_file_and_line(bench, scenario):
    path = bench.write("app/b.yaml", APP)
    code, line, _, message, hint = bench.one(scenario)
    assert (code, line) == ("W104", 2)
    assert "Rollout 'front'" in message
    assert "ReplicaSet" in hint
    assert bench.problems(scenario)[0].place.file == str(path)


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("cpu: 1", "cpu: 1x", "E104", 13),
        ("cpu: 1}", "cpu: 100}", "W101", 5),
        ("replicas: 3", "replicas: -3", "E105", 9),
        ("completions: 2", "completions: two", "E105", 25),
        ("{name: once}", "{}", "E102", 22),
        ("    kind: Job", "    kid: Job", "E102", 22),
        ("  template:\n", "  tmplate:\n", "E102", 5),
        ("restartPolicy: Never", "restartPolicy: Nvr", "E106", 25),
        ("replicas: 3", "replicas: *x", "E002", 9),
    ],
)
def test_bad_manifests_are_named_in_their_own_file(bench, scenario, old, new, code, line):
    assert old in APP
    path = bench.write("app/b.yaml", APP.replace(old, new))
    found = next(p for p in bench.problems(scenario) if p.code == code)
    assert (found.place.file, found.place.line) == (str(path), line)


def test_missing_and_empty_folders(bench, scenario):
    code, line, _, message, _ = bench.one(scenario)
    assert (code, line) == ("E303", 7)
    assert "'app/' does not exist" in message
    bench.write("app/readme.txt", "x")
    assert "has no YAML or JSON files" in bench.one(scenario)[3]
    bench.write("apps/x.yaml", APP)
    assert bench.one(scenario.replace("app/", "aps"))[4] == "did you mean 'apps'?"


def test_a_single_file_may_be_named(bench, scenario):
    bench.write("one.yaml", APP)
    assert len(bench.load(scenario.replace("app/", "one.yaml")).manifests[0]) == 3


SITE = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: site}
spec:
  replicas: 4
  minReadySeconds: 5
  strategy:
    rollingUpdate: {maxSurge: 50%, maxUnavailable: 0}
  selector: {matchLabels: {app: site}}
  template:
    metadata: {labels: {app: site}}
    spec: {containers: [{name: c}]}
"""


def test_a_deployment_is_an_object(bench, scenario):
    bench.write("app/b.yaml", SITE)
    (made,) = bench.load(scenario).manifests[0]
    assert (made.kind, made.name, made.spec["replicas"]) == ("Deployment", "site", 4)
    assert made.spec["strategy"]["rollingUpdate"] == {"maxSurge": "50%", "maxUnavailable": 0}


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("maxSurge: 50%", "maxSurge: half", "E105", 8),
        ("maxUnavailable: 0", "maxUnavailable: -1", "E105", 8),
        ("maxSurge", "maxSurges", "E101", 8),
        ("rollingUpdate:", "type: Recreate\n    rollingUpdate:", "E105", 8),
        ("minReadySeconds: 5", "minReadySeconds: 5s", "E105", 6),
        ("replicas: 4", "replicas: many", "E105", 5),
    ],
)
def test_what_is_wrong_with_a_deployment(bench, scenario, old, new, code, line):
    bench.write("app/b.yaml", SITE.replace(old, new, 1))
    found = bench.one(scenario)
    assert (found[0], found[1]) == (code, line)
