"""Kinds without pods: what is right becomes an object, what is wrong is told at its place."""

from __future__ import annotations

import pytest

from simk8s.scenario.kinds import KINDS
from simk8s.scenario.manifests import read_manifests
from simk8s.scenario.notes import Notes

GOOD = """\
apiVersion: v1
kind: Namespace
metadata: {name: team, labels: {tier: front}}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: compute, namespace: team}
spec:
  hard: {pods: "10", requests.cpu: "4", limits.memory: 8Gi, requests.nvidia.com/gpu: 2}
  scopeSelector:
    matchExpressions:
      - {scopeName: PriorityClass, operator: In, values: [high]}
---
apiVersion: v1
kind: LimitRange
metadata: {name: limits, namespace: team}
spec:
  limits:
    - type: Container
      default: {cpu: 500m}
      maxLimitRequestRatio: {cpu: 4}
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: high}
value: 1000
globalDefault: false
description: for what matters
---
apiVersion: node.k8s.io/v1
kind: RuntimeClass
metadata: {name: kata}
handler: kata
overhead: {podFixed: {cpu: 250m}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: bot, namespace: team}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web, namespace: team}
spec: {minAvailable: 50%, selector: {matchLabels: {app: web}}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: team}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: team}, data: {a: b}}
---
{apiVersion: v1, kind: Secret, metadata: {name: key, namespace: team}, stringData: {a: b}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: team}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
{apiVersion: v1, kind: PersistentVolume, metadata: {name: disk}, spec: {capacity: {storage: 1Gi}}}
---
{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: fast}, provisioner: x/y}
"""


@pytest.fixture
def scenario(bench):
    start = bench.base[: bench.base.index("workload:")]
    return start + "workload:\n  - {manifests: [app/]}\n"


def test_every_kind_is_read(bench, scenario):
    bench.write("app/a.yaml", GOOD)
    loaded = bench.load(scenario)
    assert list(loaded.problems) == []
    found = [(o.kind, o.name, o.namespace) for o in loaded.manifests[0]]
    assert found == [
        ("Namespace", "team", None),
        ("ResourceQuota", "compute", "team"),
        ("LimitRange", "limits", "team"),
        ("PriorityClass", "high", None),
        ("RuntimeClass", "kata", None),
        ("ServiceAccount", "bot", "team"),
        ("PodDisruptionBudget", "web", "team"),
        ("Service", "web", "team"),
        ("ConfigMap", "settings", "team"),
        ("Secret", "key", "team"),
        ("PersistentVolumeClaim", "data", "team"),
        ("PersistentVolume", "disk", None),
        ("StorageClass", "fast", None),
    ]
    assert {kind for kind, _, _ in found} == {k for k, one in KINDS.items() if one.model} - {"Node"}


@pytest.mark.parametrize(
    ("old", "new", "code", "line", "column", "words"),
    [
        ('requests.cpu: "4"', "requests.cpu: 4x", "E104", 9, 36, "'4x' is not a quantity"),
        ('pods: "10"', "pods: 1.5", "E104", 9, 16, "pods: expected a whole number"),
        ("memory: 8Gi", "memory: 8GB", "E104", 9, 56, "did you mean 'G'"),
        ("default: {cpu: 500m}", "default: {cpu: 500q}", "E104", 20, 22, "unknown suffix"),
        ("Ratio: {cpu: 4}", "Ratio: {cpu: four}", "E104", 21, 35, "not a quantity"),
        ("type: Container", "type: Containr", "E106", 19, 13, "Containr"),
        ("operator: In", "operator: On", "E106", 12, 46, "'On'"),
        ("value: 1000", "value: 2000000000", "E105", 26, 8, "must be at most 1000000000"),
        ("value: 1000\n", "", "E102", 23, 1, "`value` is missing"),
        ("podFixed: {cpu: 250m}", "podFixed: {cpu: []}", "E104", 34, 28, "expected a quantity"),
        ("minAvailable: 50%", "minAvailable: half", "E105", 43, 22, "a number of pods or 50%"),
        ("selector: {app: web}, ports", "selector: web, ports", "E103", 48, 18, "a mapping"),
        ("metadata: {name: high}", "metadata: {}", "E102", 23, 1, "no metadata.name"),
        ("name: high}", "name: system-node-critical}", "E105", 25, 18, "reserved"),
        (
            "{minAvailable: 50%,",
            "{minAvailable: 50%, maxUnavailable: 1,",
            "E107",
            43,
            1,
            "exclude each other",
        ),
    ],
)
def test_what_is_wrong_is_told_at_its_place(bench, scenario, old, new, code, line, column, words):
    assert old in GOOD
    path = bench.write("app/a.yaml", GOOD.replace(old, new, 1))
    found = bench.problems(scenario)
    assert [p.code for p in found] == [code], [str(p) for p in found]
    place = found[0].place
    assert (place.file, place.line, place.column) == (str(path), line, column), str(found[0])
    assert words in f"{found[0].message} {found[0].hint}"


def test_a_list_of_them(bench):
    path = bench.write(
        "list.yaml",
        """\
        kind: List
        items:
          - {kind: PriorityClass, metadata: {name: a}, value: 1}
          - {kind: PriorityClass, metadata: {name: b}, value: x}
        """,
    )
    objects, problems = read_manifests(path.parent, ["list.yaml"], None, Notes())
    assert [o.name for o in objects] == ["a"]
    assert [(p.code, p.place.line) for p in problems] == [("E103", 4)]
